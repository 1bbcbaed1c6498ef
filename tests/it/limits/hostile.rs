//! Requests that are made to hurt, over a socket. Each is refused; whatever isn't refused at once shows by itself.

use serde_json::json;
use tests::TestGateway;

use super::{MARK, refused};

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
