//! What recurs: cron expressions, the ticker, housekeeping.

use ::entity::{idempotency_key, schedule, task::TaskState};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;
use uuid::Uuid;

use super::{all, enqueue, task};
use crate::kernel::{
    Kernel,
    clock::Clock,
    queue::{Handlers, Outcome, Schedule, housekeeping, next_time, schedule as schedules},
    testing::{manual_clock, on_each, until_idle, workers},
    workers::Workers,
};

const NIGHTLY: Schedule =
    Schedule { name: "test.nightly", cron: "30 2 * * *", zone: "Europe/Berlin", kind: "test.nightly" };

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn wall_times_by_the_zone() {
    for (cron, zone, after, expected) in [
        ("30 2 * * *", "UTC", "2026-03-29T00:00:00Z", "2026-03-29T02:30:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-28T01:30:00Z"),
        // 02:30 doesn't exist: the clocks go from 02:00 to 03:00. Its next one does.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
        // 02:30 comes twice: the first counts, and only that.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
        // By the hour, through both changes: no hour is left out, none comes twice.
        ("0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
        ("0 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
        // Exactly at the time, the next is meant.
        ("0 9 * * MON", "America/New_York", "2026-11-23T14:00:00Z", "2026-11-30T14:00:00Z"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
    ] {
        assert_eq!(next_time(cron, zone, at(after)), Ok(at(expected)), "{cron} in {zone} after {after}");
    }
}

#[test]
fn mistakes_are_named() {
    let now = at("2026-01-01T00:00:00Z");
    assert!(next_time("0 25 * * *", "UTC", now).unwrap_err().contains("isn't a cron expression"));
    assert!(next_time("0 5 * * *", "Europe/Bärlin", now).unwrap_err().contains("isn't a time zone"));
    assert!(next_time("0 0 30 2 *", "UTC", now).unwrap_err().contains("has no next time"));
}

async fn row(kernel: &Kernel) -> schedule::Model {
    schedule::Entity::find_by_id(NIGHTLY.name).one(kernel.db().reader()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_schedule_fires_once_however_many_look_and_however_much_was_missed() {
    on_each(async |database| {
        let clock = Clock::manual(at("2026-03-28T12:00:00Z"));
        let kernels = [database.kernel(&clock).await, database.kernel(&clock).await];
        for kernel in &kernels {
            schedules::declare(kernel, &[NIGHTLY]).await.unwrap();
        }
        let tick = async || {
            let [one, two] = &kernels;
            tokio::try_join!(schedules::turn(one, &[NIGHTLY]), schedules::turn(two, &[NIGHTLY])).unwrap()
        };
        assert_eq!(tick().await.0, Some(at("2026-03-29T01:00:00Z")));
        assert!(all(&kernels[0]).await.is_empty());
        clock.set(at("2026-03-29T01:00:00Z"));
        tick().await;
        tick().await;
        let keys =
            async || all(&kernels[0]).await.into_iter().filter_map(|t| t.unique_key).collect::<Vec<_>>();
        assert_eq!(keys().await, ["test.nightly@2026-03-29T01:00:00Z"]);
        // Nobody runs for three nights.
        clock.set(at("2026-04-01T12:00:00Z"));
        tick().await;
        tick().await;
        assert_eq!(keys().await, ["test.nightly@2026-03-29T01:00:00Z", "test.nightly@2026-03-30T00:30:00Z"]);
        let row = row(&kernels[0]).await;
        assert_eq!(
            (row.next_at, row.last_at),
            (at("2026-04-02T00:30:00Z"), Some(at("2026-03-30T00:30:00Z")))
        );
    })
    .await;
}

#[tokio::test]
async fn a_declaration_that_changes_begins_anew_and_one_that_does_not_stays() {
    on_each(async |database| {
        let clock = Clock::manual(at("2026-06-01T12:00:00Z"));
        let kernel = database.kernel(&clock).await;
        schedules::declare(&kernel, &[NIGHTLY]).await.unwrap();
        let first = row(&kernel).await;
        clock.advance(TimeDelta::days(3));
        schedules::declare(&kernel, &[NIGHTLY]).await.unwrap();
        assert_eq!(row(&kernel).await, first);
        schedules::declare(&kernel, &[Schedule { cron: "0 4 * * *", ..NIGHTLY }]).await.unwrap();
        let changed = row(&kernel).await;
        assert_eq!((&*changed.cron, changed.next_at), ("0 4 * * *", at("2026-06-05T02:00:00Z")));
        let wrong = schedules::declare(&kernel, &[Schedule { zone: "Atlantis", ..NIGHTLY }]).await;
        assert_eq!(wrong.unwrap_err().code(), "INTERNAL_SERVER_ERROR");
    })
    .await;
}

#[tokio::test]
async fn what_is_scheduled_runs() {
    on_each(async |database| {
        let clock = Clock::manual(at("2026-06-01T12:00:00Z"));
        let kernel = database.kernel(&clock).await;
        let handlers = Handlers::new().on(NIGHTLY.kind, |_| async { Ok(Outcome::Done) });
        kernel.start(Workers { handlers, schedules: vec![NIGHTLY], ..workers() }).await.unwrap();
        for nights in 1..=2 {
            clock.advance(TimeDelta::days(1));
            until_idle(&[&kernel]).await;
            let tasks = all(&kernel).await;
            let ran = tasks.iter().filter(|t| t.kind == NIGHTLY.kind && t.state == TaskState::Completed);
            assert_eq!(ran.count(), nights);
        }
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn housekeeping_deletes_what_is_kept_for_a_while() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let key = |n: i32, age: TimeDelta| {
            idempotency_key::Model {
                id: Uuid::new_v4(),
                actor: "test".to_owned(),
                key: n.to_string(),
                response_path: "x".to_owned(),
                input_hash: vec![],
                object_id: None,
                receipt: Some(json!({})),
                sealed_secret: None,
                created_at: clock.now() - age,
            }
            .into_active_model()
        };
        for chunk in 0..3 {
            let old = (0..400).map(|n| key(chunk * 400 + n, TimeDelta::hours(25)));
            idempotency_key::Entity::insert_many(old)
                .exec_without_returning(kernel.db().writer())
                .await
                .unwrap();
        }
        let new = key(-1, TimeDelta::hours(23));
        idempotency_key::Entity::insert_many([new])
            .exec_without_returning(kernel.db().writer())
            .await
            .unwrap();

        let handlers = Handlers::new().on("test", |_| async { Ok(Outcome::Done) });
        kernel.start(Workers { handlers, ..workers() }).await.unwrap();
        enqueue(&kernel, task("test")).await.unwrap();
        until_idle(&[&kernel]).await;
        let count = async || idempotency_key::Entity::find().all(kernel.db().reader()).await.unwrap().len();
        assert_eq!(count().await, 1_201);
        clock.advance(TimeDelta::minutes(60));
        until_idle(&[&kernel]).await;
        assert_eq!(count().await, 1);
        let kinds = async || all(&kernel).await.into_iter().map(|task| task.kind).collect::<Vec<_>>();
        assert_eq!(kinds().await, ["test", housekeeping::KIND]);
        clock.advance(TimeDelta::days(7));
        until_idle(&[&kernel]).await;
        // The one that is running now, and the one before where it isn't a week old.
        assert!(!kinds().await.contains(&"test".to_owned()));
        kernel.stop().await;
    })
    .await;
}
