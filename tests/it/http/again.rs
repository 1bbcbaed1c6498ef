//! The same document again: it is read and validated once, and everything about the request is looked at each time.

use serde_json::json;
use tests::TestGateway;

const INCIDENTS: &str = "query($n: Int!, $severity: IncidentSeverity) { incidents(first: $n, filter: {severity: {eq: $severity}}) { nodes { id } } }";

#[tokio::test]
async fn other_variables_are_checked_again() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for _ in 0..3 {
        owner.run_with(INCIDENTS, json!({ "n": 1, "severity": "HIGH" })).await.ok();
        for wrong in
            [json!({}), json!({ "n": "1" }), json!({ "n": null }), json!({ "n": 1, "severity": "NONE" })]
        {
            let answer = owner.run_with(INCIDENTS, wrong).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.body);
            assert!(answer.body.get("data").is_none(), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_is_invalid_stays_so() {
    let gateway = TestGateway::start().await;
    for _ in 0..3 {
        let answer = gateway.owner().run("{ incidents { nodes { nothing } } }").await;
        assert_eq!(answer.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{}", answer.body);
    }
}

#[tokio::test]
async fn another_caller_is_another_caller() {
    let gateway = TestGateway::start().await;
    let reader = gateway.with_scopes(&["incidents.read"]).await;
    let stranger = gateway.with_scopes(&["audit.read"]).await;
    for _ in 0..2 {
        reader.run_with(INCIDENTS, json!({ "n": 1 })).await.ok();
        assert_eq!(stranger.run_with(INCIDENTS, json!({ "n": 1 })).await.codes(), ["FORBIDDEN"]);
    }
}
