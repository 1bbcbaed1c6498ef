//! A client that doesn't read its stream.

use opsgate::{
    incidents,
    kernel::{
        actor::PLATFORM,
        clock::Clock,
        event::{Entity, Event},
        log::{self, EventCursor},
        tx::Tx,
    },
};
use serde_json::json;
use tests::{Database, Program};

use crate::OPSGATE;

/// What happens while it doesn't read, in batches of this many.
const EVENTS: i64 = 20_000;
const BATCH: i64 = 500;
/// What a payload is at least, in bytes: 160 MB in all.
const PAYLOAD: usize = 8_000;
/// What the gateway's memory may grow by.
const GROWTH: u64 = 64 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn it_gets_everything_in_order_and_costs_no_memory() {
    let database = Database::create().await;
    let gateway = Program::new(OPSGATE, &database).serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let kernel = opsgate::app::open_kernel(&database.config(), Clock::system()).await.unwrap();
    let begin = log::head(kernel.db().reader()).await.unwrap().position;
    let place = |position| EventCursor::new(kernel.log_id(), position).to_string();

    let document = format!(
        "subscription($after: EventCursor) {{ eventPublished(after: $after) {{ {}: type }} }}",
        "n".repeat(PAYLOAD)
    );
    let mut stream = client.stream(&document, json!({ "after": place(begin) }), None).await;
    let (before, _) = gateway.memory();
    for _ in 0..EVENTS / BATCH {
        let mut tx = Tx::system(&kernel, "test").await.unwrap();
        tx.record_many((0..BATCH).map(|_| {
            let entity =
                Entity { kind: "Test", id: "test".to_owned(), version: None, organization_id: PLATFORM };
            Event::new(incidents::EVENTS[0], entity)
        }));
        tx.commit().await.unwrap();
    }
    for position in begin + 1..=begin + EVENTS {
        assert_eq!(stream.next().await.0, Some(place(position)));
    }
    let (_, most) = gateway.memory();
    let growth = most.saturating_sub(before);
    assert!(growth < GROWTH, "the gateway has grown by {} MiB", growth >> 20);
}
