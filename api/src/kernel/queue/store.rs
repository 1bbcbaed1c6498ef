//! Every statement on `tasks`.
//!
//! The conditions on `state` are spelled out, never bound: only so do both databases see that the partial indexes apply.

use ::entity::task::{self, Column, TaskState};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany,
    sea_query::{
        CommonTableExpression, Expr, LockBehavior, LockType, OnConflict, Query, SelectStatement,
        SubQueryStatement, UnionType, WithClause,
    },
};
use uuid::Uuid;

use super::{NewTask, time};
use crate::kernel::{
    Kernel,
    error::{Error, Result},
    tx::Tx,
};

/// How long a claim holds without a word.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(30);
/// From first to last. Named in queries, so that the index on (priority, run_at, id) is sought once a priority instead
/// of read through everything that isn't due yet.
const PRIORITIES: std::ops::RangeInclusive<i16> = 1..=9;

const PENDING: &str = "state = 'PENDING'";
const RUNNING: &str = "state = 'RUNNING'";

/// Inserts tasks, as reactions to the event `cause`; those whose key is taken are left out. Answers the ids of the others.
pub(in crate::kernel) async fn insert(
    kernel: &Kernel,
    db: &DatabaseTransaction,
    tasks: Vec<NewTask>,
    cause: Option<(Uuid, i16)>,
) -> Result<Vec<Uuid>> {
    if tasks.is_empty() {
        return Ok(Vec::new());
    }
    let now = kernel.clock().now();
    let mut insert = Query::insert()
        .into_table(task::Entity)
        .columns([
            Column::Id,
            Column::Kind,
            Column::UniqueKey,
            Column::Payload,
            Column::State,
            Column::Priority,
            Column::RunAt,
            Column::Attempts,
            Column::MaxAttempts,
            Column::Epoch,
            Column::Progress,
            Column::CausationId,
            Column::CausationDepth,
            Column::CreatedAt,
            Column::UpdatedAt,
            Column::Version,
        ])
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .returning_col(Column::Id)
        .take();
    for task in tasks {
        if !PRIORITIES.contains(&task.priority) {
            return Err(Error::internal(format!(
                "{} has the priority {}: it goes from 1 to 9",
                task.kind, task.priority
            )));
        }
        insert.values_panic([
            Expr::val(kernel.new_id(now)),
            Expr::val(task.kind),
            Expr::val(task.unique_key),
            Expr::val(task.payload),
            Expr::val(TaskState::Pending),
            Expr::val(task.priority),
            task.run_at.map_or_else(|| time::now(kernel), Expr::val),
            Expr::val(0),
            Expr::val(task.max_attempts),
            Expr::val(0_i64),
            Expr::val(0_i16),
            Expr::val(cause.map(|(event, _)| event)),
            Expr::val(cause.map(|(_, depth)| depth)),
            Expr::val(now),
            Expr::val(now),
            Expr::val(1),
        ]);
    }
    let mut ids = Vec::new();
    for row in db.query_all(&insert).await? {
        ids.push(row.try_get("", "id")?);
    }
    Ok(ids)
}

