//! Pages of other origins.

use opsgate::config::Overrides;
use tests::{Reply, TestGateway, Wire};

use super::super::{JSON, query, typename};

const OURS: &str = "https://dashboard.example";
const THEIRS: &str = "https://elsewhere.example";

async fn gateway_for(origins: &str) -> TestGateway {
    TestGateway::start_with(Overrides::default().with("cors_origins", origins)).await
}

async fn send(gateway: &TestGateway, line: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut wire = Wire::connect(gateway.address()).await;
    wire.request(line, headers, body.as_bytes()).await.reply().await
}

/// What a browser asks before it lets a page send what a form couldn't.
async fn preflight(gateway: &TestGateway, path: &str, origin: &str, method: &str) -> Reply {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "authorization,content-type,idempotency-key"),
    ];
    send(gateway, &format!("OPTIONS {path}"), &headers, "").await
}

/// The words of a header that is a list, in whatever case and order.
fn words(reply: &Reply, name: &str) -> Vec<String> {
    let values = reply.headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap().split(','));
    let mut words: Vec<_> = values.map(|word| word.trim().to_ascii_lowercase()).collect();
    words.sort();
    words
}

#[tokio::test]
async fn a_page_of_an_origin_that_is_named_may_ask() {
    let gateway = gateway_for(&format!("{OURS}, http://localhost:3000")).await;
    for origin in [OURS, "http://localhost:3000"] {
        for (path, method) in [("/graphql", "POST"), ("/graphql/stream", "PUT")] {
            let reply = preflight(&gateway, path, origin, method).await;
            assert_eq!(reply.status.as_u16(), 200);
            assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
            assert_eq!(words(&reply, "access-control-allow-methods"), ["delete", "get", "post", "put"]);
            assert_eq!(
                words(&reply, "access-control-allow-headers"),
                [
                    "authorization",
                    "content-type",
                    "idempotency-key",
                    "last-event-id",
                    "traceparent",
                    "tracestate",
                    "x-dry-run",
                    "x-graphql-event-stream-token",
                    "x-request-id"
                ]
            );
            assert_eq!(reply.header("access-control-allow-credentials"), None);
            assert_eq!(reply.header("access-control-max-age"), Some("7200"));
            assert_eq!(words(&reply, "vary"), ["origin"]);
        }
        let reply =
            send(&gateway, "POST /graphql", &[JSON, ("Origin", origin)], &query("{ __typename }")).await;
        assert_eq!(reply.data(), typename());
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(words(&reply, "access-control-expose-headers"), ["retry-after", "x-request-id"]);
        assert_eq!(reply.header("access-control-allow-credentials"), None);
        assert_eq!(words(&reply, "vary"), ["accept", "origin"]);
    }
    // A page may read why it was refused.
    let refused = send(&gateway, "POST /graphql", &[JSON, ("Origin", OURS)], "{").await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (400, Some(OURS)));
}

#[tokio::test]
async fn a_page_of_another_origin_may_not() {
    let gateway = gateway_for(OURS).await;
    let sub = format!("{OURS}.evil.example");
    for origin in [THEIRS, sub.as_str(), "https://dashboard.example:8443", "http://dashboard.example", "null"]
    {
        let reply = preflight(&gateway, "/graphql", origin, "POST").await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
        let reply =
            send(&gateway, "POST /graphql", &[JSON, ("Origin", origin)], &query("{ __typename }")).await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
        // Caches keep what one origin was told from another.
        assert_eq!(words(&reply, "vary"), ["accept", "origin"]);
    }
    // Health is nothing for pages.
    let health = send(&gateway, "GET /health/live", &[("Origin", OURS)], "").await;
    assert_eq!(health.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_star_lets_in_every_page() {
    let gateway = gateway_for("*").await;
    let reply = preflight(&gateway, "/graphql", THEIRS, "POST").await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn where_nothing_is_set_nothing_is_said() {
    let gateway = TestGateway::start().await;
    assert_eq!(preflight(&gateway, "/graphql", OURS, "POST").await.status.as_u16(), 405);
    let reply = send(&gateway, "POST /graphql", &[JSON, ("Origin", OURS)], &query("{ __typename }")).await;
    assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
    assert_eq!(words(&reply, "vary"), ["accept"]);
}
