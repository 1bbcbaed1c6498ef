//! Idempotency keys: the first receipt under a key answers every repetition.

use ::entity::idempotency_key;
use async_graphql::Context;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, Statement,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Receipt, SEALED};
use crate::kernel::{
    Kernel,
    error::{Error, Result, UserErrorCode, Violation},
    request::RequestExt,
    secret::Aad,
    tx::{Author, Committed, Tx},
};

/// How long a key answers with its first receipt.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// An idempotency key at one field of a request.
pub(super) struct Key {
    actor: String,
    key: String,
    response_path: String,
    input_hash: [u8; 32],
}

impl Key {
    /// That of the request, where it has one.
    ///
    /// # Errors
    /// TOO_LONG.
    pub(super) fn of(ctx: &Context<'_>, author: &Author) -> Result<Option<Self>> {
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
            actor: author.name(),
            key: key.clone(),
            response_path: path,
            input_hash: Sha256::new_with_prefix(ctx.field().name()).chain_update(canonical).finalize().into(),
        }))
    }

    /// Makes sure that nobody else runs under this key; the first answer, where it has been used.
    pub(super) async fn claim(&self, tx: &Tx) -> Result<Option<(Answer, Receipt)>> {
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
        let mut kept: Kept = serde_json::from_value(found.receipt.unwrap_or_default())?;
        let open = |sealed: &String| open(tx.kernel(), sealed, found.id);
        let secret = found.sealed_secret.as_ref().map(open).transpose()?;
        let answer = Answer { object: found.object_id, results: kept.results.take(), secret };
        Ok(Some((answer, kept.replay()?)))
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
    pub(super) async fn keep(
        &self,
        db: &DatabaseTransaction,
        kernel: &Kernel,
        answer: Answer,
        done: &Committed,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = kernel.new_id(now);
        let seal = |secret: &SecretString| kernel.keys().seal(secret.expose_secret().as_bytes(), aad(id));
        let row = idempotency_key::Model {
            id,
            actor: self.actor.clone(),
            key: self.key.clone(),
            response_path: self.response_path.clone(),
            input_hash: self.input_hash.to_vec(),
            object_id: answer.object,
            receipt: Some(serde_json::to_value(Kept { results: answer.results, ..Kept::of(done) })?),
            sealed_secret: answer.secret.as_ref().map(seal),
            created_at: now,
        };
        idempotency_key::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
        Ok(())
    }
}

/// What is kept of an answer beside its receipt: enough to give it once more.
#[derive(Default)]
pub(super) struct Answer {
    /// The object that was changed, to be read again.
    pub object: Option<Uuid>,
    /// What a batch came to, item by item.
    pub results: Option<Value>,
    /// A secret that was made, shown once. It is kept sealed.
    pub secret: Option<SecretString>,
}

impl From<Uuid> for Answer {
    fn from(object: Uuid) -> Self {
        Self { object: Some(object), ..Self::default() }
    }
}

fn aad(id: Uuid) -> Aad<'static> {
    Aad { table: SEALED.name, row: id }
}

fn open(kernel: &Kernel, sealed: &str, id: Uuid) -> Result<SecretString> {
    let broken = |error: &dyn std::fmt::Display| Error::internal(format!("a kept secret: {error}"));
    let bytes = kernel.keys().open(sealed, aad(id))?;
    Ok(std::str::from_utf8(&bytes).map_err(|error| broken(&error))?.into())
}

/// A receipt as it is stored.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    results: Option<Value>,
    audit_log_id: Uuid,
    leaf_hash: String,
    event_id: Uuid,
    committed_at: DateTime<Utc>,
}

impl Kept {
    fn of(done: &Committed) -> Self {
        Self {
            results: None,
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
        Ok(Receipt::of_replay(&done))
    }
}
