//! What is said, and answered.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::client::TestGateway;
use crate::kernel::clock::Clock;

const NUMBERS: &str = "subscription { widgetChanged { number } }";

#[tokio::test]
async fn a_query_is_answered_and_completed() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.client(&gateway.token().await).await;
    assert_eq!(client.selected.as_deref(), Some("graphql-transport-ws"));
    client.subscribe("q\"1", "{ hello }", json!({})).await;
    let next = client.next().await;
    assert_eq!((&next["id"], &next["type"]), (&json!("q\"1"), &json!("next")));
    assert_eq!(next["payload"]["data"], json!({ "hello": "world" }));
    assert_eq!(client.next().await, json!({ "id": "q\"1", "type": "complete" }));
    // The id is free again.
    client.subscribe("q\"1", "query A { hello } query B { hello }", json!({})).await;
    assert_eq!(client.error("q\"1").await, "OPERATION_RESOLUTION_FAILURE");
}

#[tokio::test]
async fn what_fails_before_execution_is_an_error_and_after_it_a_result() {
    let gateway = TestGateway::new().await;
    let token = gateway.fixture.token(uuid::Uuid::nil(), &["widgets.read"], None).await;
    let mut client = gateway.client(&token).await;
    for (query, code) in [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hello", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { widgetChanged { number } ...F } fragment F on Subscription { other: widgetChanged { number } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        client.subscribe("1", query, json!({})).await;
        assert_eq!(client.error("1").await, code, "{query}");
    }
    client.subscribe("1", "{ guarded hello }", json!({})).await;
    let result = client.result("1").await;
    assert_eq!(result["data"], json!({ "guarded": null, "hello": "world" }), "{result}");
    assert_eq!(result["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(client.next().await["type"], "complete");
}

#[tokio::test]
async fn nobody_may_what_is_open_to_nobody() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.socket().await;
    client.send(json!({ "type": "connection_init" })).await;
    assert_eq!(client.next().await["type"], "connection_ack");
    client.subscribe("1", "{ hello }", json!({})).await;
    assert_eq!(client.result("1").await["data"]["hello"], "world");
    assert_eq!(client.next().await["type"], "complete");
    client.subscribe("1", NUMBERS, json!({})).await;
    assert_eq!(client.error("1").await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_header_of_the_upgrade_counts_where_init_brings_none() {
    let gateway = TestGateway::new().await;
    let header = format!("Bearer {}", gateway.token().await);
    let mut client = gateway.socket_with(Some("other, graphql-transport-ws"), Some(&header), None).await;
    client.send(json!({ "type": "connection_init", "payload": {} })).await;
    assert_eq!(client.next().await["type"], "connection_ack");
    client.subscribe("1", "{ guarded }", json!({})).await;
    assert_eq!(client.result("1").await["data"], json!({ "guarded": "seen" }));
}

#[tokio::test]
async fn pings_are_answered_at_any_time() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.socket().await;
    client.send(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await, json!({ "type": "pong" }));
    client.send(json!({ "type": "ping", "payload": { "at": [1, "\""] } })).await;
    assert_eq!(client.next().await, json!({ "type": "pong", "payload": { "at": [1, "\""] } }));
    client.send(json!({ "type": "pong", "payload": {} })).await;
    client.send_raw(Message::Ping(vec![1].into())).await;
    client.silence().await;
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_connected() {
    let gateway =
        TestGateway::with(Clock::system(), |limits| limits.ping_interval = Duration::from_millis(300)).await;
    let mut client = gateway.client(&gateway.token().await).await;
    client.subscribe("1", NUMBERS, json!({})).await;
    assert_eq!(client.within(Duration::from_millis(1500)).await, None);
    let (_, numbers) = tokio::join!(gateway.fixture.record([1]), client.numbers("1", 1));
    assert_eq!(numbers, [1]);
}

#[tokio::test]
async fn completed_operations_say_nothing_more() {
    let gateway = TestGateway::new().await;
    let mut client = gateway.client(&gateway.token().await).await;
    client.subscribe("1", NUMBERS, json!({})).await;
    client.subscribe("2", NUMBERS, json!({})).await;
    client.silence().await;
    gateway.fixture.record([1]).await;
    for _ in 0..2 {
        assert_eq!(client.next().await["payload"]["data"]["widgetChanged"]["number"], 1);
    }
    client.send(json!({ "id": "1", "type": "complete" })).await;
    client.send(json!({ "id": "nobody knows", "type": "complete" })).await;
    client.silence().await;
    gateway.fixture.record([2]).await;
    assert_eq!(client.numbers("2", 1).await, [2]);
    client.silence().await;
    // The id is free, at once.
    client.subscribe("1", NUMBERS, json!({})).await;
    client.silence().await;
    client.send(json!({ "id": "2", "type": "complete" })).await;
    client.silence().await;
    gateway.fixture.record([3]).await;
    assert_eq!(client.numbers("1", 1).await, [3]);
    assert_eq!(gateway.fixture.streams.groups(), 1);
}

#[tokio::test]
async fn a_query_that_is_completed_early_is_not_answered() {
    let gateway = TestGateway::new().await;
    let gate = &gateway.fixture.calls.gate;
    gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let mut client = gateway.client(&gateway.token().await).await;
    client.subscribe("1", "{ slow }", json!({})).await;
    client.subscribe("2", "{ slow }", json!({})).await;
    client.send(json!({ "id": "1", "type": "complete" })).await;
    client.silence().await;
    gate.add_permits(2);
    assert_eq!(client.result("2").await["data"]["slow"], "done");
    assert_eq!(client.next().await["type"], "complete");
    client.silence().await;
    assert_eq!(gate.available_permits(), 1);
}

#[tokio::test]
async fn a_mutation_goes_on_without_its_client() {
    let gateway = TestGateway::new().await;
    let gate = &gateway.fixture.calls.gate;
    gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let token = gateway.token().await;
    let mut watching = gateway.client(&token).await;
    watching.subscribe("1", NUMBERS, json!({})).await;
    watching.silence().await;
    let mut client = gateway.client(&token).await;
    client.subscribe("1", "mutation { touch(number: 7) }", json!({})).await;
    client.silence().await;
    drop(client);
    watching.silence().await;
    gate.add_permits(1);
    assert_eq!(watching.numbers("1", 1).await, [7]);
}

#[tokio::test]
async fn there_is_a_most_of_operations() {
    let gateway = TestGateway::with(Clock::system(), |limits| limits.max_operations = 2).await;
    let mut client = gateway.client(&gateway.token().await).await;
    for id in ["1", "2", "3"] {
        client.subscribe(id, NUMBERS, json!({})).await;
    }
    assert_eq!(client.error("3").await, "THROTTLED");
    client.send(json!({ "id": "1", "type": "complete" })).await;
    client.subscribe("3", NUMBERS, json!({})).await;
    client.silence().await;
    gateway.fixture.record([1]).await;
    let mut ids = vec![client.next().await["id"].clone(), client.next().await["id"].clone()];
    ids.sort_by_key(ToString::to_string);
    assert_eq!(ids, ["2", "3"]);
}
