//! A literal that isn't one of its scalar's values ends the request before anything runs, and the error names the
//! argument.

use serde_json::{Value, json};
use tests::{Message, TestGateway};

/// What is said of a literal that doesn't fit.
fn misfit(argument: &str, scalar: &str) -> String {
    format!("Invalid value for argument \"{argument}\", expected type \"{scalar}\"")
}

#[tokio::test]
async fn a_bad_literal_of_each_scalar_is_named() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for (field, argument, scalar) in [
        ("incidents(filter: { createdAt: { gte: \"yesterday\" } })", "filter.createdAt.gte", "DateTime"),
        (
            "incidents(filter: { createdAt: { lt: \"2026-11-21T03:00:00\" } })",
            "filter.createdAt.lt",
            "DateTime",
        ),
        (
            "incidents(filter: { createdAt: { eq: \"1969-12-31T23:59:59Z\" } })",
            "filter.createdAt.eq",
            "DateTime",
        ),
        ("incidents(filter: { createdAt: { eq: 1795225200 } })", "filter.createdAt.eq", "DateTime"),
        ("incidents(first: 2147483648)", "first", "Int"),
        ("incidents(first: -2147483649)", "first", "Int"),
        ("incidents(first: 1.5)", "first", "Int"),
        ("incidents(first: \"1\")", "first", "Int"),
        ("incidents(after: 3)", "after", "Cursor"),
        ("incidents(search: 3)", "search", "String"),
        ("incidents(filter: { assigneeId: { eq: 1.5 } })", "filter.assigneeId.eq", "ID"),
        ("incidents @include(if: 3)", "if", "Boolean"),
    ] {
        let answer = owner.run(&format!("{{ {field} {{ nodes {{ id }} }} }}")).await;
        assert_eq!(answer.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{field}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["message"], misfit(argument, scalar), "{field}");
        assert!(answer.body.get("data").is_none(), "{field}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_bad_literal_of_a_subscription_is_named_too() {
    let gateway = TestGateway::start().await;
    let mut socket = gateway.owner().socket().await;
    for literal in ["\"\"", "\"here\"", "1", "[]"] {
        let document = format!("subscription {{ incidentChanged(after: {literal}) {{ cursor }} }}");
        socket.subscribe("1", &document, json!({})).await;
        let Message::Json(message) = socket.next().await else { panic!("closed") };
        let errors = message["payload"].as_array().unwrap_or_else(|| panic!("{message}"));
        assert_eq!((&message["type"], errors.len()), (&json!("error"), 1), "{message}");
        assert_eq!(errors[0]["message"], misfit("after", "EventCursor"));
        assert_eq!(errors[0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn nothing_of_a_document_with_a_bad_literal_runs() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let seen = gateway.recorded().await;
    for bad in ["maintenanceUntil: \"soon\"", "expectedVersion: 2147483648"] {
        let document = format!(
            "mutation {{ one: incidentCreate(input: {{ title: \"x\", severity: LOW }}) {{ incident {{ id }} }} \
             two: serviceUpdate(input: {{ id: \"svc_01jd5kzzzzfpfvnd2v6n5x3k8r\", {bad} }}) \
             {{ service {{ id }} }} }}"
        );
        assert_eq!(owner.run(&document).await.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{bad}");
    }
    // In variables, the same.
    let document = "mutation($input: ServiceUpdateInput!) { \
                    one: incidentCreate(input: { title: \"x\", severity: LOW }) { incident { id } } \
                    two: serviceUpdate(input: $input) { service { id } } }";
    let input = json!({ "input": { "id": "svc_01jd5kzzzzfpfvnd2v6n5x3k8r", "maintenanceUntil": "soon" } });
    let answer = owner.run_with(document, input).await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.body);
    let expected =
        "the value of a variable doesn't fit at maintenanceUntil: it isn't a value of the type DateTime";
    assert_eq!(answer.body["errors"][0]["message"], expected);
    assert_eq!(answer.body.get("data"), None::<&Value>);
    assert_eq!(gateway.recorded().await, seen);
}
