//! Requests that are made to hurt, over a socket. Each is refused; whatever isn't refused at once shows by itself.

use serde_json::json;
use tests::{Message, Socket, SocketFrame as Frame, TestGateway};

use super::{MARK, gateway, refused};

/// Just below what a body may have.
const BYTES: usize = (1 << 20) - 1000;

fn fill(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes / unit.len())
}

#[tokio::test]
async fn documents() {
    let gateway = TestGateway::start().await;
    let spreads = |n: usize| format!("...F{n} ").repeat(10);
    let explosion: String =
        (1..10).map(|n| format!("fragment F{n} on Query {{{}}}", spreads(n + 1))).collect();
    let chain: String = (1..200).map(|n| format!("fragment F{n} on Query {{...F{}}}", n + 1)).collect();
    for document in [
        fill("{", BYTES),
        fill("{a", BYTES),
        fill("a: b ", BYTES),
        fill("\"", BYTES / 2),
        fill("#", BYTES),
        format!("{{ a(b: \"\"\"{}\"\"\") }}", fill("x", BYTES - 100)),
        format!("{{ a(b: {}) }}", fill("9", 60_000)),
        format!("{{ a(b: {}) }}", fill("[", 60_000)),
        format!("{{ a{} }}", fill(" @b", 60_000)),
        format!("{{ {} }}", fill("a:b ", 60_000)),
    ] {
        refused(&gateway, gateway.owner(), json!({ "query": document }), "GRAPHQL_PARSE_FAILED").await;
    }
    for document in [
        format!("{{ {MARK}: __typename {} }} {explosion} fragment F10 on Query {{ __typename }}", spreads(1)),
        format!("{{ {MARK}: __typename ...F1 }} {chain} fragment F200 on Query {{ __typename }}"),
        format!("{{ {MARK}: __typename ...F1 }} {chain} fragment F200 on Query {{ ...F1 }}"),
        format!("{{ {MARK}: __typename ...F }} fragment F on Query {{ ...F }}"),
    ] {
        let answer =
            refused(&gateway, gateway.owner(), json!({ "query": document }), "GRAPHQL_VALIDATION_FAILED")
                .await;
        assert_eq!(answer.status, 400);
    }
    gateway.owner().run("{ viewer { expiresAt } }").await.ok();
}

#[tokio::test]
async fn a_stranger_says_little_on_a_websocket() {
    // So long that whoever is heard is never turned away for being silent about who it is.
    let gateway = gateway(&[("websocket_init_timeout_ms", "60000")]).await;
    let long = json!({ "type": "ping", "payload": { "a": fill("x", 100_000) } });
    // One message that says nothing of who it is; many; and one after saying that it is nobody.
    let mut silent = Socket::connect(gateway.address()).await;
    silent.say(Frame::text(long.to_string())).await;
    let mut talkative = Socket::connect(gateway.address()).await;
    for _ in 0..100 {
        talkative
            .say(Frame::text(json!({ "type": "ping", "payload": { "a": fill("x", 1_000) } }).to_string()))
            .await;
    }
    let mut nobody = Socket::open(gateway.address(), None).await;
    nobody.say(Frame::text(long.to_string())).await;
    for socket in [&mut silent, &mut talkative, &mut nobody] {
        socket.closed().await;
    }
    let mut known = gateway.owner().socket().await;
    known.subscribe("1", "{ viewer { expiresAt } }", json!({ "a": fill("x", BYTES) })).await;
    assert!(matches!(known.next().await, Message::Json(message) if message["id"] == "1"));
}
