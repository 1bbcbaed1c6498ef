//! HTTP/2, also from those who mean no good.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Http2, Log, TestGateway, read_http2 as read};

use super::super::{bearer, query, typename};

#[tokio::test]
async fn many_requests_share_a_connection() {
    let gateway = TestGateway::start().await;
    let owner = bearer(&gateway);
    let headers = [("content-type", "application/json"), ("authorization", owner.as_str())];
    let mut client = Http2::connect(gateway.address()).await;
    // Then it knows how many the gateway takes at once. Until it is told, this client believes that there is no bound,
    // and what is beyond it is refused.
    assert_eq!(client.query("{ __typename }").await.unwrap().1["data"], typename());
    let mut answers = Vec::new();
    // More than may be there at once: the client waits for its turn.
    for _ in 0..300 {
        let asked = client.post(&headers, query("{ incidents { totalCount } }")).await.unwrap();
        answers.push(tokio::spawn(read(asked)));
    }
    for answer in join_all(answers).await {
        let (status, answer) = answer.unwrap().unwrap();
        assert_eq!((status, &answer["data"]), (200, &json!({ "incidents": { "totalCount": 0 } })));
    }
}

#[tokio::test]
async fn a_head_has_a_longest_length() {
    let gateway = TestGateway::start().await;
    let mut client = Http2::connect(gateway.address()).await;
    let long = "x".repeat(100_000);
    let headers = [("content-type", "application/json"), ("x-long", long.as_str())];
    let asked = client.post(&headers, query("{ __typename }")).await.unwrap();
    assert_eq!(read(asked).await.unwrap().0, 431);
    let half = "x".repeat(40_000);
    let headers = [("x-long", half.as_str())];
    let asked = client.post_to(&format!("/graphql?query={half}"), &headers, String::new()).await.unwrap();
    assert_eq!(read(asked).await.unwrap().0, 431, "the URL counts");
    // The others on the connection aren't its victims.
    assert_eq!(client.query("{ __typename }").await.unwrap().1["data"], typename());
}

#[tokio::test]
async fn whoever_asks_and_takes_it_back_is_sent_away() {
    let gateway = TestGateway::start().await;
    let mut honest = Http2::connect(gateway.address()).await;
    for _ in 0..3 {
        let mut client = Http2::connect(gateway.address()).await;
        for _ in 0..20_000 {
            if client.take_back().await.is_err() {
                break;
            }
        }
        assert_eq!(honest.query("{ __typename }").await.unwrap().1["data"], typename());
    }
    gateway.owner().run("{ incidents { totalCount } }").await.ok();
}

#[tokio::test]
async fn a_gateway_that_stops_lets_go() {
    let gateway = TestGateway::start().await;
    let log = Log::listen();
    let mut idle = Http2::connect(gateway.address()).await;
    assert_eq!(idle.query("{ __typename }").await.unwrap().0, 200);
    let mut following = Http2::connect(gateway.address()).await;
    let owner = bearer(&gateway);
    let headers = [
        ("accept", "text/event-stream"),
        ("content-type", "application/json"),
        ("authorization", owner.as_str()),
    ];
    let stream = query("subscription { incidentChanged { cursor } }");
    let asked = following.post_to("/graphql/stream", &headers, stream).await.unwrap();
    let mut events = tests::patiently("the stream's head", asked).await.unwrap();
    assert_eq!(events.status().as_u16(), 200);

    let stopping = tokio::spawn(gateway.stop());
    let mut text = Vec::new();
    while let Some(data) = tests::patiently("the stream's end", events.body_mut().data()).await {
        text.extend_from_slice(&data.unwrap());
    }
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("event: complete"), "{text}");
    stopping.await.unwrap();
    idle.ended().await.unwrap();
    following.ended().await.unwrap();
    assert!(!log.text().contains("were cut"), "{}", log.text());
}
