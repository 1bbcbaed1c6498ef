//! How a mutation runs: guard, transaction, operation, receipt; or a replay, or a dry run.
//!
//! A resolver is one call of [`mutate`] with the operation of its domain, or of [`mutate_many`] where it is about many.
//! What the caller can mend comes back in the payload, everything else as a top-level error. With an idempotency key the
//! first receipt is kept in the same transaction and answers every repetition ([`key`]).

mod key;
mod payload;
mod receipt;

use std::sync::Arc;

use async_graphql::Context;
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use self::key::{Answer, Key};
use super::{
    error::{Error, Invalid, Result, Violation},
    guard,
    object::{self, Stored},
    request::RequestExt,
    secret::sealed::SealedTable,
    tx::{Author, Tx},
};

pub(crate) use self::payload::payload;
pub use self::receipt::Receipt;

/// The one-time secrets of answers, for as long as they can be asked for again.
pub static SEALED: SealedTable =
    SealedTable { name: "idempotency_keys", row: "id", beside: None, columns: &["sealed_secret"] };

/// What a mutation came to: the base of every payload.
pub struct Outcome<S: Stored> {
    object: Option<Target<Arc<S::Row>>>,
    /// What the caller can mend; empty where it was done.
    pub user_errors: Vec<Violation>,
    /// Proof that it happened.
    pub receipt: Option<Receipt>,
}

/// What an operation came to, whatever it is about.
struct Ran<R> {
    object: Option<Target<R>>,
    /// What it came to item by item, where it ran before.
    results: Option<Value>,
    /// The secret that it made, where it ran before.
    secret: Option<SecretString>,
    user_errors: Vec<Violation>,
    receipt: Option<Receipt>,
}

/// An object that a mutation was about.
enum Target<R> {
    /// As it is now.
    Row(R),
    /// To be looked up.
    Id(Uuid),
}

/// What an operation did: what was asked of it, or, where others must approve that first, having them asked.
#[derive(Debug)]
pub enum Completion<D, W> {
    /// It is done.
    Done(D),
    /// It waits for this.
    Waits(W),
}

impl<S: Stored> From<Ran<S::Row>> for Outcome<S> {
    fn from(Ran { object, user_errors, receipt, .. }: Ran<S::Row>) -> Self {
        let object = object.map(|target| match target {
            Target::Row(row) => Target::Row(Arc::new(row)),
            Target::Id(id) => Target::Id(id),
        });
        Self { object, user_errors, receipt }
    }
}

impl<S: Stored> Outcome<S> {
    /// Nothing was done, since the caller has to mend this first.
    pub fn refused(user_errors: Vec<Violation>) -> Self {
        Self { object: None, user_errors, receipt: None }
    }

