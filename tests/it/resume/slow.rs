//! A client that doesn't read.

use opsgate::{
    incidents,
    kernel::{
        Kernel,
        actor::PLATFORM,
        clock::Clock,
        event::{Entity, Event},
        log::{self, EventCursor},
        tx::Tx,
    },
};
use tests::{Client, Database, Program, Subscriber};

use crate::OPSGATE;

/// What happens while it doesn't read.
const EVENTS: usize = 100_000;
/// What the gateway's memory may grow by, in bytes. The payloads together are twice that: who kept them for the slow
/// client, or for everybody, would need more.
const GROWTH: u64 = 100 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stalls_for_100_000_events_gets_them_all_and_costs_nobody_anything() {
    let database = Database::create().await;
    let gateway = Program::new(OPSGATE, &database).serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let kernel = opsgate::app::open_kernel(&database.config(), Clock::system()).await.unwrap();
    let begin = log::head(kernel.db().reader()).await.unwrap().position;

    let now = EventCursor::new(kernel.log_id(), begin).to_string();
    let mut fast = subscribe(&client, &now).await;
    let mut slow = subscribe(&client, &now).await;
    let (before, _) = gateway.memory();
    let writing = tokio::spawn(write(kernel.clone()));
    // The fast one gets everything while the slow one doesn't read a byte.
    fast.hear(EVENTS).await;
    writing.await.unwrap();
    slow.hear(EVENTS).await;
    let (_, most) = gateway.memory();

    for subscriber in [fast, slow] {
        let places = (begin + 1..).map(|position| EventCursor::new(kernel.log_id(), position).to_string());
        assert!(
            subscriber.heard.iter().map(|event| &event.cursor).eq(&places.take(EVENTS).collect::<Vec<_>>())
        );
    }
    let growth = most - before;
    assert!(growth < GROWTH, "the gateway has grown by {} MiB", growth >> 20);
}

/// Follows with payloads of 2 KiB: a field has a long name.
async fn subscribe(client: &Client, after: &str) -> Subscriber {
    let name = "n".repeat(2_000);
    Subscriber::open_with(client, after, &format!("{name}: type")).await
}

async fn write(kernel: Kernel) {
    for _ in 0..EVENTS / 500 {
        let mut tx = Tx::system(&kernel, "test").await.unwrap();
        tx.record_many((0..500).map(|_| {
            let entity =
                Entity { kind: "Test", id: "test".to_owned(), version: None, organization_id: PLATFORM };
            Event::new(incidents::EVENTS[0], entity)
        }));
        tx.commit().await.unwrap();
    }
}
