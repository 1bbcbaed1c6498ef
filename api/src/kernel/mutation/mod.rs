//! How a mutation runs: guard, transaction, operation, receipt; or a replay, or a dry run.
//!
//! A resolver is one call of [`mutate`] with the operation of its domain. What the caller can mend comes back in the
//! payload, everything else as a top-level error. With an idempotency key the first receipt is kept in the same
//! transaction and answers every repetition ([`key`]).

mod key;
mod receipt;

use std::sync::Arc;

use async_graphql::Context;
use uuid::Uuid;

use self::key::Key;
use super::{
    error::{Error, Invalid, Result, Violation},
    object::{self, Stored},
    request::RequestExt,
    tx::{Author, Tx},
};

pub use self::receipt::Receipt;

/// What a mutation came to: the base of every payload.
pub struct Outcome<S: Stored> {
    object: Option<Target<S>>,
    /// What the caller can mend; empty where it was done.
    pub user_errors: Vec<Violation>,
    /// Proof that it happened.
    pub receipt: Option<Receipt>,
}

enum Target<S: Stored> {
    Row(Arc<S::Row>),
    Id(Uuid),
}

impl<S: Stored> Outcome<S> {
    /// The changed object, as the caller may see it.
    ///
    /// # Errors
    /// FORBIDDEN where they may change but not read it.
    pub async fn object(&self, ctx: &Context<'_>) -> Result<Option<S>> {
        match &self.object {
            Some(Target::Row(row)) => {
                super::guard::check_read(ctx, S::READ).await?;
                Ok(Some(S::of(row.clone())))
            }
            Some(Target::Id(id)) => object::by_id(ctx, *id).await,
            None => Ok(None),
        }
    }
}

/// Runs `operation` in the name of the caller and commits it, or says why not.
///
/// # Errors
/// What the caller can't mend by another input.
pub async fn mutate<S: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<S::Row>,
) -> Result<Outcome<S>> {
    let request = ctx.request();
    let author = request.author()?;
    let result = match request.dry_run_tx() {
        Some(outer) => {
            let mut tx = Tx::nested(request.kernel(), outer, author).await?;
            match Box::pin(operation(&mut tx)).await {
                Ok(row) => {
                    tx.release().await?;
                    Ok((row, Some(Receipt::of_dry_run())))
                }
                Err(error) => undo(tx, error).await,
            }
        }
        None => Box::pin(live::<S>(ctx, author, operation)).await,
    };
    // What this request has loaded so far may be older than what it just did.
    request.renew_loaders();
    match result {
        Ok((row, receipt)) => {
            Ok(Outcome { object: Some(Target::Row(Arc::new(row))), user_errors: vec![], receipt })
        }
        Err(Stopped::Replay(id, receipt)) => {
            Ok(Outcome { object: id.map(Target::Id), user_errors: vec![], receipt: Some(receipt) })
        }
        Err(Stopped::Error(Error::Invalid(Invalid { violations, current }))) => {
            Ok(Outcome { object: current.map(Target::Id), user_errors: violations, receipt: None })
        }
        Err(Stopped::Error(error)) => Err(error),
    }
}

/// Why an operation wasn't carried out now.
enum Stopped {
    /// It was, before.
    Replay(Option<Uuid>, Receipt),
    Error(Error),
}

impl<E: Into<Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

async fn undo<T>(tx: Tx, error: Error) -> Result<T, Stopped> {
    tx.rollback().await?;
    Err(error.into())
}

async fn live<S: Stored>(
    ctx: &Context<'_>,
    author: Author,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<S::Row>,
) -> Result<(S::Row, Option<Receipt>), Stopped> {
    let request = ctx.request();
    let key = Key::of(ctx, &author)?;
    let mut tx = Tx::begin(request.kernel(), author).await?;
    if let Some(key) = &key {
        match key.claim(&tx).await {
            Ok(None) => {}
            Ok(Some((id, receipt))) => {
                tx.rollback().await?;
                return Err(Stopped::Replay(id, receipt));
            }
            Err(error) => return undo(tx, error).await,
        }
    }
    let row = match operation(&mut tx).await {
        Ok(row) => row,
        Err(error) => return undo(tx, error).await,
    };
    if tx.is_empty() {
        // Nothing was to be changed, so there is nothing to prove.
        tx.rollback().await?;
        return Ok((row, None));
    }
    let now = tx.now();
    let id = S::id_of(&row);
    let committed = tx
        .commit_with(async |(db, committed)| match &key {
            Some(key) => key.keep(db, request.kernel().new_id(now), id, committed, now).await,
            None => Ok(()),
        })
        .await?;
    Ok((row, Some(Receipt::of(&committed))))
}

/// Declares the payload of a mutation: the changed object under its name, `userErrors` and `receipt`.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $field:ident: $object:ty }) => {
        $(#[$doc])*
        pub struct $name($crate::kernel::mutation::Outcome<$object>);

        impl From<$crate::kernel::mutation::Outcome<$object>> for $name {
            fn from(outcome: $crate::kernel::mutation::Outcome<$object>) -> Self {
                Self(outcome)
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// The object as it is now; null where it wasn't found or can't be shown.
            async fn $field(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<Option<$object>> {
                Ok(self.0.object(ctx).await?)
            }

            /// What to mend. Empty where it was done.
            async fn user_errors(&self) -> &[$crate::kernel::error::Violation] {
                &self.0.user_errors
            }

            /// Proof that it happened. Absent where nothing was changed.
            async fn receipt(&self) -> Option<&$crate::kernel::mutation::Receipt> {
                self.0.receipt.as_ref()
            }
        }
    };
}
pub(crate) use payload;
