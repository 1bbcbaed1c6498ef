//! How a mutation runs: guard, transaction, operation, receipt; or a replay, or a dry run.
//!
//! A resolver is one call of [`mutate`] with the operation of its domain. What the caller can mend comes back in the
//! payload, everything else as a top-level error. With an idempotency key the first receipt is kept in the same
//! transaction and answers every repetition.

use ::entity::idempotency_key;
use async_graphql::{Context, ID, Object};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, Statement,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    error::{Error, Invalid, Result, UserErrorCode, Violation},
    log,
    log::EventCursor,
    object::{self, Stored},
    record::AUDIT_LOG,
    request::RequestExt,
    scalar::Timestamp,
    tx::{Author, Committed, Tx},
};

/// How long a key answers with its first receipt.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long an answer waits for its cursor.
const CURSOR_WAIT: std::time::Duration = std::time::Duration::from_millis(250);

/// What a mutation came to: the base of every payload.
pub struct Outcome<S: Stored> {
    object: Option<Target<S>>,
    /// What the caller can mend; empty where it was done.
    pub user_errors: Vec<Violation>,
    /// Proof that it happened.
    pub receipt: Option<Receipt>,
}

enum Target<S: Stored> {
    Row(Box<S::Row>),
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
                Ok(Some(S::of((**row).clone())))
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
            Ok(Outcome { object: Some(Target::Row(Box::new(row))), user_errors: vec![], receipt })
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

/// An idempotency key at one field of a request.
struct Key {
    actor: String,
    key: String,
    response_path: String,
    input_hash: [u8; 32],
}

impl Key {
    fn of(ctx: &Context<'_>, author: &Author) -> Result<Option<Self>> {
        let Some(key) = &ctx.request().options().idempotency_key else { return Ok(None) };
        if key.is_empty() || key.len() > 255 {
            return Err(Error::invalid(
                UserErrorCode::TooLong,
                "",
                "an idempotency key has 1 to 255 characters",
            ));
        }
        let arguments = ctx.field().arguments().map_err(|error| Error::internal(error.message))?;
        let arguments: serde_json::Map<_, _> = arguments
            .into_iter()
            .map(|(name, value)| Ok((name.to_string(), value.into_json()?)))
            .collect::<serde_json::Result<_>>()?;
        let canonical = serde_json_canonicalizer::to_vec(&arguments)?;
        let path = ctx.path_node.map(|node| node.to_string_vec().join(".")).unwrap_or_default();
        Ok(Some(Self {
            actor: author.actor.id.clone(),
            key: key.clone(),
            response_path: path,
            input_hash: Sha256::new_with_prefix(ctx.field().name()).chain_update(canonical).finalize().into(),
        }))
    }

    /// Makes sure that nobody else runs under this key; the first answer, where it has been used.
    async fn claim(&self, tx: &Tx) -> Result<Option<(Option<Uuid>, Receipt)>> {
        let db = tx.db();
        if tx.kernel().db().is_postgres() && !self.lock(db).await? {
            let mut violation = Violation::new(
                UserErrorCode::Conflict,
                "",
                "a request under this idempotency key is still running: ask again for its answer",
            );
            violation.is_retryable = true;
            return Err(violation.into());
        }
        let found = idempotency_key::Entity::find()
            .filter(idempotency_key::Column::Actor.eq(&self.actor))
            .filter(idempotency_key::Column::Key.eq(&self.key))
            .filter(idempotency_key::Column::ResponsePath.eq(&self.response_path))
            .one(db)
            .await?;
        let Some(found) = found else { return Ok(None) };
        if found.created_at + KEPT <= tx.now() {
            idempotency_key::Entity::delete_by_id(found.id).exec(db).await?;
            return Ok(None);
        }
        if found.input_hash != self.input_hash {
            let message = "this idempotency key was used with another input: take a new key";
            return Err(Error::invalid(UserErrorCode::Conflict, "", message));
        }
        let kept: Kept = serde_json::from_value(found.receipt.unwrap_or_default())?;
        Ok(Some((found.object_id, kept.replay()?)))
    }

