//! The durable queue: everything that is slow or retried.

use std::time::Duration;

use ::entity::task;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::Value;

use super::{error::Result, id};

/// A task to be put into the queue.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Which handler runs it.
    pub kind: &'static str,
    /// What the handler gets.
    pub payload: Value,
    /// At most one task of a kind with this key is waiting or running; a second is dropped.
    pub unique_key: Option<String>,
    /// Not before this.
    pub run_at: Option<DateTime<Utc>>,
    /// 1 is first, 5 is usual, 9 is last.
    pub priority: i16,
    /// After which it is failed for good.
    pub max_attempts: i32,
}

/// The queue.
#[derive(Debug)]
pub struct Queue;

impl Queue {
    /// Inserts.
    pub(super) async fn insert(
        &self,
        db: &impl ConnectionTrait,
        new: NewTask,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let _ = (db, new, now);
        Ok(())
    }
}
