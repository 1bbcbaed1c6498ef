//! How streams end that nobody asked to end.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use opsgate::kernel::actor::PLATFORM;
use serde_json::json;
use tests::{TestGateway, until};

use super::{INCIDENTS, open_incident, title};

#[tokio::test]
async fn a_revoked_token_ends_its_streams_within_a_second() {
    let gateway = TestGateway::start().await;
    let client = gateway.with_scopes(&["incidents.*"]).await;
    let mut distinct = client.stream(INCIDENTS, json!({}), None).await;
    let token = client.reserve().await;
    let mut reserved = client.open_reserved(&token).await;
    assert_eq!(client.start(&token, "1", INCIDENTS, None).await.0, 202);
    let mut spared = gateway.owner().stream(INCIDENTS, json!({}), None).await;
    until("all are followed", async || gateway.kernel().subscriptions() == 3).await;
    let revoked = Instant::now();
    gateway.revoke(&client).await;
    let why = json!({ "extensions": { "code": "UNAUTHENTICATED", "reason": "revoked" } });
    assert_eq!(distinct.complete().await, why);
    distinct.end().await;
    assert_eq!(reserved.complete().await, json!({ "id": "1", "payload": why }));
    reserved.end().await;
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    open_incident(gateway.owner(), "a").await;
    assert_eq!(title(&spared.next().await.1), "a");
}

#[tokio::test]
async fn an_expired_one_too() {
    let gateway = TestGateway::start().await;
    let until_then = gateway.kernel().clock().now() + TimeDelta::hours(1);
    let client = gateway.token(&["incidents.*"], PLATFORM, Some(until_then)).await;
    let mut stream = client.stream(INCIDENTS, json!({}), None).await;
    until("it is followed", async || gateway.kernel().subscriptions() == 1).await;
    gateway.advance(TimeDelta::minutes(59));
    open_incident(gateway.owner(), "a").await;
    assert_eq!(title(&stream.next().await.1), "a");
    gateway.advance(TimeDelta::minutes(1));
    let why = json!({ "extensions": { "code": "UNAUTHENTICATED", "reason": "expired" } });
    assert_eq!(stream.complete().await, why);
    stream.end().await;
}

#[tokio::test]
async fn a_stopping_process_says_what_it_has_and_where_to_go_on() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner().clone();
    let mut distinct = owner.stream(INCIDENTS, json!({}), None).await;
    let token = owner.reserve().await;
    let mut reserved = owner.open_reserved(&token).await;
    for id in ["1", "2"] {
        assert_eq!(owner.start(&token, id, INCIDENTS, None).await.0, 202);
    }
    until("all are followed", async || gateway.kernel().subscriptions() == 3).await;
    let place = open_incident(&owner, "a").await;
    // They share one execution: when one has its result, it is there for all.
    let (id, result) = distinct.next().await;
    assert_eq!((id, title(&result)), (Some(place), "a"));
    let stopping = tokio::spawn(gateway.stop());
    let why = json!({ "extensions": { "code": "UNAVAILABLE", "reason": "restarting" } });
    assert_eq!(distinct.complete().await, why);
    distinct.end().await;
    for _ in 0..2 {
        reserved.next().await;
    }
    let mut ended = [reserved.complete().await, reserved.complete().await];
    ended.sort_by_key(ToString::to_string);
    assert_eq!(ended, ["1", "2"].map(|id| json!({ "id": id, "payload": why })));
    reserved.end().await;
    stopping.await.unwrap();
}
