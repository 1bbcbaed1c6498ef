//! How connections end.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};
use uuid::Uuid;

use super::client::TestGateway;
use crate::kernel::clock::Clock;

const NUMBERS: &str = "subscription { widgetChanged { number } }";

fn closed(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn another_subprotocol_is_4406() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.socket_with(None, None, None).await;
    assert_eq!(client.closed().await, closed(4406, "Subprotocol not acceptable"));
}

#[tokio::test]
async fn silence_before_init_is_4408() {
    let gateway =
        TestGateway::with(Clock::system(), |limits| limits.init_timeout = Duration::from_millis(200)).await;
    let mut client = gateway.socket().await;
    client.send(json!({ "type": "ping" })).await;
    client.next().await;
    assert_eq!(client.closed().await, closed(4408, "Connection initialisation timeout"));
}

#[tokio::test]
async fn silence_after_it_is_4408_too() {
    let gateway =
        TestGateway::with(Clock::system(), |limits| limits.ping_interval = Duration::from_millis(200)).await;
    let mut client = gateway.client(&gateway.token().await).await;
    client.subscribe("1", NUMBERS, json!({})).await;
    // It doesn't read, so it doesn't answer.
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(client.closed().await, closed(4408, "no sign of life"));
}

#[tokio::test]
async fn a_second_init_is_4429() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.client(&gateway.token().await).await;
    client.send(json!({ "type": "connection_init" })).await;
    assert_eq!(client.closed().await, closed(4429, "Too many initialisation requests"));
}

#[tokio::test]
async fn an_operation_before_the_acknowledgement_is_4401() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.socket().await;
    client.subscribe("1", "{ hello }", json!({})).await;
    assert_eq!(client.closed().await, closed(4401, "Unauthorized"));
}

#[tokio::test]
async fn an_id_that_runs_is_4409() {
    let gateway = TestGateway::new().await;
    let long = "é".repeat(300);
    for id in ["1", &long] {
        let mut client = gateway.client(&gateway.token().await).await;
        client.subscribe(id, NUMBERS, json!({})).await;
        client.subscribe(id, "{ hello }", json!({})).await;
        let (code, reason) = client.closed().await;
        assert_eq!(code, 4409);
        assert!(reason.starts_with("Subscriber for ") && reason.ends_with(" already exists"), "{reason}");
    }
}

#[tokio::test]
async fn what_is_no_message_is_4400() {
    let gateway = TestGateway::new().await;
    let token = gateway.token().await;
    let subscribe =
        |payload: Value| json!({ "id": "1", "type": "subscribe", "payload": payload }).to_string();
    for text in [
        "not json".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        json!({ "type": 1 }).to_string(),
        json!({ "type": "start", "id": "1" }).to_string(),
        json!({ "type": "next", "id": "1" }).to_string(),
        json!({ "type": "complete" }).to_string(),
        json!({ "type": "complete", "id": "" }).to_string(),
        json!({ "type": "ping", "payload": 3 }).to_string(),
        json!({ "type": "subscribe", "payload": { "query": "{ hello }" } }).to_string(),
        json!({ "id": "1", "type": "subscribe" }).to_string(),
        subscribe(json!({})),
        subscribe(json!({ "query": 1 })),
        subscribe(json!({ "query": "{ hello }", "variables": [] })),
        subscribe(json!({ "query": "{ hello }", "operationName": 1 })),
        subscribe(json!({ "query": "{ hello }", "extensions": "x" })),
        format!("{}1{}", "[".repeat(1000), "]".repeat(1000)),
    ] {
        let mut client = gateway.client(&token).await;
        client.send_raw(Message::text(text.clone())).await;
        let (code, reason) = client.closed().await;
        assert!(code == 4400 && !reason.is_empty() && reason.len() <= 123, "{text}: {code} {reason}");
    }
    let mut client = gateway.client(&token).await;
    client.send_raw(Message::binary(b"{}".to_vec())).await;
    assert_eq!(client.closed().await, closed(4400, "messages are text, not binary"));
    // Nulls are as good as nothing.
    let mut client = gateway.client(&token).await;
    let payload =
        json!({ "query": "{ hello }", "variables": null, "operationName": null, "extensions": null });
    client.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    assert_eq!(client.result("1").await["data"]["hello"], "world");
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_4400() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.client(&gateway.token().await).await;
    client.subscribe("1", "query($x: String) { hello }", json!({ "x": "x".repeat(65 * 1024) })).await;
    assert_eq!(client.closed().await.0, 4400);
}

#[tokio::test]
async fn a_credential_that_is_not_valid_is_4403() {
    let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let gateway = TestGateway::with(clock.clone(), |_| {}).await;
    let short = gateway.token_until(clock.now() + TimeDelta::seconds(1)).await;
    clock.advance(TimeDelta::seconds(1));
    for (credential, reason) in
        [(json!("Bearer nonsense"), "Forbidden"), (json!(format!("Bearer {short}")), "expired")]
    {
        for name in ["authorization", "Authorization"] {
            let mut client = gateway.socket().await;
            client.send(json!({ "type": "connection_init", "payload": { name: credential } })).await;
            assert_eq!(client.closed().await, closed(4403, reason));
        }
    }
    let mut client = gateway.socket().await;
    client.send(json!({ "type": "connection_init", "payload": { "authorization": 3 } })).await;
    assert_eq!(client.closed().await.0, 4400);
}