    /// The changed object, as the caller may see it.
    ///
    /// # Errors
    /// FORBIDDEN where they may change but not read it.
    pub async fn object(&self, ctx: &Context<'_>) -> Result<Option<S>> {
        match &self.object {
            Some(Target::Row(row)) => {
                guard::check_read(ctx, S::READ).await?;
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
    let author = ctx.request().author()?;
    let key = Key::of(ctx, &author);
    Ok(run(ctx, author, key, |row| Ok(S::id_of(row).into()), operation).await?.into())
}

/// Runs and commits in the name of `author` what takes or gives secrets: who it is may be proved in this request alone.
/// An idempotency key isn't looked at, since what is kept under one begins with a hash of the input.
///
/// # Errors
/// As [`mutate`].
pub async fn mutate_in_secret<S: Stored>(
    ctx: &Context<'_>,
    author: Author,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<S::Row>,
) -> Result<Outcome<S>> {
    Ok(run(ctx, author, Ok(None), |row| Ok(S::id_of(row).into()), operation).await?.into())
}

/// As [`mutate`], where the operation makes a secret beside, which is shown once: to whoever asks, and again where they
/// repeat that under the same idempotency key. A rehearsal shows none.
///
/// # Errors
/// As [`mutate`].
pub async fn mutate_secretly<S: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<(S::Row, SecretString)>,
) -> Result<(Outcome<S>, Option<SecretString>)> {
    let kept = |(row, secret): &(S::Row, SecretString)| {
        Ok(Answer { secret: Some(secret.clone()), ..S::id_of(row).into() })
    };
    let author = ctx.request().author()?;
    let key = Key::of(ctx, &author);
    let Ran { object, user_errors, receipt, secret, .. } = run(ctx, author, key, kept, operation).await?;
    let is_dry_run = ctx.request().dry_run_tx().is_some();
    let (object, secret) = match object {
        Some(Target::Row((row, made))) => {
            (Some(Target::Row(Arc::new(row))), Some(made).filter(|_| !is_dry_run))
        }
        Some(Target::Id(id)) => (Some(Target::Id(id)), secret),
        None => (None, None),
    };
    Ok((Outcome { object, user_errors, receipt }, secret))
}

/// As [`mutate`], where the operation may have to wait for a `W`. The second outcome has nothing but that; of the two at
/// most one has an object. What is told by its id alone (a replay) is looked up among both: ids are unique.
///
/// # Errors
/// As [`mutate`].
pub async fn mutate_or_wait<S: Stored, W: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<Completion<S::Row, W::Row>>,
) -> Result<(Outcome<S>, Outcome<W>)> {
    let author = ctx.request().author()?;
    let key = Key::of(ctx, &author);
    run_or_wait(ctx, author, key, operation).await
}

/// As [`mutate_in_secret`] and [`mutate_or_wait`].
///
/// # Errors
/// As [`mutate`].
pub async fn mutate_in_secret_or_wait<S: Stored, W: Stored>(
    ctx: &Context<'_>,
    author: Author,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<Completion<S::Row, W::Row>>,
) -> Result<(Outcome<S>, Outcome<W>)> {
    run_or_wait(ctx, author, Ok(None), operation).await
}

async fn run_or_wait<S: Stored, W: Stored>(
    ctx: &Context<'_>,
    author: Author,
    key: Result<Option<Key>>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<Completion<S::Row, W::Row>>,
) -> Result<(Outcome<S>, Outcome<W>)> {
    let Ran { object, user_errors, receipt, .. } =
        run(ctx, author, key, |row| Ok(id_of_either::<S, W>(row).into()), operation).await?;
    let (done, awaited) = match object {
        Some(Target::Row(Completion::Done(row))) => (Some(Target::Row(Arc::new(row))), None),
        Some(Target::Row(Completion::Waits(row))) => (None, Some(Target::Row(Arc::new(row)))),
        Some(Target::Id(id)) => (Some(Target::Id(id)), Some(Target::Id(id))),
        None => (None, None),
    };
    let awaited = Outcome { object: awaited, user_errors: vec![], receipt: None };
    Ok((Outcome { object: done, user_errors, receipt }, awaited))
}

fn id_of_either<S: Stored, W: Stored>(row: &Completion<S::Row, W::Row>) -> Uuid {
    match row {
        Completion::Done(row) => S::id_of(row),
        Completion::Waits(row) => W::id_of(row),
    }
}

/// What a mutation over many came to.
pub struct BatchOutcome<R> {
    /// What each item came to, in the order of the input; none where nothing was done.
    pub results: Option<Vec<R>>,
    /// Why nothing was done; empty where it was.
    pub user_errors: Vec<Violation>,
    /// Proof that it happened.
    pub receipt: Option<Receipt>,
}

impl<R> BatchOutcome<R> {
    /// What the item at `index` of the input came to, or what is wrong with it: where nothing was done, that is what its
    /// `userErrors` say of it, whose paths lead from `input` over the list to the item's place.
    pub fn item(&self, index: usize) -> Result<&R, Vec<Violation>> {
        if let Some(item) = self.results.as_ref().and_then(|results| results.get(index)) {
            return Ok(item);
        }
        let place = index.to_string();
        let is_of = |error: &&Violation| {
            error.field.as_ref().and_then(|path| path.get(2)).is_some_and(|at| *at == place)
        };
        Err(self.user_errors.iter().filter(is_of).cloned().collect())
    }
}

/// As [`mutate`], over many: the operation answers what each item came to. Under an idempotency key a repetition answers
/// the same.
///
/// # Errors
/// As [`mutate`].
pub async fn mutate_many<R: Serialize + DeserializeOwned>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<Vec<R>>,
) -> Result<BatchOutcome<R>> {
    let kept =
        |results: &Vec<R>| Ok(Answer { results: Some(serde_json::to_value(results)?), ..Answer::default() });
    let author = ctx.request().author()?;
    let key = Key::of(ctx, &author);
    let Ran { object, results, user_errors, receipt, .. } = run(ctx, author, key, kept, operation).await?;
    let results = match (object, results) {
        (Some(Target::Row(results)), _) => Some(results),
        (_, Some(results)) => Some(serde_json::from_value(results)?),
        _ => None,
    };
    Ok(BatchOutcome { results, user_errors, receipt })
}

/// Runs `operation`; an idempotency key keeps what `kept` says of what it came to.
async fn run<R>(
    ctx: &Context<'_>,
    author: Author,
    key: Result<Option<Key>>,
    kept: impl Fn(&R) -> Result<Answer>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<R>,
) -> Result<Ran<R>> {
    let request = ctx.request();
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
        None => Box::pin(live(ctx, author, key, kept, operation)).await,
    };
    if let Err(Stopped::Error(error)) = &result {
        guard::note_refusal(ctx, error).await;
    }
    // What this request has loaded so far may be older than what it just did.
    request.renew_loaders();
    match result {
        Ok((row, receipt)) => {
            let object = Some(Target::Row(row));
            Ok(Ran { object, results: None, secret: None, user_errors: vec![], receipt })
        }
        Err(Stopped::Replay(Answer { object, results, secret }, receipt)) => {
            let object = object.map(Target::Id);
            Ok(Ran { object, results, secret, user_errors: vec![], receipt: Some(receipt) })
        }
        Err(Stopped::Error(Error::Invalid(Invalid { violations, current }))) => {
            let object = current.map(Target::Id);
            Ok(Ran { object, results: None, secret: None, user_errors: violations, receipt: None })
        }
        Err(Stopped::Error(error)) => Err(error),
    }
}

/// Why an operation wasn't carried out now.
enum Stopped {
    /// It was, before.
    Replay(Answer, Receipt),
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

async fn live<R>(
    ctx: &Context<'_>,
    author: Author,
    key: Result<Option<Key>>,
    kept: impl Fn(&R) -> Result<Answer>,
    operation: impl AsyncFnOnce(&mut Tx) -> Result<R>,
) -> Result<(R, Option<Receipt>), Stopped> {
    let request = ctx.request();
    let key = key?;
    let mut tx = Tx::begin(request.kernel(), author).await?;
    if let Some(key) = &key {
        match key.claim(&tx).await {
            Ok(None) => {}
            Ok(Some((answer, receipt))) => {
                tx.rollback().await?;
                return Err(Stopped::Replay(answer, receipt));
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
    let committed = tx
        .commit_with(async |(db, committed)| match &key {
            Some(key) => key.keep(db, request.kernel(), kept(&row)?, committed, now).await,
            None => Ok(()),
        })
        .await?;
    Ok((row, Some(Receipt::of(&committed))))
}
