use std::sync::Arc;

use ::entity::{dead_letter, event};
use chrono::TimeDelta;
use sea_orm::QueryOrder;
use uuid::Uuid;

use super::*;
use crate::kernel::{
    actor::PLATFORM,
    event::{Entity, Event},
    log,
    testing::{HAPPENED, happen, manual_clock, on_each, thing_happened, until_idle, workers},
    tx::Author,
    workers::Workers,
};

/// A reaction.
static REACTED: EventType = EventType {
    name: "tests.thing.reacted",
    version: 1,
    description: "Somebody reacted.",
    category: AuditCategory::System,
    severity: AuditSeverity::Info,
    action: "THING_REACT",
    permission: "tests.read",
};

/// Records that it reacted, and then does what the test says.
struct Echo {
    name: &'static str,
    begins: Begin,
    wants: &'static [&'static str],
    then: fn(i64) -> Result<()>,
}

impl Echo {
    const fn new(name: &'static str, then: fn(i64) -> Result<()>) -> Self {
        Self { name, begins: Begin::Now, wants: &["tests.thing.happened"], then }
    }
}

#[async_trait::async_trait]
impl Reactor for Echo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn begins(&self) -> Begin {
        self.begins
    }

    fn wants(&self, event_type: &str) -> bool {
        self.wants.contains(&event_type)
    }

    async fn react(&self, tx: &mut Tx, event: &LogEvent) -> Result<()> {
        let entity = Entity { kind: "Echo", id: self.name.into(), version: None, organization_id: PLATFORM };
        tx.record(Event::new(&REACTED, entity).data(event.row.payload.clone()));
        (self.then)(event.row.payload["number"].as_i64().unwrap_or_default())
    }
}

fn with(reactors: Vec<Echo>) -> Workers {
    let reactors = reactors.into_iter().map(|echo| Arc::new(echo) as Arc<dyn Reactor>).collect();
    Workers { reactors, ..workers() }
}

/// Those of a type, in their order.
async fn events(kernel: &Kernel, ty: &EventType) -> Vec<event::Model> {
    let all = log::read(kernel.db().writer(), 0, i64::MAX, 10_000).await.unwrap();
    all.into_iter().map(|(_, event)| event).filter(|event| event.event_type == ty.name).collect()
}

/// The numbers that were reacted to.
async fn reactions(kernel: &Kernel) -> Vec<i64> {
    events(kernel, &REACTED).await.iter().map(|event| event.payload["number"].as_i64().unwrap()).collect()
}

