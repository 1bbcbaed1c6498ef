//! What every mutation of an incident refuses alike: who may not, what isn't there, what has changed meanwhile.

use serde_json::{Value, json};
use tests::{Client, TestGateway};

use super::{FIELDS, UNKNOWN, at, open, read, refused, tried};

/// A valid call of each mutation that changes an incident: the name, what it needs, the status that it needs the
/// incident in, the input beside the incident's id.
fn calls() -> [(&'static str, &'static str, &'static str, Value); 8] {
    let manage = "incidents.manage";
    let acknowledge = "incidents.acknowledge";
    [
        ("incidentAcknowledge", acknowledge, "OPEN", json!({})),
        ("incidentAssign", manage, "OPEN", json!({ "assigneeId": null })),
        ("incidentTransition", manage, "OPEN", json!({ "status": "INVESTIGATING" })),
        ("incidentNoteAdd", acknowledge, "OPEN", json!({ "body": "noted" })),
        ("incidentUpdate", manage, "OPEN", json!({ "title": "Other" })),
        ("incidentResolve", manage, "OPEN", json!({ "rootCause": "a", "resolution": "b" })),
        ("incidentReopen", manage, "RESOLVED", json!({ "reason": "again" })),
        ("incidentMerge", manage, "OPEN", json!({})),
    ]
}

/// The input of a call on the incident `id`; `other` is one to merge into it.
fn input(mutation: &str, rest: &Value, id: &str, other: &str) -> Value {
    let mut input = rest.clone();
    if mutation == "incidentMerge" {
        input["targetId"] = json!(id);
        input["sourceIds"] = json!([other]);
    } else {
        input["id"] = json!(id);
    }
    input
}

fn id_field(mutation: &str) -> &'static str {
    if mutation == "incidentMerge" { "input.targetId" } else { "input.id" }
}

/// Whether the call is refused for want of `needed`, without a word about the incident.
async fn denied(client: &Client, mutation: &str, input: Value, needed: &str) {
    let answer = tried(client, mutation, input).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"], "{mutation}: {}", answer.body);
    let extensions = &answer.body["errors"][0]["extensions"];
    assert_eq!(extensions["requiredPermissions"], json!([needed]), "{mutation}");
    assert_eq!(answer.body["data"], Value::Null, "{mutation}");
}

#[tokio::test]
async fn whoever_lacks_the_permission_is_denied() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (id, other) = (open(owner).await, open(owner).await);
    let before = read(owner, &id).await;
    for (mutation, needed, _, rest) in calls() {
        let rest_of_them = ["incidents.acknowledge", "incidents.manage", "incidents.read", "access.read"];
        let scopes: Vec<_> = rest_of_them.into_iter().filter(|scope| *scope != needed).collect();
        let client = gateway.with_scopes(&scopes).await;
        denied(&client, mutation, input(mutation, &rest, &id, &other), needed).await;
        let nobody = tried(&gateway.nobody(), mutation, input(mutation, &rest, &id, &other)).await;
        assert_eq!(nobody.codes(), ["UNAUTHENTICATED"], "{mutation}");
    }
    let reader = gateway.with_scopes(&["incidents.read", "incidents.acknowledge"]).await;
    denied(&reader, "incidentCreate", json!({ "title": "x", "severity": "LOW" }), "incidents.manage").await;
    assert_eq!(read(owner, &id).await, before);
    let facts = gateway.facts(0).await;
    let denials = facts.iter().filter(|fact| fact.event.event_type == "admin.access.denied");
    assert_eq!(denials.count(), calls().len() + 1, "each is on the record");
}

