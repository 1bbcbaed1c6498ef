//! Subscriptions: how many, and what it costs to read again what is past.

use chrono::TimeDelta;
use serde_json::json;
use tests::{Message, Socket};

use super::{gateway, incident};

const CHANGES: &str =
    "subscription($c: EventCursor) { incidentChanged(after: $c) { cursor incident { title } } }";

async fn titles(socket: &mut Socket, count: usize) -> Vec<String> {
    let mut titles = Vec::new();
    for _ in 0..count {
        let payload = socket.payload("1").await;
        titles.push(payload["data"]["incidentChanged"]["incident"]["title"].as_str().unwrap().to_owned());
    }
    titles
}

#[tokio::test]
async fn events_that_are_read_again_wait_for_points_and_none_is_lost() {
    // Each event costs two, and half of a bucket is left to requests.
    let gateway = gateway(&[("caller_cost_bucket", "12"), ("caller_cost_per_second", "1")]).await;
    let reader = gateway.with_scopes(&["incidents.read"]).await;
    let start = reader.run("{ eventCursor }").await.ok().at("/eventCursor").clone();
    for n in 0..8 {
        gateway.advance(TimeDelta::minutes(1));
        incident(&gateway, &n.to_string()).await;
    }
    gateway.run_until_idle().await;
    let mut socket = reader.socket().await;
    socket.subscribe("1", CHANGES, json!({ "c": start })).await;
    // To subscribe cost two itself.
    assert_eq!(titles(&mut socket, 2).await, ["0", "1"]);
    // The other half answers a request meanwhile.
    socket.subscribe("2", "{ viewer { expiresAt } }", json!({})).await;
    socket.payload("2").await;
    gateway.advance(TimeDelta::seconds(7));
    assert_eq!(titles(&mut socket, 3).await, ["2", "3", "4"]);
    gateway.advance(TimeDelta::minutes(1));
    assert_eq!(titles(&mut socket, 3).await, ["5", "6", "7"]);
    // What happens now is executed once for everybody, and costs nothing.
    for n in 8..16 {
        gateway.advance(TimeDelta::minutes(1));
        incident(&gateway, &n.to_string()).await;
        assert_eq!(titles(&mut socket, 1).await, [n.to_string()]);
    }
}

#[tokio::test]
async fn a_caller_has_so_many_subscriptions_on_all_connections() {
    let gateway = gateway(&[("caller_max_subscriptions", "2")]).await;
    let reader = gateway.with_scopes(&["incidents.read"]).await;
    let mut first = reader.socket().await;
    let mut second = reader.socket().await;
    let settled = async |socket: &mut Socket, id: &str| {
        // A query on the same socket is answered after the subscription has begun.
        socket.subscribe(id, "{ __typename }", json!({})).await;
        socket.payload(id).await;
    };
    first.subscribe("1", CHANGES, json!({})).await;
    settled(&mut first, "a").await;
    second.subscribe("1", CHANGES, json!({})).await;
    settled(&mut second, "a").await;
    let refused = async |socket: &mut Socket, id: &str| {
        socket.subscribe(id, CHANGES, json!({})).await;
        loop {
            let Message::Json(message) = socket.next().await else { panic!("it was closed") };
            if message["id"] == id {
                assert_eq!(message["type"], "error", "{message}");
                let extensions = message["payload"][0]["extensions"].clone();
                assert_eq!(extensions["code"], "THROTTLED");
                assert!(extensions["retryAfterMs"].is_u64() && extensions["requestId"].is_string());
                assert!(
                    message["payload"][0]["message"].as_str().unwrap().contains("caller_max_subscriptions")
                );
                break;
            }
        }
    };
    refused(&mut second, "2").await;
    // Somebody else has their own.
    let mut other = gateway.with_scopes(&["incidents.read"]).await.socket().await;
    other.subscribe("1", CHANGES, json!({})).await;
    settled(&mut other, "a").await;
    // One that is over makes room, on whatever connection.
    first.send(json!({ "id": "1", "type": "complete" })).await;
    settled(&mut first, "b").await;
    second.subscribe("3", CHANGES, json!({})).await;
    settled(&mut second, "c").await;
    incident(&gateway, "down").await;
    assert_eq!(second.payload("3").await["data"]["incidentChanged"]["incident"]["title"], "down");
    refused(&mut first, "2").await;
}