async fn cursor(kernel: &Kernel, name: &str) -> reactor_cursor::Model {
    reactor_cursor::Entity::find_by_id(name).one(kernel.db().writer()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_react_once_and_in_order() {
    on_each(async |database| {
        let clock = manual_clock();
        let kernels = [database.kernel(&clock).await, database.kernel(&clock).await];
        for kernel in &kernels {
            kernel.start(with(vec![Echo::new("echo", |_| Ok(()))])).await.unwrap();
        }
        for number in 0..60 {
            happen(&kernels[usize::from(number % 3 == 0)], [number]).await;
        }
        until_idle(&[&kernels[0], &kernels[1]]).await;
        let reactions = events(&kernels[0], &REACTED).await;
        let causes = events(&kernels[0], &HAPPENED).await;
        assert_eq!((reactions.len(), causes.len()), (60, 60));
        let mut numbers: Vec<_> =
            reactions.iter().map(|event| event.payload["number"].as_i64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..60).collect::<Vec<_>>());
        for reaction in reactions {
            let cause = causes.iter().find(|cause| Some(cause.id) == reaction.causation_id).unwrap();
            assert_eq!((&cause.payload, reaction.depth), (&reaction.payload, 1));
            assert_eq!(reaction.actor_id, "echo");
        }
        for kernel in &kernels {
            kernel.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_survives_a_restart() {
    on_each(async |database| {
        let clock = manual_clock();
        let first = database.kernel(&clock).await;
        happen(&first, [0]).await;
        first.start(workers()).await.unwrap();
        until_idle(&[&first]).await;
        first.stop().await;

        // The one begins now, the other with what is there.
        let all = || Echo { begins: Begin::Horizon, ..Echo::new("all", |_| Ok(())) };
        let second = database.kernel(&clock).await;
        second.start(with(vec![Echo::new("new", |_| Ok(())), all()])).await.unwrap();
        until_idle(&[&second]).await;
        assert_eq!(reactions(&second).await, [0]);
        happen(&second, [1]).await;
        until_idle(&[&second]).await;
        assert_eq!(reactions(&second).await, [0, 1, 1]);
        second.stop().await;

        // Meanwhile things happen. Nothing is reacted to twice, and nothing is missed.
        let meanwhile = database.kernel(&clock).await;
        happen(&meanwhile, [2]).await;
        let third = database.kernel(&clock).await;
        third.start(with(vec![Echo::new("new", |_| Ok(())), all()])).await.unwrap();
        until_idle(&[&third]).await;
        assert_eq!(reactions(&third).await, [0, 1, 1, 2, 2]);
        third.stop().await;
    })
    .await;
}

#[tokio::test]
async fn unwanted_events_cost_next_to_nothing() {
    on_each(async |database| {
        let kernel = database.kernel(&manual_clock()).await;
        kernel.start(with(vec![Echo { wants: &[], ..Echo::new("echo", |_| Ok(())) }])).await.unwrap();
        happen(&kernel, 0..400).await;
        until_idle(&[&kernel]).await;
        assert_eq!(cursor(&kernel, "echo").await.position, 0);
        for _ in 0..2 {
            happen(&kernel, 0..400).await;
        }
        until_idle(&[&kernel]).await;
        assert_eq!(cursor(&kernel, "echo").await.position, 1_000);
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_fails_five_times_is_parked_and_the_rest_goes_on() {
    fn then(number: i64) -> Result<()> {
        match number {
            1 => Err(Error::internal("it is the one")),
            2 => panic!("it is the other"),
            _ => Ok(()),
        }
    }
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        kernel.start(with(vec![Echo::new("echo", then)])).await.unwrap();
        happen(&kernel, 0..4).await;
        for (position, number) in [(2, 1), (3, 2)] {
            for (failures, pause) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
                until_idle(&[&kernel]).await;
                let row = cursor(&kernel, "echo").await;
                assert_eq!(
                    (row.position, row.failing_position, row.failures),
                    (position - 1, Some(position), failures)
                );
                assert!(!reactions(&kernel).await.contains(&number));
                clock.advance(TimeDelta::seconds(pause));
            }
        }
        until_idle(&[&kernel]).await;
        assert_eq!(reactions(&kernel).await, [0, 3]);
        assert_eq!(cursor(&kernel, "echo").await.failing_position, None);
        let letters = dead_letter::Entity::find().order_by_asc(dead_letter::Column::Position);
        let letters = letters.all(kernel.db().writer()).await.unwrap();
        let errors: Vec<_> = letters.iter().map(|letter| (letter.position, &*letter.error)).collect();
        assert_eq!(errors, [(2, "it is the one"), (3, "it panicked: it is the other")]);
        let parked = events(&kernel, &DEAD_LETTER_PARKED).await;
        assert_eq!(parked.len(), 2);
        assert_eq!((&*parked[0].entity_id, parked[0].causation_id), ("echo", Some(letters[0].event_id)));
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn two_broken_reactors_do_not_feed_each_other_forever() {
    const ALL: &[&str] = &["tests.thing.happened", "events.dead_letter.parked"];
    on_each(async |database| {
        let clock = manual_clock();
        let kernel = database.kernel(&clock).await;
        let broken = |name| Echo { wants: ALL, ..Echo::new(name, |_| Err(Error::internal("broken"))) };
        kernel.start(with(vec![broken("one"), broken("two")])).await.unwrap();
        // It has thirteen causes already.
        let author = Author { cause: Some((Uuid::nil(), 13)), ..Author::system("test") };
        let mut tx = Tx::begin(&kernel, author).await.unwrap();
        tx.record(thing_happened(0));
        tx.commit().await.unwrap();
        for _ in 0..20 {
            until_idle(&[&kernel]).await;
            clock.advance(TimeDelta::seconds(8));
        }
        until_idle(&[&kernel]).await;
        // Each parks the event, then the other's letter, and then the other's second letter, which makes none.
        let parked = events(&kernel, &DEAD_LETTER_PARKED).await;
        let mut depths: Vec<_> = parked.iter().map(|event| event.depth).collect();
        depths.sort_unstable();
        assert_eq!(depths, [15, 15, 16, 16]);
        assert_eq!(dead_letter::Entity::find().all(kernel.db().writer()).await.unwrap().len(), 6);
        kernel.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_is_not_the_events_fault() {
    static LEFT: Mutex<i32> = Mutex::new(0);
    fn then(_: i64) -> Result<()> {
        let mut left = LEFT.lock().unwrap();
        *left -= 1;
        if *left < 0 { Ok(()) } else { Err(Error::unavailable("the database is busy: try again")) }
    }
    on_each(async |database| {
        *LEFT.lock().unwrap() = 6;
        let kernel = database.kernel(&manual_clock()).await;
        kernel.start(with(vec![Echo::new("echo", then)])).await.unwrap();
        happen(&kernel, [0]).await;
        until_idle(&[&kernel]).await;
        assert_eq!(reactions(&kernel).await, [0]);
        assert!(dead_letter::Entity::find().one(kernel.db().writer()).await.unwrap().is_none());
        kernel.stop().await;
    })
    .await;
}
