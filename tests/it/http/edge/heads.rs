//! The heads of requests: too long, too many, too slow.

use std::fmt::Write;

use opsgate::config::Overrides;
use tests::{TestGateway, Wire};

use super::super::{JSON, query, typename};

/// A request with `count` headers of `bytes` each, without the end of its head.
fn head(count: usize, bytes: usize) -> String {
    let mut head = "GET /health/live HTTP/1.1\r\nHost: opsgate\r\n".to_owned();
    for number in 0..count {
        write!(head, "X-{number}: {}\r\n", "x".repeat(bytes)).unwrap();
    }
    head
}

#[tokio::test]
async fn a_head_has_a_longest_length() {
    let gateway = TestGateway::start().await;
    for (count, bytes) in [(1, 100_000), (50, 2_000), (200, 10)] {
        let mut wire = Wire::connect(gateway.address()).await;
        wire.send(head(count, bytes) + "\r\n").await;
        assert_eq!(wire.reply().await.status.as_u16(), 431, "{count} of {bytes} bytes");
        assert!(wire.is_closed().await);
    }
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send(head(60, 500) + "\r\n").await;
    assert_eq!(wire.reply().await.status.as_u16(), 200);
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send(format!("GET /graphql?query={} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100_000))).await;
    assert_eq!(wire.reply().await.status.as_u16(), 431);
}

#[tokio::test]
async fn a_head_that_dribbles_in_is_given_up() {
    let settings = Overrides::default().with("header_timeout_ms", "300");
    let gateway = TestGateway::start_with(settings).await;
    // Nothing; half of what may be HTTP/2's first words; HTTP/2 without a request; half of a head.
    for said in ["", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &head(1, 1)] {
        let mut wire = Wire::connect(gateway.address()).await;
        wire.send(said).await;
        wire.read_to_end().await;
    }
    // One that goes on all the time, a line each.
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send(head(0, 0)).await;
    while !wire.is_cut() {
        wire.send("X: y\r\n").await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_connection_that_rests_is_closed() {
    let settings = Overrides::default().with("idle_timeout_ms", "300").with("stream_keep_alive_ms", "100");
    let gateway = TestGateway::start_with(settings).await;
    for further in ["", "POST /graphql HTTP/1.1\r\nHost:"] {
        let mut wire = Wire::connect(gateway.address()).await;
        let reply = wire.request("POST /graphql", &[JSON], query("{ __typename }").as_bytes()).await.reply();
        assert_eq!(reply.await.data(), typename());
        wire.send(further).await;
        assert!(wire.is_closed().await);
    }
}

#[tokio::test]
async fn every_answer_says_that_it_is_what_it_says() {
    let gateway = TestGateway::start().await;
    for path in ["GET /health/live", "GET /graphql", "POST /graphql", "GET /nowhere", "GET /graphql/stream"] {
        let mut wire = Wire::connect(gateway.address()).await;
        let reply = wire.request(path, &[], b"").await.reply().await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("strict-transport-security"), None, "{path}: it isn't TLS");
    }
}
