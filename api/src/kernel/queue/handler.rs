//! Handlers: what domains give to the queue, and what they get from it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use ::entity::task;
use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store;
use crate::kernel::{
    Kernel,
    error::{Error, Result},
    tx::{Author, Tx},
};

/// How a handler ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task is completed.
    Done,
    /// The same task runs once more, not before this, with its attempts counted anew: one that recurs.
    Again(DateTime<Utc>),
}

/// An async function that runs tasks of a kind.
pub(super) type Handler = Arc<dyn Fn(Job) -> BoxFuture<'static, Result<Outcome>> + Send + Sync>;

/// The handlers of one process, by kind. A kind that isn't among them is left to other processes.
#[derive(Clone, Default)]
pub struct Handlers(BTreeMap<&'static str, Handler>);

impl Handlers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tasks of `kind` are run by `handler`: `.on("webhooks.deliver", deliver)`.
    ///
    /// A task runs at least once: the handler finds out by itself what an earlier attempt has done already.
    ///
    /// # Panics
    /// Where the kind has a handler: a mistake in the source that no start may survive.
    #[must_use]
    pub fn on<F>(mut self, kind: &'static str, handler: impl Fn(Job) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let twice = self.0.insert(kind, Arc::new(move |job| handler(job).boxed())).is_some();
        assert!(!twice, "{kind} has two handlers");
        self
    }

    /// These and `others`.
    ///
    /// # Panics
    /// As [`Handlers::on`].
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        for (kind, handler) in others.0 {
            assert!(self.0.insert(kind, handler).is_none(), "{kind} has two handlers");
        }
        self
    }

    /// The kinds, sorted.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    pub(super) fn get(&self, kind: &str) -> Option<&Handler> {
        self.0.get(kind)
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kinds()).finish()
    }
}

/// One attempt at a task, as its handler sees it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The kernel.
    pub kernel: Kernel,
    /// The task: the same at each attempt, so it serves as a stable id towards others.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// 1 at first.
    pub attempt: i32,
    /// Cancelled when the attempt is to end: at a shutdown, or because somebody else has the task now. Whoever doesn't
    /// heed it is cut off at the next await, ten seconds later.
    pub cancelled: CancellationToken,
    epoch: i64,
    payload: serde_json::Value,
    cause: Option<(Uuid, i16)>,
}

impl Job {
    pub(super) fn new(kernel: &Kernel, task: &task::Model, cancelled: CancellationToken) -> Self {
        Self {
            kernel: kernel.clone(),
            id: task.id,
            kind: task.kind.clone(),
            attempt: task.attempts,
            cancelled,
            epoch: task.epoch,
            payload: task.payload.clone(),
            cause: task.causation_id.zip(task.causation_depth),
        }
    }

    /// What was enqueued.
    ///
    /// # Errors
    /// INTERNAL where it isn't a `T`.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(T::deserialize(&self.payload)?)
    }

    /// Opens a transaction that commits only while the task is this attempt's.
    ///
    /// # Errors
    /// UNAVAILABLE where it isn't any more; where the database can't.
    pub async fn begin(&self) -> Result<Tx> {
        // What a reaction's task does has the same cause: no loop of events and tasks goes on for good.
        let author = Author { cause: self.cause, ..Author::system(&self.kind) };
        let tx = Tx::begin(&self.kernel, author).await?;
        // The row stays locked until the end, so nobody takes the task over before it.
        if store::lock(&tx, self.id, self.epoch).await? { Ok(tx) } else { Err(LOST) }
    }

    /// Says how far it has come. The percentage never goes back within an attempt.
    ///
    /// # Errors
    /// UNAVAILABLE where the task isn't this attempt's any more; where the database can't.
    pub async fn progress(&self, percent: u8, message: &str) -> Result<()> {
        if store::progress(&self.kernel, self.id, self.epoch, percent.min(100), message).await? {
            Ok(())
        } else {
            Err(LOST)
        }
    }
}

/// Said to a handler that goes on after its lease.
const LOST: Error = Error::unavailable("the lease of this task was lost: somebody else may be running it");
