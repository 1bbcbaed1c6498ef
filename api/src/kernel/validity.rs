//! A document is validated once.
//!
//! Clients send the same few documents over and over, and whether one is valid doesn't depend on who sends it. Where a
//! request carries the [`Validity`] of its document, the rules run until they have found it valid. The values of
//! variables, which these rules look at, too, are checked against their types before, for each request
//! (`http/pipeline/variables.rs`).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_graphql::{
    CacheControl, ServerError, ValidationResult,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation},
};

/// Whether a document was found valid; the same for all requests that have it.
#[derive(Clone, Debug, Default)]
pub struct Validity(Arc<AtomicBool>);

/// The extension.
#[derive(Debug)]
pub struct ValidatedOnce;

impl ExtensionFactory for ValidatedOnce {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for ValidatedOnce {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let validity = ctx.data_opt::<Validity>();
        if validity.is_some_and(|validity| validity.0.load(Ordering::Relaxed)) {
            return Ok(ValidationResult { cache_control: CacheControl::default(), complexity: 0, depth: 0 });
        }
        let result = next.run(ctx).await?;
        if let Some(Validity(is_valid)) = validity {
            is_valid.store(true, Ordering::Relaxed);
        }
        Ok(result)
    }
}
