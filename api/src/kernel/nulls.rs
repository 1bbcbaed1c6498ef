//! Nulls as the specification has them.
//!
//! async-graphql 8.0.0-rc.5 answers a failed nullable field by wiping its parent. This extension keeps the error,
//! answers `null` in the field's place, and adds the kept errors to the response.

use std::sync::{Arc, PoisonError};

use async_graphql::{
    Response, ServerResult, Value,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo},
};

use super::request::Request;

/// The extension; one for all requests, since its state is in the request.
#[derive(Debug)]
pub struct SpecNulls;

impl ExtensionFactory for SpecNulls {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for SpecNulls {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        if let Some(request) = ctx.data_opt::<Arc<Request>>() {
            let mut kept = request.kept_errors.lock().unwrap_or_else(PoisonError::into_inner);
            response.errors.append(&mut kept);
        }
        response
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let is_nullable = !info.return_type.ends_with('!');
        match next.run(ctx, info).await {
            Err(error) if is_nullable => {
                if let Some(request) = ctx.data_opt::<Arc<Request>>() {
                    request.kept_errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                    return Ok(Some(Value::Null));
                }
                Err(error)
            }
            answer => answer,
        }
    }
}