    async fn lock(&self, db: &DatabaseTransaction) -> Result<bool> {
        let hash = Sha256::new_with_prefix(&self.actor)
            .chain_update([0])
            .chain_update(&self.key)
            .chain_update([0])
            .chain_update(&self.response_path)
            .finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        let lock = Statement::from_sql_and_values(
            db.get_database_backend(),
            "SELECT pg_try_advisory_xact_lock($1) AS held",
            [i64::from_be_bytes(first).into()],
        );
        let row = db.query_one_raw(lock).await?;
        Ok(row.map(|row| row.try_get("", "held")).transpose()?.unwrap_or(false))
    }

    /// Keeps the answer with the change itself.
    async fn keep(
        &self,
        db: &DatabaseTransaction,
        id: Uuid,
        object: Uuid,
        done: &Committed,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let row = idempotency_key::Model {
            id,
            actor: self.actor.clone(),
            key: self.key.clone(),
            response_path: self.response_path.clone(),
            input_hash: self.input_hash.to_vec(),
            object_id: Some(object),
            receipt: Some(serde_json::to_value(Kept::of(done))?),
            sealed_secret: None,
            created_at: now,
        };
        idempotency_key::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
        Ok(())
    }
}

/// A receipt as it is stored.
#[derive(Serialize, Deserialize)]
struct Kept {
    audit_log_id: Uuid,
    leaf_hash: String,
    event_id: Uuid,
    committed_at: DateTime<Utc>,
}

impl Kept {
    fn of(done: &Committed) -> Self {
        Self {
            audit_log_id: done.audit_log_id,
            leaf_hash: hex::encode(done.leaf_hash),
            event_id: done.event_id,
            committed_at: done.committed_at,
        }
    }

    fn replay(self) -> Result<Receipt> {
        let mut leaf_hash = [0; 32];
        hex::decode_to_slice(&self.leaf_hash, &mut leaf_hash)
            .map_err(|error| Error::internal(format!("a kept receipt: {error}")))?;
        let done = Committed {
            audit_log_id: self.audit_log_id,
            leaf_hash,
            event_id: self.event_id,
            committed_at: self.committed_at,
        };
        Ok(Receipt { is_replay: true, ..Receipt::of(&done) })
    }
}

/// Proof that it happened. Absent where nothing was changed; all but the flags null in a dry run.
#[derive(Clone, Debug)]
pub struct Receipt {
    committed: Option<Committed>,
    is_replay: bool,
}

impl Receipt {
    fn of(committed: &Committed) -> Self {
        Self { committed: Some(committed.clone()), is_replay: false }
    }

    fn of_dry_run() -> Self {
        Self { committed: None, is_replay: false }
    }
}

/// Proof that it happened. Absent where nothing was changed; all but the flags null in a dry run.
#[Object]
impl Receipt {
    /// The entry in the audit log.
    async fn audit_log_id(&self) -> Option<ID> {
        self.committed.as_ref().map(|done| AUDIT_LOG.encode(done.audit_log_id).into())
    }

    /// SHA-256 of the entry as an RFC 6962 leaf, in hexadecimal.
    async fn leaf_hash(&self) -> Option<String> {
        self.committed.as_ref().map(|done| hex::encode(done.leaf_hash))
    }

    /// The event's place in the log. The answer waits up to 250 ms for it; null after that, or where it can't be read
    /// now: what happened has happened.
    async fn cursor(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<EventCursor>> {
        let Some(done) = &self.committed else { return Ok(None) };
        let kernel = ctx.request().kernel();
        let mut moved = kernel.hub().watch();
        let found = tokio::time::timeout(CURSOR_WAIT, async {
            loop {
                if let Some(position) = log::position(kernel.db().reader(), done.event_id).await? {
                    return Ok::<_, Error>(EventCursor::new(kernel.log_id(), position));
                }
                if moved.changed().await.is_err() {
                    return Err(Error::unavailable("the gateway is shutting down"));
                }
            }
        });
        match found.await {
            Ok(Err(error)) if error.is_transient() => Ok(None),
            Ok(found) => Ok(Some(found?)),
            Err(_) => Ok(None),
        }
    }

    /// It was done and undone: nothing has changed.
    async fn is_dry_run(&self) -> bool {
        self.committed.is_none()
    }

    /// It was done before, under the same idempotency key.
    async fn is_replay(&self) -> bool {
        self.is_replay
    }

    /// When it was committed.
    async fn committed_at(&self) -> Option<Timestamp> {
        self.committed.as_ref().map(|done| done.committed_at.into())
    }
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
