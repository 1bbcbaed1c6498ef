//! Nothing that a client wrote stands in an error: errors end up in logs and on other people's screens.

use serde_json::{Value, json};
use tests::{Message, TestGateway};

use super::{JSON, bearer, post};

/// What mustn't come back.
const MARK: &str = "hunter2";

/// Requests that are refused, each with the mark in another place.
fn refused() -> Vec<Value> {
    let documents = [
        "{ hunter2",
        "hunter2 { __typename }",
        "{ hunter2 }",
        "{ viewer { hunter2 } }",
        "{ incident(hunter2: 1) { id } }",
        "{ incidents(filter: {hunter2: 1}) { nodes { id } } }",
        "{ incidents(filter: {severity: {eq: hunter2}}) { nodes { id } } }",
        "{ incidents(filter: {severity: {eq: \"hunter2\"}}) { nodes { id } } }",
        "{ incidents(first: \"hunter2\") { nodes { id } } }",
        "{ incidents(after: \"hunter2\") { nodes { id } } }",
        "{ incidents(filter: {createdAt: {gte: \"hunter2\"}}) { nodes { id } } }",
        "{ incident(id: \"hunter2\") { id } }",
        "{ node(id: \"hunter2\") { id } }",
        "{ ...hunter2 }",
        "fragment hunter2 on Query { __typename }",
        "{ viewer { permissions @hunter2 } }",
        "{ ... on hunter2 { __typename } }",
        "query($hunter2: Int) { __typename }",
        "query hunter2 { incident(id: $hunter2) { id } }",
        "query hunter2 { __typename } query hunter2 { __typename }",
        "query($a: hunter2!) { __typename }",
        "mutation { incidentCreate(input: {title: \"x\", severity: hunter2}) { incident { id } } }",
        "subscription { hunter2 }",
        "subscription { incidentChanged(after: \"hunter2\") { cursor } }",
        "subscription { incidentChanged { cursor } hunter2: incidentChanged { cursor } }",
    ];
    let with_variables = [
        ("query($a: Int) { incidents(first: $a) { nodes { id } } }", json!({ "a": MARK })),
        (
            "query($a: IncidentFilter) { incidents(filter: $a) { nodes { id } } }",
            json!({ "a": { MARK: MARK } }),
        ),
        (
            "query($a: IncidentFilter) { incidents(filter: $a) { nodes { id } } }",
            json!({ "a": { "severity": { "in": [MARK] } } }),
        ),
        (
            "query($a: IncidentFilter) { incidents(filter: $a) { nodes { id } } }",
            json!({ "a": { "createdAt": { "gte": MARK } } }),
        ),
        ("query($a: UUID) { __typename nodes(ids: []) { id } }", json!({ "a": MARK })),
        ("query($a: ID!) { incident(id: $a) { id } }", json!({ "a": { MARK: 1 } })),
    ];
    let documents = documents.into_iter().map(|document| json!({ "query": document }));
    let with_variables = with_variables
        .into_iter()
        .map(|(query, variables)| json!({ "query": query, "variables": variables }));
    documents
        .chain(with_variables)
        .chain([
            json!({ "query": "{ __typename }", "operationName": MARK }),
            json!({ "query": [MARK] }),
            json!({ "query": "{ __typename }", "variables": MARK }),
            json!([MARK]),
        ])
        .collect()
}

#[tokio::test]
async fn no_error_repeats_what_was_sent() {
    let gateway = TestGateway::start().await;
    let owner = bearer(&gateway);
    for request in refused() {
        for accept in ["application/json", "application/graphql-response+json"] {
            let headers = [JSON, ("Accept", accept), ("Authorization", owner.as_str())];
            let reply = post(&gateway, &headers, request.to_string()).await.json();
            let errors =
                reply["errors"].as_array().unwrap_or_else(|| panic!("{request} is answered: {reply}"));
            for error in errors {
                assert!(error["extensions"]["requestId"].is_string(), "{request}: {error}");
                assert!(error["extensions"]["code"].is_string(), "{request}: {error}");
                assert!(!error.to_string().contains(MARK), "{request}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn nor_does_one_over_a_socket() {
    let gateway = TestGateway::start().await;
    let well_formed = |request: &Value| {
        request["query"].is_string()
            && (request["variables"].is_object() || request.get("variables").is_none())
    };
    for request in refused().into_iter().filter(well_formed) {
        let mut socket = gateway.owner().socket().await;
        socket.send(json!({ "id": "1", "type": "subscribe", "payload": request })).await;
        let Message::Json(message) = socket.next().await else { panic!("{request} closes the socket") };
        let errors = match message["type"].as_str() {
            Some("error") => &message["payload"],
            _ => &message["payload"]["errors"],
        };
        assert!(errors.as_array().is_some_and(|errors| !errors.is_empty()), "{request}: {message}");
        assert!(!errors.to_string().contains(MARK), "{request}: {errors}");
    }
}
