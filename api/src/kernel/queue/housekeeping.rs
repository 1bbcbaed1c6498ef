//! The kernel's own recurring task: deletes what it keeps for a while only.

use ::entity::{idempotency_key, task};
use chrono::TimeDelta;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::{Job, Outcome, Schedule};
use crate::kernel::error::Result;

/// The kind of the task.
pub(in crate::kernel) const KIND: &str = "kernel.housekeeping";

/// When it runs: every hour.
pub(in crate::kernel) const SCHEDULE: Schedule =
    Schedule { name: KIND, cron: "0 * * * *", zone: "UTC", kind: KIND };

/// How long a mutation can be replayed.
const IDEMPOTENCY_KEYS: TimeDelta = TimeDelta::hours(24);
/// How long a finished task can be looked at.
const FINISHED_TASKS: TimeDelta = TimeDelta::days(7);
/// Rows a statement: SQLite has one writer, and others wait for it.
const CHUNK: u64 = 500;

/// Deletes idempotency keys over 24 hours old, and tasks that were finished over 7 days ago.
///
/// # Errors
/// Where the database refuses; what is left is deleted the next time.
pub(in crate::kernel) async fn run(job: Job) -> Result<Outcome> {
    let now = job.kernel.clock().now();
    let telemetry = job.kernel.telemetry();

    let old = idempotency_key::Entity::find()
        .select_only()
        .column(idempotency_key::Column::Id)
        .filter(idempotency_key::Column::CreatedAt.lt(now - IDEMPOTENCY_KEYS))
        .limit(CHUNK)
        .into_query();
    let delete = || {
        idempotency_key::Entity::delete_many().filter(idempotency_key::Column::Id.in_subquery(old.clone()))
    };
    while telemetry.delete_many(delete()).await? == CHUNK {}

    let old = task::Entity::find()
        .select_only()
        .column(task::Column::Id)
        .filter(task::Column::FinishedAt.lt(now - FINISHED_TASKS))
        .limit(CHUNK)
        .into_query();
    let delete = || task::Entity::delete_many().filter(task::Column::Id.in_subquery(old.clone()));
    while telemetry.delete_many(delete()).await? == CHUNK {}
    Ok(Outcome::Done)
}
