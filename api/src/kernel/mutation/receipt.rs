//! Receipts: what an answer proves.

use async_graphql::{Context, ID, Object};

use crate::kernel::{
    error::Error,
    log::{self, EventCursor},
    record::AUDIT_LOG,
    request::RequestExt,
    scalar::Timestamp,
    tx::Committed,
};

/// How long an answer waits for its cursor.
const CURSOR_WAIT: std::time::Duration = std::time::Duration::from_millis(250);

/// Proof that it happened. Absent where nothing was changed; all but the flags null in a dry run.
#[derive(Clone, Debug)]
pub struct Receipt {
    committed: Option<Committed>,
    is_replay: bool,
}

impl Receipt {
    /// Of what was just done.
    pub(super) fn of(committed: &Committed) -> Self {
        Self { committed: Some(committed.clone()), is_replay: false }
    }

    /// Of what was done and undone.
    pub(super) fn of_dry_run() -> Self {
        Self { committed: None, is_replay: false }
    }

    /// Of what was done before, under the same idempotency key.
    pub(super) fn of_replay(committed: &Committed) -> Self {
        Self { is_replay: true, ..Self::of(committed) }
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
