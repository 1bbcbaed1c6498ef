//! Every event once, in order, whatever happens meanwhile; and only to whom it may be shown.

use std::{sync::atomic::Ordering, time::Duration};

use async_graphql::Value;
use chrono::{DateTime, TimeDelta};
use serde_json::json;
use uuid::Uuid;

use super::{
    deliveries::{code, extension},
    fixture::Fixture,
    schema::record,
};
use crate::kernel::{
    clock::Clock,
    log::EventCursor,
    stream::{Delivery, Ended},
};

const NUMBERS: &str = "subscription { widgetChanged { number } }";
const RESUMED: &str = "subscription($c: EventCursor, $even: Boolean) {
    widgetChanged(after: $c, isEven: $even) { cursor number }
}";

#[tokio::test]
async fn what_is_recorded_after_the_call_is_delivered() {
    let fixture = Fixture::new().await;
    fixture.record([1]).await;
    // Not polled until everything is over.
    let mut member = fixture.subscribe(&fixture.somebody(), NUMBERS);
    fixture.record(2..500).await;
    assert_eq!(member.numbers(498).await, (2..500).collect::<Vec<_>>());
    member.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resuming_again_and_again_misses_nothing_while_writes_go_on() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    let start = EventCursor::new(fixture.kernel.log_id(), fixture.kernel.hub().position());
    let total = 1500_usize;
    let kernel = fixture.kernel.clone();
    let writer = tokio::spawn(async move {
        for number in 0..1500 {
            record(&kernel, [number], Uuid::nil()).await;
        }
    });
    let (mut seen, mut cursor) = (Vec::new(), start);
    while seen.len() < total {
        let mut member = fixture.subscribe_with(&session, RESUMED, json!({ "c": cursor.to_string() }));
        let stop = (seen.len() + 1 + seen.len() % 97).min(total);
        while seen.len() < stop {
            let (at, change) = member.next().await;
            assert_eq!(change["cursor"], at.to_string());
            seen.push(change["number"].as_i64().unwrap());
            cursor = at;
        }
    }
    writer.await.unwrap();
    assert_eq!(seen, (0..1500).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lags_behind_ring_and_hub_reads_the_log() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    let mut quick = fixture.subscribe(&session, NUMBERS);
    let mut slow = fixture.subscribe(&session, NUMBERS);
    quick.settle().await;
    slow.settle().await;
    let quick = quick.collect(5000);
    fixture.record(0..5000).await;
    assert_eq!(quick.await.unwrap(), (0..5000).collect::<Vec<_>>());
    assert_eq!(slow.numbers(5000).await, (0..5000).collect::<Vec<_>>());
    fixture.record([5000]).await;
    assert_eq!(slow.numbers(1).await, [5000]);
}

#[tokio::test]
async fn a_filter_leaves_out_and_the_position_moves_on() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    let mut even = fixture.subscribe_with(&session, RESUMED, json!({ "even": true }));
    even.settle().await;
    fixture.record(0..100).await;
    let mut cursor = None;
    for number in 0..50 {
        let (at, change) = even.next().await;
        assert_eq!(change["number"], number * 2);
        cursor = Some(at);
    }
    even.settle().await;
    // The odd ones afterwards: whoever resumes with the other filter gets what came after the cursor, 99 alone.
    let cursor = cursor.unwrap().to_string();
    let mut odd = fixture.subscribe_with(&session, RESUMED, json!({ "even": false, "c": cursor }));
    assert_eq!(odd.numbers(1).await, [99]);
    drop(odd);
    // Far behind its last delivery, and yet not behind the ring: nothing is read again.
    fixture.record((0..2000).map(|n| n * 2 + 1)).await;
    let before = fixture.resolved();
    fixture.record([4000]).await;
    assert_eq!(even.numbers(1).await, [4000]);
    assert_eq!(fixture.resolved(), before + 1);
}

