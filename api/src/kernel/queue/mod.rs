//! The durable queue: everything that is slow or retried.
//!
//! A *task* is a row of `tasks`. Its kind names the [handler](Handlers) that runs it. It is
//! [enqueued](super::tx::Tx::enqueue) in a transaction, so that it exists exactly when what it belongs to was
//! committed, and it runs at least once.
//!
//! ```text
//!             claimed                       Done
//!  PENDING ─────────────► RUNNING ─────────────────────► COMPLETED
//!     ▲                     │  │
//!     │ Again, failed,      │  └─ its last attempt failed ─► FAILED (tasks.task.failed)
//!     └ lease lapsed, ◄─────┘
//!       shutdown
//! ```
//!
//! - **Lease.** Whoever claims a task holds it for 30 s and says every 10 s that it is still at it. When it goes silent,
//!   somebody else takes the task over; the attempt counts.
//! - **Fence.** Each claim raises the task's `epoch`. What a handler writes goes through [`Job::begin`], which checks in
//!   the same transaction that the epoch is still its own: one that was taken for dead changes nothing any more.
//! - **Retry.** A handler that fails or panics runs again after 1, 2, 4 … seconds (10 minutes at most) until its attempts
//!   are used up; then the failure is on the record.
//! - **Time.** On PostgreSQL leases and deadlines follow the database's clock, else the kernel's.
//!
//! A [`Schedule`] enqueues a task at the times of a cron expression.

mod handler;
pub(super) mod housekeeping;
pub(super) mod schedule;
pub(super) mod store;
mod time;
pub(super) mod worker;

#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ::entity::audit_log::{AuditCategory, AuditSeverity};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{error::Result, event::EventType, id::Prefix};

pub use handler::{Handlers, Job, Outcome};
pub use schedule::{Schedule, next_time};
pub(super) use store::insert;

/// `task_…`
pub const TASK: Prefix = Prefix("task");

/// A task used up its attempts.
pub static TASK_FAILED: EventType = EventType {
    name: "tasks.task.failed",
    version: 1,
    description: "A background task failed at its last attempt and won't run again.",
    category: AuditCategory::Task,
    severity: AuditSeverity::Medium,
    action: "TASK_FAIL",
    permission: "tasks.read",
};

/// A task to be put into the queue.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Which handler runs it: `webhooks.deliver`.
    pub kind: &'static str,
    /// What the handler gets.
    pub payload: Value,
    /// At most one task of a kind with this key is waiting or running; a second is dropped. A running one has perhaps
    /// read its input already: where the news may not be lost, the key says what is new (a version, say).
    pub unique_key: Option<String>,
    /// Not before this; `None` is now.
    pub run_at: Option<DateTime<Utc>>,
    /// 1 is first, 5 is usual, 9 is last.
    pub priority: i16,
    /// After which it is failed for good.
    pub max_attempts: i32,
}

impl NewTask {
    /// A task of the usual kind: runs now, in the middle of the order, up to ten times (within some 17 minutes).
    ///
    /// # Errors
    /// INTERNAL where `payload` isn't JSON.
    pub fn new(kind: &'static str, payload: impl Serialize) -> Result<Self> {
        let payload = serde_json::to_value(payload)?;
        Ok(Self { kind, payload, unique_key: None, run_at: None, priority: 5, max_attempts: 10 })
    }

    /// Dropped where one with this key is waiting or running.
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    /// Not before `run_at`.
    pub fn at(mut self, run_at: DateTime<Utc>) -> Self {
        self.run_at = Some(run_at);
        self
    }

    /// 1 is first, 5 is usual, 9 is last.
    pub fn priority(mut self, priority: i16) -> Self {
        self.priority = priority;
        self
    }

    /// Failed for good after these, at least one.
    pub fn max_attempts(mut self, max_attempts: i32) -> Self {
        self.max_attempts = max_attempts;
        self
    }
}

/// One process's part in the queue.
#[derive(Debug)]
pub struct Queue {
    /// Its name in the leases.
    owner: String,
    /// Something is due, perhaps.
    wake: Notify,
    /// The tasks that it runs now: what it holds itself it never takes for abandoned.
    running: Mutex<HashSet<Uuid>>,
    /// The workers, so that a shutdown can wait for them.
    tracker: TaskTracker,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            owner: format!("{}-{}", std::process::id(), hex::encode(rand::random::<[u8; 4]>())),
            wake: Notify::new(),
            running: Mutex::default(),
            tracker: TaskTracker::new(),
        }
    }

    /// Looks now instead of at the next poll.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Runs `work` to its end, past the kernel's shutdown: it heeds that itself.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(work);
    }

    /// Waits, after the kernel's shutdown, until the workers have let go of their tasks.
    pub(super) async fn stopped(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    fn running(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
