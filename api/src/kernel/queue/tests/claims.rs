//! Who gets a task, and who has it no more.

use std::collections::HashSet;

use ::entity::task::TaskState;
use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{all, enqueue, only, task};
use crate::kernel::{
    clock::Clock,
    queue::{
        Job, NewTask, Outcome,
        store::{self, Beat},
        worker::{End, reclaim, settle},
    },
    testing::{commit, manual_clock, on_each},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_claim_four_hundred_tasks_and_none_twice() {
    on_each(async |database| {
        let clock = Clock::system();
        let kernels = [database.kernel(&clock).await, database.kernel(&clock).await];
        commit(&kernels[0], async |tx| {
            let tasks = (0..400).map(|n| NewTask::new("test", n).unwrap().priority(1 + n % 9)).collect();
            assert_eq!(tx.enqueue_many(tasks).await?.len(), 400);
            Ok(())
        })
        .await;
        let mut workers = JoinSet::new();
        for n in 0..8 {
            let kernel = kernels[n % 2].clone();
            workers.spawn(async move {
                let mut claimed = Vec::new();
                loop {
                    let tasks = store::claim(&kernel, &["test"], 3).await.unwrap();
                    assert!(tasks.len() <= 3);
                    if tasks.is_empty() {
                        return claimed;
                    }
                    for task in tasks {
                        assert_eq!((task.state, task.epoch, task.attempts), (TaskState::Running, 1, 1));
                        settle(&kernel, &task, End::Well(Outcome::Done)).await.unwrap();
                        claimed.push(task.id);
                    }
                }
            });
        }
        let claimed: Vec<_> = workers.join_all().await.concat();
        assert_eq!(claimed.len(), 400);
        assert_eq!(claimed.into_iter().collect::<HashSet<_>>().len(), 400);
        assert!(all(&kernels[0]).await.iter().all(|task| task.state == TaskState::Completed));
    })
    .await;
}

#[tokio::test]
async fn the_most_urgent_come_first_and_none_before_its_time() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let in_a_minute = clock.now() + TimeDelta::minutes(1);
        for (name, priority, run_at, kind) in [
            ("last", 9, None, "test"),
            ("usual", 5, None, "test"),
            ("later", 1, Some(in_a_minute), "test"),
            ("first", 1, None, "test"),
            ("unknown", 1, None, "nobody's"),
        ] {
            let new = NewTask { run_at, ..NewTask::new(kind, name).unwrap().priority(priority) };
            enqueue(&kernel, new).await.unwrap();
        }
        let claim = async |limit| {
            let tasks = store::claim(&kernel, &["test"], limit).await.unwrap();
            tasks.into_iter().map(|task| task.payload).collect::<Vec<_>>()
        };
        assert_eq!(claim(2).await, [json!("first"), json!("usual")]);
        assert_eq!(claim(9).await, [json!("last")]);
        assert_eq!(store::outlook(&kernel).await.unwrap().due, Some(in_a_minute));
        clock.set(in_a_minute);
        assert_eq!(claim(9).await, [json!("later")]);
        assert!(store::claim(&kernel, &[], 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_key_is_taken_while_its_task_waits_or_runs() {
    on_each(async |database| {
        let kernel = database.kernel(&manual_clock()).await;
        let new = || task("test").unique("k");
        assert!(enqueue(&kernel, new()).await.is_some());
        assert!(enqueue(&kernel, new()).await.is_none());
        assert!(enqueue(&kernel, task("other").unique("k")).await.is_some());
        let claimed = store::claim(&kernel, &["test"], 9).await.unwrap();
        assert!(enqueue(&kernel, new()).await.is_none());
        settle(&kernel, &claimed[0], End::Well(Outcome::Again(kernel.clock().now()))).await.unwrap();
        assert!(enqueue(&kernel, new()).await.is_none());
        let claimed = store::claim(&kernel, &["test"], 9).await.unwrap();
        settle(&kernel, &claimed[0], End::Well(Outcome::Done)).await.unwrap();
        commit(&kernel, async |tx| {
            assert_eq!(tx.enqueue_many(vec![new(), new(), task("test")]).await?.len(), 2);
            Ok(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_priority_beyond_the_scale_is_refused() {
    on_each(async |database| {
        let kernel = database.kernel(&manual_clock()).await;
        for priority in [0, 10] {
            let tx = crate::kernel::tx::Tx::system(&kernel, "test").await.unwrap();
            let refused = store::insert(&kernel, tx.db(), vec![task("test").priority(priority)], None).await;
            assert_eq!(refused.unwrap_err().code(), "INTERNAL_SERVER_ERROR");
        }
    })
    .await;
}

#[tokio::test]
async fn a_lapsed_lease_passes_on_and_the_old_holder_is_fenced_off() {
    on_each(async |database| {
        let clock = manual_clock();
        let (old, new) = (database.kernel(&clock).await, database.kernel(&clock).await);
        enqueue(&old, task("test")).await.unwrap();
        let first = store::claim(&old, &["test"], 1).await.unwrap().remove(0);
        let job = Job::new(&old, &first, CancellationToken::new());
        let tx = job.begin().await.unwrap();
        if old.db().is_postgres() {
            // On SQLite it waits for the one writer. Here it may not wait for the lock.
            assert_eq!(store::beat(&old, first.id, first.epoch).await.unwrap(), Beat::Busy);
        }
        tx.rollback().await.unwrap();

        // A lease that holds isn't taken, nor one that is prolonged in time.
        clock.advance(TimeDelta::seconds(29));
        reclaim(&new).await.unwrap();
        assert_eq!(store::beat(&old, first.id, first.epoch).await.unwrap(), Beat::Held);
        clock.advance(TimeDelta::seconds(29));
        reclaim(&new).await.unwrap();
        assert_eq!(only(&new).await.state, TaskState::Running);
        // Whoever holds it itself doesn't take it for abandoned.
        clock.advance(TimeDelta::seconds(2));
        assert_eq!(store::outlook(&new).await.unwrap().lapse, Some(clock.now() - TimeDelta::seconds(1)));
        old.queue().running().insert(first.id);
        reclaim(&old).await.unwrap();
        assert_eq!(only(&new).await.state, TaskState::Running);

        reclaim(&new).await.unwrap();
        let second = store::claim(&new, &["test"], 1).await.unwrap().remove(0);
        assert_eq!((second.id, second.epoch, second.attempts), (first.id, 2, 2));

        assert_eq!(job.begin().await.unwrap_err().code(), "UNAVAILABLE");
        assert_eq!(job.progress(50, "half").await.unwrap_err().code(), "UNAVAILABLE");
        assert_eq!(store::beat(&old, first.id, first.epoch).await.unwrap(), Beat::Lost);
        for end in [End::Well(Outcome::Done), End::Failed("no".to_owned()), End::Interrupted, End::Lapsed] {
            settle(&old, &first, end).await.unwrap();
        }
        assert_eq!(only(&new).await, second);
        settle(&new, &second, End::Well(Outcome::Done)).await.unwrap();
        let done = only(&new).await;
        assert_eq!((done.state, done.lease_owner, done.progress), (TaskState::Completed, None, 100));
        assert_eq!(done.finished_at, Some(clock.now()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_over_while_a_transaction_of_the_holder_is_open() {
    on_each(async |database| {
        let clock = manual_clock();
        let (old, new) = (database.kernel(&clock).await, database.kernel(&clock).await);
        enqueue(&old, task("test")).await.unwrap();
        let claimed = store::claim(&old, &["test"], 1).await.unwrap().remove(0);
        clock.advance(TimeDelta::seconds(31));
        // It is late, and nobody has noticed yet.
        let tx = Job::new(&old, &claimed, CancellationToken::new()).begin().await.unwrap();
        let late = store::lapsed(&new).await.unwrap();
        assert_eq!(late.len(), 1);
        let other = new.clone();
        let takeover = tokio::spawn(async move { settle(&other, &late[0], End::Lapsed).await });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert!(!takeover.is_finished());
        tx.commit_bookkeeping().await.unwrap();
        takeover.await.unwrap().unwrap();
        let task = only(&new).await;
        assert_eq!((task.state, task.epoch), (TaskState::Running, 1));
        assert_eq!(task.lease_until, Some(clock.now() + store::LEASE));
    })
    .await;
}

#[tokio::test]
async fn whoever_dies_at_every_attempt_fails_in_the_end() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        enqueue(&kernel, task("test").max_attempts(2)).await.unwrap();
        for expected in [TaskState::Pending, TaskState::Failed] {
            assert_eq!(store::claim(&kernel, &["test"], 1).await.unwrap().len(), 1);
            clock.advance(TimeDelta::seconds(31));
            reclaim(&kernel).await.unwrap();
            assert_eq!(only(&kernel).await.state, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn progress_never_goes_back_within_an_attempt() {
    on_each(async |database| {
        let kernel = database.kernel(&manual_clock()).await;
        enqueue(&kernel, task("test")).await.unwrap();
        let claimed = store::claim(&kernel, &["test"], 1).await.unwrap().remove(0);
        let job = Job::new(&kernel, &claimed, CancellationToken::new());
        for (percent, expected) in [(40, 40), (20, 40), (200, 100)] {
            job.progress(percent, "on it").await.unwrap();
            assert_eq!(only(&kernel).await.progress, expected);
        }
        settle(&kernel, &claimed, End::Interrupted).await.unwrap();
        let again = store::claim(&kernel, &["test"], 1).await.unwrap().remove(0);
        assert_eq!((again.progress, again.attempts), (0, 1));
    })
    .await;
}