#[tokio::test]
async fn a_place_that_the_log_does_not_hold_is_refused() {
    let fixture = Fixture::new().await;
    fixture.record(0..5).await;
    let session = fixture.somebody();
    let head = fixture.kernel.hub().position();
    let oldest = EventCursor::new(fixture.kernel.log_id(), 0).to_string();
    for cursor in [
        EventCursor::new(fixture.kernel.log_id(), head + 1),
        EventCursor::new(fixture.kernel.log_id(), -1),
        EventCursor::new(Uuid::now_v7(), 1),
    ] {
        let variables = json!({ "c": cursor.to_string() });
        let error = fixture.subscribe_with(&session, RESUMED, variables).refusal().await;
        assert_eq!(
            (code(&error), extension(&error, "oldestCursor")),
            ("CURSOR_EXPIRED".into(), oldest.clone())
        );
        assert_eq!(extension(&error, "requestId"), "r1");
    }
    let error = fixture.subscribe_with(&session, RESUMED, json!({ "c": "yesterday" })).refusal().await;
    assert_eq!(code(&error), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(fixture.streams.groups(), 0);
}

#[tokio::test]
async fn what_is_not_valid_is_refused_before_it_begins() {
    let fixture = Fixture::new().await;
    let session = fixture.somebody();
    for (query, expected) in [
        ("subscription { widgetChanged { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { widgetChanged(isEven: 3) { number } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { widgetChanged { number } other: widgetChanged { number } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
    ] {
        assert_eq!(code(&fixture.subscribe(&session, query).refusal().await), expected, "{query}");
    }
    let query = "subscription { ...F } fragment F on Subscription { widgetChanged { ...W } }
        fragment W on WidgetChange { number }";
    let mut member = fixture.subscribe(&session, query);
    member.settle().await;
    fixture.record([7]).await;
    assert_eq!(member.numbers(1).await, [7]);
}

#[tokio::test]
async fn a_fault_of_the_moment_delays_an_event_and_does_not_replace_it() {
    let fixture = Fixture::new().await;
    let mut member = fixture.subscribe(&fixture.somebody(), NUMBERS);
    member.settle().await;
    fixture.calls.faults.store(3, Ordering::Relaxed);
    fixture.record([1, 2]).await;
    assert_eq!(member.numbers(2).await, [1, 2]);
    // One that lasts is told, and the next event is delivered again.
    fixture.calls.faults.store(6, Ordering::Relaxed);
    fixture.record([3, 4]).await;
    let Delivery::Next { payload, .. } = member.any().await else { panic!("a payload") };
    let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(payload["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{payload}");
    assert_eq!(member.numbers(1).await, [4]);
}

#[tokio::test]
async fn a_lost_permission_ends_it_and_a_changed_scope_moves_it() {
    let fixture = Fixture::new().await;
    let token = fixture.token(Uuid::nil(), &["widgets.*"], None).await;
    let (session, _ended) = fixture.session(&token);
    let query = "subscription { widgetChanged { number secret } }";
    let mut member = fixture.subscribe(&session, query);
    member.settle().await;
    fixture.record([1]).await;
    assert_eq!(member.next().await.1, json!({ "number": 1, "secret": 1 }));
    // Without the permission that `secret` takes: the same subscription, and it shows less.
    fixture.change_token(&token, Some(&["widgets.read"])).await;
    member.settle().await;
    fixture.record([2]).await;
    let Delivery::Next { payload, .. } = member.any().await else { panic!("a payload") };
    let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(payload["data"]["widgetChanged"], json!({ "number": 2, "secret": null }));
    assert_eq!(payload["errors"][0]["extensions"]["code"], "FORBIDDEN");
    // Without the field's own.
    fixture.change_token(&token, Some(&["widgets.touch"])).await;
    let error = member.refusal().await;
    assert_eq!(code(&error), "FORBIDDEN");
    let needed = error.extensions.unwrap().get("requiredPermissions").cloned();
    assert_eq!(needed, Some(Value::List(vec!["widgets.read".into()])));
    // And it can't begin any more.
    assert_eq!(code(&fixture.subscribe(&session, query).refusal().await), "FORBIDDEN");
}

#[tokio::test]
async fn a_revoked_and_an_expired_credential_end_the_session() {
    let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let fixture = Fixture::with_clock(clock.clone()).await;
    let revoked = fixture.token(Uuid::nil(), &["*"], None).await;
    let expiring = fixture.token(Uuid::nil(), &["*"], Some(clock.now() + TimeDelta::minutes(5))).await;
    let (_a, revoked_end) = fixture.session(&revoked);
    let (_b, expired_end) = fixture.session(&expiring);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!revoked_end.is_finished() && !expired_end.is_finished());
    fixture.change_token(&revoked, None).await;
    let in_time = Duration::from_secs(1);
    assert_eq!(tokio::time::timeout(in_time, revoked_end).await.unwrap().unwrap(), Ended::Revoked);
    clock.advance(TimeDelta::minutes(5) - TimeDelta::seconds(1));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!expired_end.is_finished());
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(tokio::time::timeout(in_time, expired_end).await.unwrap().unwrap(), Ended::Expired);
}

#[tokio::test]
async fn nothing_is_delivered_while_rights_are_unknown() {
    let fixture = Fixture::new().await;
    let mut member = fixture.subscribe(&fixture.somebody(), NUMBERS);
    member.settle().await;
    fixture.record([1, 2]).await;
    assert_eq!(member.numbers(1).await, [1]);
    // The control pool is what rights are read through.
    fixture.kernel.db().control().clone().close().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert!(!fixture.kernel.rights().is_fresh());
    member.settle().await;
}
