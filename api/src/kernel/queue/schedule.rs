//! Schedules: tasks at the times of a cron expression, by the wall clock of a zone.
//!
//! A [`Schedule`] is declared in code; its row in `schedules` says when it fires next. Whoever moves `next_at` on
//! enqueues the task, in the same transaction, so it fires once however many processes look. What was missed while
//! nobody ran fires once. A wall time that doesn't exist (the clocks go forward) is the next that does; one that comes
//! twice is the first.

use std::time::Duration;

use ::entity::schedule::{self, Column};
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use croner::Cron;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, Select,
    sea_query::{Condition, Expr, OnConflict},
};
use serde_json::json;
use tokio::time::sleep;

use super::{NewTask, time};
use crate::kernel::{
    Kernel,
    error::{Error, Result},
    trouble::Trouble,
    tx::Tx,
};

/// How often everybody looks: somebody may have switched a schedule off, or on.
const POLL: Duration = Duration::from_secs(1);

/// A task that recurs.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Its own: `audit.checkpoint`.
    pub name: &'static str,
    /// Minute, hour, day of the month, month, day of the week.
    pub cron: &'static str,
    /// The IANA zone whose wall clock counts: `UTC`, `Europe/Berlin`.
    pub zone: &'static str,
    /// The kind of the task that it enqueues, with an empty object as payload.
    pub kind: &'static str,
}

impl Schedule {
    fn next(&self, after: DateTime<Utc>) -> Result<DateTime<Utc>> {
        next_time(self.cron, self.zone, after)
            .map_err(|why| Error::internal(format!("the schedule {}: {why}", self.name)))
    }
}

/// The first time after `after` that `cron` names by the wall clock of `zone`.
///
/// # Errors
/// In words for whoever wrote them: what is wrong with the expression or the zone, or that the time never comes.
pub fn next_time(cron: &str, zone: &str, after: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let tz: Tz = zone.parse().map_err(|_| format!("{zone:?} isn't a time zone of the IANA's list"))?;
    let pattern: Cron = cron.parse().map_err(|error| format!("{cron:?} isn't a cron expression: {error}"))?;
    let next = pattern.find_next_occurrence(&after.with_timezone(&tz), false);
    next.map(|at| at.to_utc()).map_err(|error| format!("{cron:?} has no next time: {error}"))
}

/// Brings the rows in line with the declarations. One that changed begins anew; whether it is active stays.
///
/// # Errors
/// Where a declaration is wrong, or the database refuses.
pub(in crate::kernel) async fn declare(kernel: &Kernel, schedules: &[Schedule]) -> Result<()> {
    let now = time::read(kernel).await?;
    for declared in schedules {
        let row = schedule::Model {
            name: declared.name.to_owned(),
            cron: declared.cron.to_owned(),
            zone: declared.zone.to_owned(),
            kind: declared.kind.to_owned(),
            payload: json!({}),
            next_at: declared.next(now)?,
            last_at: None,
            is_active: true,
            updated_at: now,
        };
        let changed =
            [Column::Cron, Column::Zone, Column::Kind].into_iter().fold(Condition::any(), |any, column| {
                any.add(Expr::col((schedule::Entity, column)).ne(Expr::col(("excluded", column))))
            });
        let conflict = OnConflict::column(Column::Name)
            .update_columns([Column::Cron, Column::Zone, Column::Kind, Column::NextAt, Column::UpdatedAt])
            .action_cond_where(changed)
            .to_owned();
        let insert = schedule::Entity::insert_many([row.into_active_model()]).on_conflict(conflict);
        kernel.telemetry().insert(insert).await?;
    }
    Ok(())
}

/// Fires for good.
pub(in crate::kernel) async fn run(kernel: Kernel, schedules: Vec<Schedule>) {
    let mut trouble = Trouble::with("looking for schedules that are due");
    loop {
        let next = turn(&kernel, &schedules).await;
        trouble.note(&next);
        tokio::select! {
            () = kernel.clock().sleep_until(next.ok().flatten().unwrap_or(DateTime::<Utc>::MAX_UTC)) => {}
            () = sleep(POLL) => {}
        }
    }
}

/// Fires what is due. Answers when to look again, by the kernel's clock.
pub(super) async fn turn(kernel: &Kernel, schedules: &[Schedule]) -> Result<Option<DateTime<Utc>>> {
    let here = kernel.clock().now();
    let now = time::read(kernel).await?;
    let mut next = None;
    for row in active(schedules).all(kernel.db().reader()).await? {
        let mut at = row.next_at;
        if at <= now
            && let Some(schedule) = schedules.iter().find(|schedule| schedule.name == row.name)
        {
            at = schedule.next(now)?;
            fire(kernel, schedule, row.next_at, at, now).await?;
        }
        next = Some(next.map_or(at, |next: DateTime<Utc>| std::cmp::min(next, at)));
    }
    Ok(next.map(|at| here + (at - now)))
}

fn active(schedules: &[Schedule]) -> Select<schedule::Entity> {
    schedule::Entity::find()
        .filter(Column::IsActive.eq(true))
        .filter(Column::Name.is_in(schedules.iter().map(|schedule| schedule.name)))
}

async fn fire(
    kernel: &Kernel,
    schedule: &Schedule,
    due: DateTime<Utc>,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut tx = Tx::system(kernel, "scheduler").await?;
    let moved = schedule::Entity::update_many()
        .col_expr(Column::NextAt, Expr::val(next))
        .col_expr(Column::LastAt, Expr::val(due))
        .col_expr(Column::UpdatedAt, Expr::val(now))
        .filter(Column::Name.eq(schedule.name))
        .filter(Column::IsActive.eq(true))
        .filter(Column::NextAt.eq(due))
        .exec(tx.db())
        .await?;
    if moved.rows_affected == 0 {
        return tx.rollback().await;
    }
    let key = format!("{}@{}", schedule.name, due.to_rfc3339_opts(SecondsFormat::Secs, true));
    tx.enqueue(NewTask::new(schedule.kind, json!({}))?.unique(key)).await?;
    tx.commit_bookkeeping().await
}

/// Whether none of these is due.
pub(in crate::kernel) async fn is_idle(
    kernel: &Kernel,
    db: &impl ConnectionTrait,
    schedules: &[Schedule],
) -> Result<bool> {
    let due = active(schedules).filter(Expr::col(Column::NextAt).lte(time::now(kernel))).one(db).await?;
    Ok(due.is_none())
}