#[tokio::test]
async fn a_revoked_token_is_4401_within_a_second() {
    let gateway = TestGateway::new().await;
    let (token, other) = (gateway.token().await, gateway.token().await);
    let mut idle = gateway.client(&token).await;
    let mut busy = gateway.client(&token).await;
    let mut spared = gateway.client(&other).await;
    busy.subscribe("1", NUMBERS, json!({})).await;
    spared.subscribe("1", NUMBERS, json!({})).await;
    spared.silence().await;
    gateway.fixture.record(0..100).await;
    assert_eq!(busy.numbers("1", 100).await.len(), 100);
    let revoked = Instant::now();
    gateway.fixture.change_token(&token, None).await;
    gateway.fixture.record(100..200).await;
    assert_eq!(busy.closed().await, closed(4401, "revoked"));
    assert_eq!(idle.closed().await, closed(4401, "revoked"));
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    assert_eq!(spared.numbers("1", 200).await, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_expired_token_is_4403() {
    let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let gateway = TestGateway::with(clock.clone(), |_| {}).await;
    let token = gateway.token_until(clock.now() + TimeDelta::hours(1)).await;
    let mut client = gateway.client(&token).await;
    client.subscribe("1", NUMBERS, json!({})).await;
    client.silence().await;
    clock.advance(TimeDelta::minutes(59));
    gateway.fixture.record([1]).await;
    assert_eq!(client.numbers("1", 1).await, [1]);
    clock.advance(TimeDelta::minutes(1));
    assert_eq!(client.closed().await, closed(4403, "expired"));
}

#[tokio::test]
async fn a_lost_permission_ends_the_operation_and_not_the_connection() {
    let gateway = TestGateway::new().await;
    let token = gateway.token().await;
    let mut client = gateway.client(&token).await;
    client.subscribe("1", NUMBERS, json!({})).await;
    client.silence().await;
    gateway.fixture.change_token(&token, Some(&["widgets.touch"])).await;
    assert_eq!(client.error("1").await, "FORBIDDEN");
    client.subscribe("1", "{ guarded }", json!({})).await;
    assert_eq!(client.result("1").await["data"]["guarded"], "seen");
}

#[tokio::test]
async fn a_stopping_process_says_what_it_has_and_closes_with_1012() {
    let gateway = TestGateway::new().await;
    let gate = &gateway.fixture.calls.gate;
    gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let mut client = gateway.client(&gateway.token().await).await;
    let query = "subscription($c: EventCursor) { widgetChanged(after: $c) { cursor number } }";
    client.subscribe("1", query, json!({})).await;
    client.subscribe("2", "mutation { touch(number: 7) }", json!({})).await;
    client.silence().await;
    gateway.fixture.record(0..50).await;
    gateway.fixture.kernel.shutdown().cancel();
    let mut last = Value::Null;
    for number in 0..50 {
        let result = client.result("1").await;
        assert_eq!(result["data"]["widgetChanged"]["number"], number);
        last = result["data"]["widgetChanged"]["cursor"].clone();
    }
    // What was begun is finished and answered.
    client.silence().await;
    gate.add_permits(1);
    loop {
        let message = client.next().await;
        if message["id"] == "2" {
            assert_eq!(message["payload"]["data"]["touch"], 7);
            break;
        }
    }
    assert_eq!(client.next().await, json!({ "id": "2", "type": "complete" }));
    assert_eq!(client.closed().await, closed(1012, "restarting"));
    assert!(last.is_string());
}

#[tokio::test]
async fn a_connection_takes_its_subscriptions_along() {
    let gateway = TestGateway::new().await;
    let token = gateway.fixture.token(Uuid::nil(), &["widgets.read"], None).await;
    let mut client = gateway.client(&token).await;
    client.subscribe("1", NUMBERS, json!({})).await;
    client.silence().await;
    assert_eq!(gateway.fixture.streams.groups(), 1);
    drop(client);
    for _ in 0..100 {
        if gateway.fixture.streams.groups() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the group goes on");
}

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.client(&gateway.token().await).await;
    client.subscribe("1", NUMBERS, json!({})).await;
    client.silence().await;
    let frame = CloseFrame { code: 1000.into(), reason: "enough".into() };
    client.send_raw(Message::Close(Some(frame))).await;
    assert_eq!(client.closed().await, closed(1000, "enough"));
    assert_eq!(gateway.fixture.streams.groups(), 0);
}

#[tokio::test]
async fn a_client_that_starts_and_stops_without_reading_piles_nothing_up() {
    let gateway = TestGateway::with(Clock::system(), |limits| limits.max_operations = 4).await;
    let mut client = gateway.client(&gateway.token().await).await;
    for _ in 0..1000 {
        client.subscribe("1", NUMBERS, json!({})).await;
        client.send(json!({ "id": "1", "type": "complete" })).await;
    }
    client.send(json!({ "type": "ping" })).await;
    while client.next().await["type"] != "pong" {}
    client.subscribe("1", NUMBERS, json!({})).await;
    client.silence().await;
    gateway.fixture.record([1]).await;
    assert_eq!(client.numbers("1", 1).await, [1]);
}
