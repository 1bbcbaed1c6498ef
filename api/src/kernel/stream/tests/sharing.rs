//! One execution an event, however many there are.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;
use uuid::Uuid;

use super::{
    deliveries::code,
    fixture::Fixture,
    schema::{LOADS, record},
};
use crate::kernel::actor::Boundary;

const NUMBERS: &str = "subscription { widgetChanged { number } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_members_are_one_execution_an_event() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    let mut members = Vec::new();
    for _ in 0..200 {
        let mut member = fixture.subscribe(&session, NUMBERS);
        member.settle_quickly().await;
        members.push(member.collect(50));
    }
    assert_eq!(fixture.streams.groups(), 1);
    fixture.record(0..50).await;
    for member in members {
        assert_eq!(member.await.unwrap(), (0..50).collect::<Vec<_>>());
    }
    assert_eq!(fixture.resolved(), 50);
    // The last member takes the group along.
    assert_eq!(fixture.streams.groups(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_are_counted_by_events_not_by_subscribers() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    let mut members = Vec::new();
    // Ten groups, for there are ten documents, and ten members in each.
    for i in 0..100 {
        let query = format!("subscription G{} {{ widgetChanged {{ number stored }} }}", i % 10);
        let mut member = fixture.subscribe(&session, &query);
        member.settle_quickly().await;
        members.push(member.collect(20));
    }
    assert_eq!(fixture.streams.groups(), 10);
    for number in 0..20 {
        record(&fixture.kernel, [number], Uuid::nil()).await;
    }
    for member in members {
        assert_eq!(member.await.unwrap().len(), 20);
    }
    assert_eq!(LOADS.load(Ordering::Relaxed), 20);
    assert_eq!(fixture.resolved(), 10 * 20);
}

#[tokio::test]
async fn the_scope_decides_who_shares() {
    let fixture = Fixture::new().await;
    let (ours, theirs) = (Uuid::now_v7(), Uuid::now_v7());
    let within = |id: Uuid| fixture.member_of(Boundary::Organizations(std::sync::Arc::new([id].into())));
    let mut all = fixture.subscribe(&fixture.somebody(), NUMBERS);
    let mut one = fixture.subscribe(&within(ours), NUMBERS);
    let mut same = fixture.subscribe(&within(ours), NUMBERS);
    let mut other = fixture.subscribe(&within(theirs), NUMBERS);
    for member in [&mut all, &mut one, &mut same, &mut other] {
        member.settle().await;
    }
    assert_eq!(fixture.streams.groups(), 3);
    fixture.record([0]).await;
    fixture.record_of(ours, [1]).await;
    fixture.record_of(theirs, [2]).await;
    assert_eq!(all.numbers(3).await, [0, 1, 2]);
    assert_eq!(one.numbers(1).await, [1]);
    assert_eq!(same.numbers(1).await, [1]);
    assert_eq!(other.numbers(1).await, [2]);
    assert_eq!(fixture.resolved(), 3 + 1 + 1);
}

#[tokio::test]
async fn where_they_start_does_not_part_them() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    let mut first = fixture.subscribe(&session, NUMBERS);
    first.settle().await;
    fixture.record(0..10).await;
    let query = "subscription($c: EventCursor) { widgetChanged(after: $c) { cursor number } }";
    let mut live = fixture.subscribe(&session, query);
    live.settle().await;
    let mut resumed = Vec::new();
    for _ in 0..10 {
        let (cursor, _) = first.next().await;
        resumed.push(fixture.subscribe_with(&session, query, json!({ "c": cursor.to_string() })));
    }
    fixture.record([10]).await;
    assert_eq!(live.numbers(1).await, [10]);
    for (seen, member) in resumed.iter_mut().enumerate() {
        let next = i64::try_from(seen).unwrap() + 1;
        assert_eq!(member.numbers(10 - seen).await, (next..=10).collect::<Vec<_>>());
        member.settle().await;
    }
    assert_eq!(fixture.streams.groups(), 2);
    let before = fixture.resolved();
    fixture.record([11]).await;
    for member in &mut resumed {
        assert_eq!(member.numbers(1).await, [11]);
    }
    // Once for each of the two documents.
    assert_eq!(fixture.resolved() - before, 2);
}

#[tokio::test]
async fn a_panic_is_an_end_with_an_error() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    let query = "subscription { widgetChanged { number panics } }";
    let mut member = fixture.subscribe(&session, query);
    member.settle().await;
    fixture.record([1]).await;
    assert_eq!(code(&member.refusal().await), "INTERNAL_SERVER_ERROR");
    // Whoever comes next begins a new group.
    let mut member = fixture.subscribe(&session, NUMBERS);
    member.settle().await;
    fixture.record([2]).await;
    assert_eq!(member.numbers(1).await, [2]);
    tokio::time::sleep(Duration::from_millis(10)).await;
}
