//! What becomes of a task: runs with real workers, on a clock that the test moves.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use ::entity::{event, task::TaskState};
use chrono::TimeDelta;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::sync::mpsc;

use super::{all, enqueue, only, task};
use crate::kernel::{
    clock::Clock,
    error::Error,
    queue::{Handlers, Job, NewTask, Outcome, TASK, TASK_FAILED},
    testing::{manual_clock, on_each, until_idle, workers},
    workers::Workers,
};

fn with(handlers: Handlers) -> Workers {
    Workers { handlers, ..workers() }
}

#[tokio::test]
async fn a_task_runs_with_its_payload_when_its_time_has_come() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let (ran, mut runs) = mpsc::unbounded_channel();
        let handler = move |job: Job| {
            let ran = ran.clone();
            async move {
                ran.send((job.payload::<String>()?, job.kernel.clock().now())).unwrap();
                Ok(Outcome::Done)
            }
        };
        kernel.start(with(Handlers::new().on("test", handler))).await.unwrap();
        enqueue(&kernel, NewTask::new("test", "now").unwrap()).await.unwrap();
        let at = clock.now() + TimeDelta::hours(1);
        enqueue(&kernel, NewTask::new("test", "later").unwrap().at(at)).await.unwrap();
        until_idle(&[&kernel]).await;
        assert_eq!(runs.try_recv().unwrap().0, "now");
        clock.set(at - TimeDelta::microseconds(1));
        until_idle(&[&kernel]).await;
        assert!(runs.try_recv().is_err());
        clock.set(at);
        until_idle(&[&kernel]).await;
        assert_eq!(runs.try_recv().unwrap(), ("later".to_owned(), at));
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn on_the_real_clock_too() {
    on_each(async |database| {
        let clock = Clock::system();
        let kernel = database.kernel(&clock).await;
        let (ran, mut runs) = mpsc::unbounded_channel();
        let handler = move |job: Job| {
            let ran = ran.clone();
            async move {
                ran.send(()).unwrap();
                if job.attempt == 1 { Err(Error::internal("once")) } else { Ok(Outcome::Done) }
            }
        };
        kernel.start(with(Handlers::new().on("test", handler))).await.unwrap();
        let started = clock.now();
        enqueue(&kernel, task("test").at(started + TimeDelta::milliseconds(300))).await.unwrap();
        runs.recv().await.unwrap();
        let waited = clock.now() - started;
        assert!(waited >= TimeDelta::milliseconds(300), "{waited}");
        // Its second attempt, half a second to a second later.
        runs.recv().await.unwrap();
        let waited = clock.now() - started;
        assert!(waited >= TimeDelta::milliseconds(800), "{waited}");
        until_idle(&[&kernel]).await;
        assert_eq!(only(&kernel).await.state, TaskState::Completed);
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn failures_are_retried_with_growing_pauses_and_then_on_the_record() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let handler =
            |_: Job| async { Err(Error::internal("refused: Authorization: Bearer c2VjcmV0LXRva2Vu")) };
        kernel.start(with(Handlers::new().on("test", handler))).await.unwrap();
        let id = enqueue(&kernel, task("test").max_attempts(4)).await.unwrap();
        for (attempt, pause) in [(1, 1_000), (2, 2_000), (3, 4_000)] {
            until_idle(&[&kernel]).await;
            let task = only(&kernel).await;
            assert_eq!((task.state, task.attempts), (TaskState::Pending, attempt));
            let error = task.last_error.unwrap();
            assert!(error.starts_with("refused") && !error.contains("c2VjcmV0"), "{error}");
            let wait = (task.run_at - clock.now()).num_milliseconds();
            assert!((pause / 2..=pause).contains(&wait), "{wait} after attempt {attempt}");
            clock.set(task.run_at);
        }
        until_idle(&[&kernel]).await;
        let failed = only(&kernel).await;
        assert_eq!((failed.state, failed.attempts), (TaskState::Failed, 4));
        assert_eq!((failed.lease_until, failed.finished_at), (None, Some(clock.now())));
        let events = event::Entity::find().all(kernel.db().reader()).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].event_type, TASK_FAILED.name);
        assert_eq!(
            (&*events[0].entity_id, events[0].entity_version),
            (&*TASK.encode(id), Some(failed.version))
        );
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_recurring_task_is_one_row() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let handler = |job: Job| async move {
            assert_eq!(job.attempt, 1);
            Ok(Outcome::Again(job.kernel.clock().now() + TimeDelta::minutes(5)))
        };
        kernel.start(with(Handlers::new().on("test", handler))).await.unwrap();
        enqueue(&kernel, task("test").unique("k")).await.unwrap();
        for runs in 1..=3 {
            until_idle(&[&kernel]).await;
            let task = only(&kernel).await;
            assert_eq!((task.state, task.epoch, task.attempts), (TaskState::Pending, runs, 0));
            assert_eq!(task.run_at, clock.now() + TimeDelta::minutes(5));
            clock.advance(TimeDelta::minutes(5));
        }
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_a_failure_and_the_worker_lives() {
    on_each(async |database| {
        let kernel = database.kernel(&manual_clock()).await;
        let handlers = Handlers::new()
            .on("bad", |_| async { panic!("at the disco") })
            .on("good", |_| async { Ok(Outcome::Done) });
        kernel.start(Workers { slots: 1, ..with(handlers) }).await.unwrap();
        enqueue(&kernel, task("bad").max_attempts(1)).await.unwrap();
        enqueue(&kernel, task("good")).await.unwrap();
        until_idle(&[&kernel]).await;
        let tasks = all(&kernel).await;
        assert_eq!((tasks[0].state, tasks[1].state), (TaskState::Failed, TaskState::Completed));
        assert_eq!(tasks[0].last_error.as_deref(), Some("it panicked: at the disco"));
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_gives_tasks_back_at_once_and_uncounted() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let (ran, mut runs) = mpsc::unbounded_channel();
        let heeds = move |job: Job| {
            let ran = ran.clone();
            async move {
                ran.send(()).unwrap();
                job.cancelled.cancelled().await;
                if job.kind == "finishes" { Ok(Outcome::Done) } else { Err(Error::unavailable("stopped")) }
            }
        };
        let handlers = Handlers::new().on("finishes", heeds.clone()).on("stops", heeds);
        kernel.start(with(handlers)).await.unwrap();
        enqueue(&kernel, task("finishes")).await.unwrap();
        enqueue(&kernel, task("stops")).await.unwrap();
        runs.recv().await.unwrap();
        runs.recv().await.unwrap();
        kernel.stop().await;
        let tasks = all(&kernel).await;
        assert_eq!(tasks[0].state, TaskState::Completed);
        assert_eq!((tasks[1].state, tasks[1].attempts), (TaskState::Pending, 0));
        assert_eq!((&tasks[1].lease_owner, &tasks[1].last_error), (&None, &None));
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_lost_its_lease_is_cancelled() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let (ran, mut runs) = mpsc::unbounded_channel();
        let handler = move |job: Job| {
            let ran = ran.clone();
            async move {
                ran.send("runs").unwrap();
                job.cancelled.cancelled().await;
                ran.send("cancelled").unwrap();
                assert!(job.begin().await.is_err());
                ran.send("fenced off").unwrap();
                Ok(Outcome::Done)
            }
        };
        kernel.start(with(Handlers::new().on("test", handler))).await.unwrap();
        let id = enqueue(&kernel, task("test")).await.unwrap();
        assert_eq!(runs.recv().await.unwrap(), "runs");
        let cancel = ::entity::task::Entity::update_many()
            .col_expr(::entity::task::Column::State, Expr::val(TaskState::Cancelled))
            .filter(::entity::task::Column::Id.eq(id));
        kernel.telemetry().update_many(cancel).await.unwrap();
        clock.advance(TimeDelta::seconds(10));
        assert_eq!(runs.recv().await.unwrap(), "cancelled");
        assert_eq!(runs.recv().await.unwrap(), "fenced off");
        until_idle(&[&kernel]).await;
        kernel.stop().await;
        assert_eq!(only(&kernel).await.state, TaskState::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_handler_outlives_its_first_lease() {
    on_each(async |database| {
        let clock = manual_clock();
        let (kernel, other) = (database.kernel(&clock).await, database.kernel(&clock).await);
        let (ran, mut runs) = mpsc::unbounded_channel();
        let count = Arc::new(AtomicU32::new(0));
        let handler = move |job: Job| {
            let (ran, count) = (ran.clone(), count.clone());
            async move {
                count.fetch_add(1, Ordering::Relaxed);
                ran.send(()).unwrap();
                job.kernel.clock().sleep(TimeDelta::minutes(2)).await;
                assert_eq!(count.load(Ordering::Relaxed), 1);
                Ok(Outcome::Done)
            }
        };
        kernel.start(with(Handlers::new().on("test", handler))).await.unwrap();
        enqueue(&kernel, task("test")).await.unwrap();
        runs.recv().await.unwrap();
        for _ in 0..12 {
            let before = only(&kernel).await.lease_until;
            clock.advance(TimeDelta::seconds(10));
            let prolonged = async {
                while only(&kernel).await.lease_until == before {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(std::time::Duration::from_secs(30), prolonged).await.expect("a beat");
            super::super::worker::reclaim(&other).await.unwrap();
        }
        until_idle(&[&kernel]).await;
        let done = only(&kernel).await;
        assert_eq!((done.state, done.attempts), (TaskState::Completed, 1));
        kernel.stop().await;
    })
    .await;
}
