//! What a caller may follow, and how fast they may read again what is past.

use chrono::{DateTime, TimeDelta};
use serde_json::json;

use super::{deliveries::code, fixture::Fixture};
use crate::kernel::{
    clock::Clock,
    log::EventCursor,
    request::Origin,
    throttle::{Allowance, Who},
};

const NUMBERS: &str = "subscription { widgetChanged { number } }";
const RESUMED: &str = "subscription($c: EventCursor, $even: Boolean) {
    widgetChanged(after: $c, isEven: $even) { number }
}";

async fn fixture(bucket: u64, subscriptions: usize) -> Fixture {
    let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    Fixture::with_allowance(clock, Allowance { bucket, per_second: 2, subscriptions }).await
}

#[tokio::test]
async fn events_that_are_read_again_wait_until_they_are_paid_and_none_is_lost() {
    let fixture = fixture(20, 10).await;
    let session = fixture.somebody();
    let start = EventCursor::new(fixture.kernel.log_id(), fixture.kernel.hub().position()).to_string();
    fixture.record(0..30).await;
    let mut member = fixture.subscribe_with(&session, RESUMED, json!({ "c": start }));
    // Half a bucket at once; the other half is left to requests.
    assert_eq!(member.numbers(10).await, (0..10).collect::<Vec<_>>());
    member.settle().await;
    fixture.kernel.clock().advance(TimeDelta::milliseconds(1000));
    assert_eq!(member.numbers(2).await, [10, 11]);
    member.settle().await;
    // What happens meanwhile isn't lost either, and costs nothing once it has caught up.
    fixture.record(30..35).await;
    fixture.kernel.clock().advance(TimeDelta::seconds(60));
    assert_eq!(member.numbers(10).await, (12..22).collect::<Vec<_>>());
    fixture.kernel.clock().advance(TimeDelta::seconds(60));
    assert_eq!(member.numbers(10).await, (22..32).collect::<Vec<_>>());
    fixture.kernel.clock().advance(TimeDelta::seconds(60));
    assert_eq!(member.numbers(3).await, [32, 33, 34]);
    fixture.record(35..100).await;
    assert_eq!(member.numbers(65).await, (35..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_not_shown_is_not_paid() {
    let fixture = fixture(20, 10).await;
    let session = fixture.somebody();
    let start = EventCursor::new(fixture.kernel.log_id(), fixture.kernel.hub().position()).to_string();
    fixture.record((0..200).map(|n| 2 * n + 1).chain([400])).await;
    let mut member = fixture.subscribe_with(&session, RESUMED, json!({ "c": start, "even": true }));
    assert_eq!(member.numbers(1).await, [400]);
    let who = Who::of(&session.caller(), &Origin::default());
    assert_eq!(fixture.throttle.settle(&who, 0, 0).available, 19);
}

#[tokio::test]
async fn a_caller_has_so_many_subscriptions_on_whatever_connections() {
    let fixture = fixture(20, 2).await;
    let mut first = fixture.subscribe(&fixture.somebody(), NUMBERS);
    let mut second = fixture.subscribe(&fixture.somebody(), NUMBERS);
    first.settle().await;
    second.settle().await;
    let error = fixture.subscribe(&fixture.somebody(), NUMBERS).refusal().await;
    assert_eq!(code(&error), "THROTTLED");
    assert!(error.message.contains("caller_max_subscriptions"), "{}", error.message);
    drop(first);
    let mut third = fixture.subscribe(&fixture.somebody(), NUMBERS);
    third.settle().await;
    fixture.record([7]).await;
    assert_eq!(third.numbers(1).await, [7]);
    assert_eq!(second.numbers(1).await, [7]);
}