#[tokio::test]
async fn who_may_change_but_not_read_changes_unseen() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let writer = gateway.with_scopes(&["incidents.acknowledge"]).await;
    let answer =
        writer.mutate("incidentNoteAdd", json!({ "id": id, "body": "x" }), "incident { id title }").await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(answer.body["errors"][0]["path"], json!(["incidentNoteAdd", "incident"]));
    assert!(answer.at("/incident").is_null() && answer.at("/userErrors") == &json!([]));
    assert!(answer.at("/receipt/auditLogId").is_string(), "it was done: {}", answer.body);
    assert_eq!(read(gateway.owner(), &id).await["version"], 2);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let partner = gateway.partner(&["*"], acme).await;
    let theirs = open(&gateway.partner(&["*"], globex).await).await;
    let platforms = open(owner).await;
    let (own, other) = (open(&partner).await, open(owner).await);
    for (mutation, _, _, rest) in calls() {
        let path = id_field(mutation);
        let unknown = tried(owner, mutation, input(mutation, &rest, UNKNOWN, &other)).await;
        refused(&unknown, &[("NOT_FOUND", path)]);
        // Another organization's and the platform's own look as if they weren't there: word for word.
        for hidden in [&theirs, &platforms] {
            let answer = tried(&partner, mutation, input(mutation, &rest, hidden, &own)).await;
            refused(&answer, &[("NOT_FOUND", path)]);
            assert_eq!(answer.at("/userErrors"), unknown.at("/userErrors"), "{mutation}");
            assert_eq!(*answer.at("/incident"), Value::Null, "{mutation}");
            assert_eq!(read(owner, hidden).await["version"], 1, "{mutation}");
        }
        let admins = "adm_01jd5kzzzzfpfvnd2v6n5x3k8r";
        let wrong_type = tried(owner, mutation, input(mutation, &rest, admins, &other)).await;
        refused(&wrong_type, &[("INVALID", path)]);
        let malformed = tried(owner, mutation, input(mutation, &rest, "INC-2026-000001", &other)).await;
        refused(&malformed, &[("INVALID", path)]);
    }
}

#[tokio::test]
async fn a_stale_version_is_a_conflict_that_shows_the_incident_as_it_is() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let other = open(owner).await;
    for (mutation, _, status, rest) in calls() {
        // A note is added whatever else has happened.
        if mutation == "incidentNoteAdd" {
            continue;
        }
        let id = at(owner, status).await;
        let current = read(owner, &id).await;
        let version = current["version"].as_i64().unwrap();
        for stale in [version - 1, version + 1] {
            let seen = gateway.recorded().await;
            let mut input = input(mutation, &rest, &id, &other);
            input["expectedVersion"] = json!(stale);
            let answer = owner.mutate(mutation, input, &format!("incident {{ {FIELDS} }}")).await;
            refused(&answer, &[("CONFLICT", "input.expectedVersion")]);
            assert_eq!(*answer.at("/incident"), current, "{mutation}");
            assert_eq!(*answer.at("/userErrors/0/isRetryable"), false, "{mutation}");
            assert_eq!(read(owner, &id).await, current, "{mutation}");
            assert_eq!(gateway.recorded().await, seen, "{mutation}");
        }
        let mut input = input(mutation, &rest, &id, &other);
        input["expectedVersion"] = json!(version);
        // Whatever is accepted now counts the change, unless there was none.
        let answer = tried(owner, mutation, input).await.ok();
        let counted = if mutation == "incidentAssign" { version } else { version + 1 };
        assert_eq!(*answer.at("/incident/version"), counted, "{mutation}");
    }
}

#[tokio::test]
async fn of_two_who_change_the_same_version_one_wins() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for round in 0..10 {
        let id = open(owner).await;
        let change =
            |title| tried(owner, "incidentUpdate", json!({ "id": id, "title": title, "expectedVersion": 1 }));
        let (a, b) = tokio::join!(change("a"), change("b"));
        let won = if a.user_error_codes().is_empty() { "a" } else { "b" };
        let lost = if won == "a" { &b } else { &a };
        refused(lost, &[("CONFLICT", "input.expectedVersion")]);
        // The one who lost sees what the other one made of it.
        assert_eq!(lost.text("/incident/title"), won, "round {round}");
        assert_eq!(read(owner, &id).await["title"], won);
    }
}
