//! What a client may ask of a request, in headers or, where it can't set them, in `extensions`.

use serde_json::{Value, json};
use tests::{Reply, TestGateway};

use super::{JSON, bearer, post};

const CREATE: &str = "mutation($title: String!) { incidentCreate(input: { title: $title, severity: LOW }) \
                      { incident { title } receipt { isDryRun isReplay } } }";

async fn create(gateway: &TestGateway, headers: &[(&str, &str)], extensions: Value) -> Reply {
    let owner = bearer(gateway);
    let headers = [headers, &[JSON, ("Authorization", owner.as_str())][..]].concat();
    let body = json!({ "query": CREATE, "variables": { "title": "x" }, "extensions": extensions });
    post(gateway, &headers, body.to_string()).await
}

async fn titles(gateway: &TestGateway) -> usize {
    let incidents = gateway.owner().run("{ incidents { nodes { id } } }").await.ok();
    incidents.at("/incidents/nodes").as_array().unwrap().len()
}

#[tokio::test]
async fn a_dry_run_is_one_only_in_plain_words() {
    let gateway = TestGateway::start().await;
    for (headers, extensions) in [
        (&[("X-Dry-Run", "TRUE")][..], json!(null)),
        (&[], json!({ "dryRun": true })),
        (&[("X-Dry-Run", "false")], json!({ "dryRun": true })),
    ] {
        let reply = create(&gateway, headers, extensions).await.json();
        assert_eq!(reply["data"]["incidentCreate"]["receipt"]["isDryRun"], true, "{reply}");
    }
    // Who says it in other words must not get a real one.
    for (headers, extensions) in [
        (&[("X-Dry-Run", "1")][..], json!(null)),
        (&[("X-Dry-Run", "yes")], json!(null)),
        (&[("X-Dry-Run", "true"), ("X-Dry-Run", "false")], json!(null)),
        (&[], json!({ "dryRun": "true" })),
        (&[], json!({ "dryRun": 1 })),
        (&[], json!({ "idempotencyKey": 1 })),
        (&[("Idempotency-Key", "a"), ("Idempotency-Key", "b")], json!(null)),
    ] {
        let reply = create(&gateway, headers, extensions.clone()).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT", "{headers:?} {extensions}");
    }
    assert_eq!(titles(&gateway).await, 0);
    assert_eq!(create(&gateway, &[("X-Dry-Run", "false")], json!({ "dryRun": false })).await.status, 200);
    assert_eq!(titles(&gateway).await, 1);
}

#[tokio::test]
async fn an_idempotency_key_may_stand_in_extensions() {
    let gateway = TestGateway::start().await;
    for is_replay in [false, true] {
        let reply = create(&gateway, &[], json!({ "idempotencyKey": "k1" })).await.json();
        assert_eq!(reply["data"]["incidentCreate"]["receipt"]["isReplay"], is_replay, "{reply}");
    }
    assert_eq!(titles(&gateway).await, 1);
}

#[tokio::test]
async fn requests_have_ids_and_traces() {
    let gateway = TestGateway::start().await;
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    for (number, (headers, extensions)) in [
        (vec![("X-Request-Id", "r.1-a_B"), ("traceparent", parent.as_str())], json!(null)),
        (vec![], json!({ "requestId": "r.1-a_B", "traceparent": parent })),
        (vec![("X-Request-Id", "other")], json!({ "requestId": "r.1-a_B", "traceparent": parent })),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = create(&gateway, &headers, extensions).await;
        assert_eq!(reply.header("x-request-id"), Some("r.1-a_B"));
        let recorded =
            gateway.owner().run("{ auditLogs(first: 1) { nodes { requestId correlationId } } }").await.ok();
        assert_eq!(
            *recorded.at("/auditLogs/nodes/0"),
            json!({ "requestId": "r.1-a_B", "correlationId": TRACE }),
            "{number}"
        );
    }
    // What is no id, or no trace, is as good as absent.
    let long = "x".repeat(65);
    for id in [&long, "a b", "a/b", "<script>", "é"] {
        let reply =
            create(&gateway, &[("X-Request-Id", id), ("traceparent", "00-zz-1-01")], json!(null)).await;
        assert_eq!(reply.header("x-request-id").unwrap().len(), 32, "{id}");
    }
    let recorded = gateway.owner().run("{ auditLogs(first: 1) { nodes { correlationId } } }").await.ok();
    assert_eq!(*recorded.at("/auditLogs/nodes/0/correlationId"), Value::Null);
}
