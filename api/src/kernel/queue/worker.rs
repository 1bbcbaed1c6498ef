//! Workers: claim what is due, run its handler, write down how it ended.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::entity::{
    audit_log::AuditOutcome,
    task::{self, Column, TaskState},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{Condition, ExprTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinError, time::sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::Instrument;

use super::{
    Handlers, Job, Outcome, TASK, TASK_FAILED,
    handler::Handler,
    store::{self, Beat, LEASE, held, to_state},
    time,
};
use crate::kernel::{
    Kernel,
    actor::PLATFORM,
    error::Result,
    event::{Entity, Event},
    metrics::TASK_SECONDS,
    trace,
    trouble::Trouble,
    tx::Tx,
    workers::{describe, describe_panic},
};

/// How often everybody looks, told or not.
const POLL: Duration = Duration::from_secs(1);
/// How often a worker says that it is still at it.
const BEAT: TimeDelta = TimeDelta::seconds(10);
/// How soon after a beat that didn't count.
const SOON: TimeDelta = TimeDelta::seconds(1);
/// How long a handler has after it was cancelled. Less than what a lease lasts without a word, and a stop takes.
const GRACE: Duration = Duration::from_secs(5);
/// The longest wait before the next attempt.
const MAX_BACKOFF: TimeDelta = TimeDelta::minutes(10);

/// Claims tasks until the shutdown, and runs up to `slots` at once.
pub(in crate::kernel) async fn run(kernel: Kernel, handlers: Handlers, slots: usize) {
    let free = Arc::new(Semaphore::new(slots));
    let shutdown = kernel.shutdown().clone();
    let mut trouble = Trouble::with("looking for tasks");
    loop {
        // Only here and below it stops: whatever was claimed is run or given back.
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = free.acquire() => {}
        }
        let next = turn(&kernel, &handlers, &free).await;
        trouble.note(&next);
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = kernel.clock().sleep_until(next.ok().flatten().unwrap_or(DateTime::<Utc>::MAX_UTC)) => {}
            () = kernel.queue().wake.notified() => {}
            () = sleep(POLL) => {}
        }
    }
}

/// Fills the free slots. Answers when to look again.
async fn turn(kernel: &Kernel, handlers: &Handlers, free: &Arc<Semaphore>) -> Result<Option<DateTime<Utc>>> {
    // Ahead first, then claim: what falls due in between is claimed now, and nothing is missed.
    let outlook = store::outlook(kernel).await?;
    let now = kernel.clock().now();
    if outlook.lapse.is_some_and(|at| at <= now) {
        reclaim(kernel).await?;
    }
    let slots = free.available_permits();
    let kinds: Vec<_> = handlers.kinds().collect();
    let tasks = store::claim(kernel, &kinds, slots as u64).await?;
    let is_full = tasks.len() == slots;
    for task in tasks {
        // Nobody else takes slots, and only kinds with a handler are claimed.
        let (Ok(slot), Some(handler)) = (free.clone().try_acquire_owned(), handlers.get(&task.kind)) else {
            continue;
        };
        kernel.queue().running().insert(task.id);
        let (kernel, handler) = (kernel.clone(), handler.clone());
        kernel.clone().queue().spawn(async move {
            attend(&kernel, &task, handler).await;
            drop(slot);
        });
    }
    if is_full {
        return Ok(Some(now));
    }
    Ok([outlook.due, outlook.lapse.filter(|at| *at > now)].into_iter().flatten().min())
}

/// Takes back the tasks of those who have gone silent.
pub(super) async fn reclaim(kernel: &Kernel) -> Result<()> {
    for task in store::lapsed(kernel).await? {
        tracing::warn!(task = %task.id, kind = task.kind, owner = task.lease_owner, "a lease has lapsed");
        settle(kernel, &task, End::Lapsed).await?;
    }
    Ok(())
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// Well.
    Well(Outcome),
    /// With this error.
    Failed(String),
    /// Nobody has heard of its worker for the length of a lease.
    Lapsed,
    /// Before its time, at the shutdown.
    Interrupted,
    /// The task is somebody else's by now: nothing to write.
    Lost,
}

impl End {
    fn of(result: Result<Result<Outcome>, JoinError>) -> Self {
        match result {
            Ok(Ok(outcome)) => Self::Well(outcome),
            Ok(Err(error)) => Self::Failed(describe(&error)),
            Err(error) => Self::Failed(match error.try_into_panic() {
                Ok(panic) => describe_panic(&*panic),
                Err(error) => error.to_string(),
            }),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Well(Outcome::Done) => "done",
            Self::Well(Outcome::Again(_)) => "again",
            Self::Failed(_) => "failed",
            Self::Lapsed => "lapsed",
            Self::Interrupted => "interrupted",
            Self::Lost => "lost",
        }
    }
}

/// Runs one claimed task to its end.
async fn attend(kernel: &Kernel, task: &task::Model, handler: Handler) {
    let began = Instant::now();
    let end = attempt(kernel, task, handler).await;
    tracing::debug!(task = %task.id, kind = task.kind, attempt = task.attempts, ?end, "a task's attempt ended");
    metrics::histogram!(TASK_SECONDS, "kind" => task.kind.clone(), "end" => end.name())
        .record(began.elapsed().as_secs_f64());
    // The effect is there: what is left to do is worth some patience. In the end the lease lapses and it runs again.
    for pause in [200, 1_000, 5_000] {
        match settle(kernel, task, end.clone()).await {
            Ok(()) => break,
            Err(error) => tracing::warn!(%error, task = %task.id, "writing down how a task ended"),
        }
        sleep(Duration::from_millis(pause)).await;
    }
    kernel.queue().running().remove(&task.id);
}

