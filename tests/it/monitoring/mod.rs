//! Services that are watched, and alerts.

mod alerts;
mod incidents;
mod lists;
mod probing;
mod record;
mod refusals;
mod services;
mod streams;
mod uptime;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Answer, Client, Fact, TestGateway};

/// Everything that a service says of itself, averages aside.
const SERVICE: &str = "id uuid name description tier owner dependsOn { id name } \
     probe { __typename ... on HttpProbe { url method expectedStatus { from to } bodyContains \
     headers { name value } degradedAboveMs } ... on TcpProbe { host port } } \
     intervalSeconds timeoutMs failuresToDown successesToRecover state stateSince isInMaintenance maintenanceUntil \
     lastCheckAt lastError consecutiveFailures consecutiveSuccesses organization { id } createdAt updatedAt version";

/// Everything that an alert says of itself.
const ALERT: &str = "id uuid source dedupKey status severity title description labels service { id name } incidentId \
     count firstSeenAt lastSeenAt acknowledgedAt acknowledgedBy { kind name } resolvedAt resolvedBy { kind name } \
     organization { id } createdAt updatedAt version";

/// Ids that nothing has.
const UNKNOWN_SERVICE: &str = "svc_01jd5kzzzzfpfvnd2v6n5x3k8r";
const UNKNOWN_ALERT: &str = "alr_01jd5kzzzzfpfvnd2v6n5x3k8r";

/// Tries to do something to a service.
async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("service {{ {SERVICE} }}")).await
}

/// Registers a service and answers its id. Whatever it answers reads the same afterwards.
async fn register(client: &Client, input: Value) -> String {
    let answer = tried(client, "serviceRegister", input).await.ok();
    answer.text("/service/id").to_owned()
}

/// Reads a service.
async fn service(client: &Client, id: &str) -> Value {
    let document = format!("query($id: ID!) {{ service(id: $id) {{ {SERVICE} }} }}");
    client.run_with(&document, json!({ "id": id })).await.ok().at("/service").clone()
}

/// Tries to do something to an alert.
async fn tried_alert(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("alert {{ {ALERT} }}")).await
}

/// Reads an alert.
async fn alert(client: &Client, id: &str) -> Value {
    let document = format!("query($id: ID!) {{ alert(id: $id) {{ {ALERT} }} }}");
    client.run_with(&document, json!({ "id": id })).await.ok().at("/alert").clone()
}

/// The alerts of a service, newest first.
async fn alerts_of(client: &Client, service: &str) -> Vec<Value> {
    let document = format!("query($id: ID!) {{ service(id: $id) {{ alerts {{ nodes {{ {ALERT} }} }} }} }}");
    let answer = client.run_with(&document, json!({ "id": service })).await.ok();
    answer.at("/service/alerts/nodes").as_array().unwrap().clone()
}

/// Lets a minute pass, which is how often services are probed unless they say otherwise.
async fn minute(gateway: &TestGateway) {
    gateway.advance(TimeDelta::minutes(1));
    gateway.run_until_idle().await;
}

/// The facts beyond the first `seen`, but for what incidents make of them.
async fn facts(gateway: &TestGateway, seen: usize) -> Vec<Fact> {
    let facts = gateway.facts(seen).await.into_iter();
    facts.filter(|fact| fact.event.actor_id != "incident-opener").collect()
}

/// Their types, in their order.
async fn types(gateway: &TestGateway, seen: usize) -> Vec<String> {
    let facts = facts(gateway, seen).await;
    facts.into_iter().map(|fact| fact.event.event_type.replace("monitoring.", "")).collect()
}

/// The user errors of an answer: code and the path of the input.
fn faults(answer: &Answer) -> Vec<(String, String)> {
    let errors = answer.at("/userErrors").as_array().unwrap_or_else(|| panic!("{}", answer.body));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path = |error: &Value| {
        let path: Vec<_> = error["field"].as_array().into_iter().flatten().map(text).collect();
        path.join(".")
    };
    errors.iter().map(|error| (text(&error["code"]), path(error))).collect()
}

/// Fails unless an answer says exactly this and did nothing.
#[track_caller]
fn refused(answer: &Answer, code: &str, path: &str) {
    assert!(answer.body.get("errors").is_none(), "{}", answer.body);
    assert_eq!(faults(answer), [(code.to_owned(), path.to_owned())], "{}", answer.body);
    assert!(answer.at("/receipt").is_null(), "{}", answer.body);
}