/// Claims up to `limit` due tasks of these kinds. Answers them in the order in which they are to run.
pub(super) async fn claim(kernel: &Kernel, kinds: &[&'static str], limit: u64) -> Result<Vec<task::Model>> {
    let mut tasks = claiming(kernel, kinds, limit).exec_with_returning(kernel.db().writer()).await?;
    tasks.sort_unstable_by_key(|task| (task.priority, task.run_at, task.id));
    Ok(tasks)
}

/// One statement, the same on both databases but for SKIP LOCKED, which SQLite with its one writer doesn't need.
pub(super) fn claiming(kernel: &Kernel, kinds: &[&'static str], limit: u64) -> UpdateMany<task::Entity> {
    let first = due(kernel, kinds)
        .select_only()
        .column(Column::Id)
        .order_by_asc(Column::Priority)
        .order_by_asc(Column::RunAt)
        .order_by_asc(Column::Id)
        .limit(limit)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_query();
    // As a plain subquery PostgreSQL might run it once a row, and claim more than the limit.
    let first = CommonTableExpression::new()
        .table_name("first")
        .column(Column::Id)
        .materialized(true)
        .query(first)
        .to_owned();
    let mut claim = to_state(kernel, TaskState::Running)
        .col_expr(Column::Epoch, Expr::col(Column::Epoch).add(1))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::Progress, Expr::val(0_i16))
        .filter(Column::Id.in_subquery(Query::select().column(Column::Id).from("first").take()));
    QueryTrait::query(&mut claim).with_cte(WithClause::new().cte(first).to_owned());
    claim
}

fn due(kernel: &Kernel, kinds: &[&'static str]) -> Select<task::Entity> {
    task::Entity::find()
        .filter(Expr::cust(PENDING))
        .filter(Column::Priority.is_in(PRIORITIES))
        .filter(Expr::col(Column::RunAt).lte(time::now(kernel)))
        .filter(Column::Kind.is_in(kinds.iter().copied()))
}

/// When there is something to do next, by the kernel's clock.
#[derive(Debug)]
pub(super) struct Outlook {
    /// The next task of the future falls due.
    pub due: Option<DateTime<Utc>>,
    /// The next lease of somebody else ends, perhaps long since.
    pub lapse: Option<DateTime<Utc>>,
}

/// Looks ahead.
pub(super) async fn outlook(kernel: &Kernel) -> Result<Outlook> {
    let here = kernel.clock().now();
    let row = kernel.db().reader().query_one(&looking_ahead(kernel)).await?;
    let row = row.ok_or_else(|| Error::internal("a SELECT without FROM has a row"))?;
    let now: DateTime<Utc> = row.try_get("", "now")?;
    let here = |at: Option<DateTime<Utc>>| at.map(|at| here + (at - now));
    Ok(Outlook { due: here(row.try_get("", "due")?), lapse: here(row.try_get("", "lapse")?) })
}

pub(super) fn looking_ahead(kernel: &Kernel) -> SelectStatement {
    let due = first_pending(Expr::col(Column::RunAt).gt(time::now(kernel)));
    let lapse =
        least(Column::LeaseUntil, RUNNING).and_where(Column::Id.is_not_in(running_here(kernel))).take();
    let subquery = |select: SelectStatement| Expr::from(SubQueryStatement::from(select));
    Query::select()
        .expr_as(subquery(due), "due")
        .expr_as(subquery(lapse), "lapse")
        .expr_as(time::now(kernel), "now")
        .take()
}

fn least(column: Column, condition: &'static str) -> SelectStatement {
    Query::select()
        .expr_as(Expr::col(column).min(), "at")
        .from(task::Entity)
        .and_where(Expr::cust(condition))
        .take()
}

/// When the first of the waiting tasks runs for which `condition` holds: one index seek a priority, since the least of all
/// at once would be a walk through the whole index.
fn first_pending(condition: Expr) -> SelectStatement {
    let mut firsts = PRIORITIES.map(|priority| {
        least(Column::RunAt, PENDING)
            .and_where(Column::Priority.eq(priority))
            .and_where(condition.clone())
            .take()
    });
    let mut all = firsts.next().unwrap_or_default();
    for next in firsts {
        all.union(UnionType::All, next);
    }
    Query::select().expr_as(Expr::col("at").min(), "at").from_subquery(all, "firsts").take()
}

/// Since when the task has been due that waits longest; none where none is due at `now`.
pub(in crate::kernel) async fn oldest_due(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let row = db.query_one(&first_pending(Expr::col(Column::RunAt).lte(now))).await?;
    Ok(row.map(|row| row.try_get("", "at")).transpose()?.flatten())
}

/// Running tasks of others whose lease has ended.
pub(super) async fn lapsed(kernel: &Kernel) -> Result<Vec<task::Model>> {
    Ok(lapsing(kernel).all(kernel.db().reader()).await?)
}

pub(super) fn lapsing(kernel: &Kernel) -> Select<task::Entity> {
    task::Entity::find()
        .filter(Expr::cust(RUNNING))
        .filter(Expr::col(Column::LeaseUntil).lt(time::now(kernel)))
        .filter(Column::Id.is_not_in(running_here(kernel)))
        .order_by_asc(Column::LeaseUntil)
        .limit(100)
}

fn running_here(kernel: &Kernel) -> Vec<Uuid> {
    kernel.queue().running().iter().copied().collect()
}

/// Whether nothing is running, or due and of these kinds.
pub(in crate::kernel) async fn is_idle(
    kernel: &Kernel,
    db: &impl ConnectionTrait,
    kinds: &[&'static str],
) -> Result<bool> {
    let running =
        task::Entity::find().filter(Expr::cust(RUNNING)).filter(Column::Kind.is_in(kinds.iter().copied()));
    Ok(running.one(db).await?.is_none() && due(kernel, kinds).one(db).await?.is_none())
}

/// What a heartbeat found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// The lease was prolonged.
    Held,
    /// A transaction of the handler holds the row, and has prolonged the lease itself.
    Busy,
    /// Somebody else has the task, or it was cancelled.
    Lost,
}

/// Prolongs the lease.
///
/// On PostgreSQL by the control pool, so that load can't delay it, and without waiting for a lock: the sequencer and the
/// rights need the few connections of that pool.
pub(super) async fn beat(kernel: &Kernel, id: Uuid, epoch: i64) -> Result<Beat> {
    let db = if kernel.db().is_postgres() { kernel.db().control() } else { kernel.db().writer() };
    let held_now = || task::Entity::find().select_only().column(Column::Id).filter(held(id, epoch));
    let free = held_now().lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).into_query();
    let beat = task::Entity::update_many()
        .col_expr(Column::LeaseUntil, time::after(kernel, LEASE))
        .filter(Column::Id.in_subquery(free));
    if beat.exec(db).await?.rows_affected > 0 {
        return Ok(Beat::Held);
    }
    let is_held = held_now().into_tuple::<Uuid>().one(db).await?.is_some();
    Ok(if is_held { Beat::Busy } else { Beat::Lost })
}

/// Locks the task's row in a handler's transaction, and prolongs the lease. Whether it was held.
pub(super) async fn lock(tx: &Tx, id: Uuid, epoch: i64) -> Result<bool> {
    let lock = task::Entity::update_many()
        .col_expr(Column::LeaseUntil, time::after(tx.kernel(), LEASE))
        .filter(held(id, epoch));
    Ok(lock.exec(tx.db()).await?.rows_affected > 0)
}

/// Notes how far it has come. Whether the task was still held.
pub(super) async fn progress(
    kernel: &Kernel,
    id: Uuid,
    epoch: i64,
    percent: u8,
    message: &str,
) -> Result<bool> {
    let percent = i16::from(percent);
    let further =
        Expr::case(Expr::col(Column::Progress).lt(percent), percent).finally(Expr::col(Column::Progress));
    let update = task::Entity::update_many()
        .col_expr(Column::Progress, further.into())
        .col_expr(Column::Message, Expr::val(message))
        .filter(held(id, epoch));
    Ok(kernel.telemetry().update_many(update).await? > 0)
}

/// The fence: the task is running, and under this epoch.
pub(super) fn held(id: Uuid, epoch: i64) -> Condition {
    Condition::all()
        .add(Column::Id.eq(id))
        .add(Column::Epoch.eq(epoch))
        .add(Column::State.eq(TaskState::Running))
}

fn never() -> Expr {
    Expr::val(None::<DateTime<Utc>>)
}

/// The beginning of every change of state: who is running has a lease, who is finished a time of it.
pub(super) fn to_state(kernel: &Kernel, state: TaskState) -> UpdateMany<task::Entity> {
    let (mut owner, mut lease, mut finished) = (None, never(), never());
    match state {
        TaskState::Pending => {}
        TaskState::Running => {
            (owner, lease) = (Some(kernel.queue().owner.clone()), time::after(kernel, LEASE))
        }
        TaskState::Completed | TaskState::Failed | TaskState::Cancelled => finished = time::now(kernel),
    }
    task::Entity::update_many()
        .col_expr(Column::State, Expr::val(state))
        .col_expr(Column::LeaseOwner, Expr::val(owner))
        .col_expr(Column::LeaseUntil, lease)
        .col_expr(Column::FinishedAt, finished)
        .col_expr(Column::UpdatedAt, time::now(kernel))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
}