/// Runs the handler while the lease holds and the process lives.
async fn attempt(kernel: &Kernel, task: &task::Model, handler: Handler) -> End {
    let begun_at = kernel.clock().now();
    let cancelled = CancellationToken::new();
    let job = Job::new(kernel, task, cancelled.clone());
    // A task of its own: it may panic, and hold a thread for a while, and the heart beats on.
    let work = async move { handler(job).await }.instrument(trace::task(&task.kind));
    let mut work = AbortOnDropHandle::new(tokio::spawn(work));
    let end = tokio::select! {
        result = &mut work => return End::of(result),
        () = hold(kernel, task, begun_at) => End::Lost,
        () = kernel.shutdown().cancelled() => End::Interrupted,
    };
    cancelled.cancel();
    let result = tokio::time::timeout(GRACE, work).await;
    match (end, result) {
        (End::Interrupted, Ok(Ok(Ok(outcome)))) => End::Well(outcome),
        (end, _) => end,
    }
}

/// Keeps the lease. Ends when it is lost: the task was taken over or cancelled, or nobody could be told for its length.
async fn hold(kernel: &Kernel, task: &task::Model, mut since: DateTime<Utc>) {
    let lease = LEASE.to_std().unwrap_or_default();
    let (mut pause, mut held_at) = (BEAT, Instant::now());
    loop {
        kernel.clock().sleep_since(since, pause).await;
        since = kernel.clock().now();
        let asked_at = Instant::now();
        (pause, held_at) = match store::beat(kernel, task.id, task.epoch).await {
            Ok(Beat::Held) => (BEAT, asked_at),
            // If that transaction is undone, so is what it did for the lease.
            Ok(Beat::Busy) => (SOON, asked_at),
            Ok(Beat::Lost) => return,
            Err(_) if held_at.elapsed() > lease => return,
            Err(error) => {
                tracing::warn!(%error, task = %task.id, "prolonging a lease");
                (SOON, held_at)
            }
        };
    }
}

/// Writes down how an attempt ended, unless the task is somebody else's by now.
pub(super) async fn settle(kernel: &Kernel, task: &task::Model, end: End) -> Result<()> {
    let is_over = matches!(end, End::Well(Outcome::Done));
    let mut fence = held(task.id, task.epoch);
    let change = match end {
        End::Lost => return Ok(()),
        End::Well(Outcome::Done) => {
            to_state(kernel, TaskState::Completed).col_expr(Column::Progress, Expr::val(100_i16))
        }
        End::Well(Outcome::Again(at)) => to_state(kernel, TaskState::Pending)
            .col_expr(Column::RunAt, Expr::val(at))
            .col_expr(Column::Attempts, Expr::val(0))
            .col_expr(Column::LastError, Expr::val(None::<String>)),
        // The attempt doesn't count, and the next process takes it at once.
        End::Interrupted => {
            to_state(kernel, TaskState::Pending).col_expr(Column::Attempts, Expr::val(task.attempts - 1))
        }
        End::Failed(_) | End::Lapsed => {
            let (error, pause) = match end {
                End::Failed(error) => (error, backoff(task.attempts)),
                _ => {
                    // It may have come back to life since we looked.
                    fence = fence.add(Expr::col(Column::LeaseUntil).lt(time::now(kernel)));
                    ("its worker has gone silent".to_owned(), TimeDelta::zero())
                }
            };
            if task.attempts >= task.max_attempts {
                return give_up(kernel, task, error, fence).await;
            }
            to_state(kernel, TaskState::Pending)
                .col_expr(Column::RunAt, time::after(kernel, pause))
                .col_expr(Column::LastError, Expr::val(error))
        }
    };
    kernel.telemetry().update_many(change.filter(fence)).await?;
    if !is_over {
        kernel.queue().wake();
    }
    Ok(())
}

/// Fails the task for good, on the record.
async fn give_up(kernel: &Kernel, task: &task::Model, error: String, fence: Condition) -> Result<()> {
    let mut tx = Tx::system(kernel, "queue").await?;
    let change =
        to_state(kernel, TaskState::Failed).col_expr(Column::LastError, Expr::val(error)).filter(fence);
    if change.exec(tx.db()).await?.rows_affected == 0 {
        return tx.rollback().await;
    }
    let entity = Entity::new("Task", TASK, task.id, task.version + 1, PLATFORM);
    let event = Event::new(&TASK_FAILED, entity).outcome(AuditOutcome::Failure);
    // Not the error itself: it is free text, and may name people.
    tx.record(event.data(json!({ "kind": task.kind, "attempts": task.attempts })));
    tx.commit().await?;
    Ok(())
}

/// 1, 2, 4 … seconds after the first, second, third attempt, or down to half of it, so that what failed together
/// doesn't come back together.
fn backoff(attempts: i32) -> TimeDelta {
    let doublings = attempts.clamp(1, 16) - 1;
    let longest = TimeDelta::seconds(1 << doublings).min(MAX_BACKOFF);
    longest - TimeDelta::milliseconds(rand::random_range(0..=longest.num_milliseconds() / 2))
}
