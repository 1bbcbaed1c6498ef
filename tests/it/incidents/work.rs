//! Working on an incident: acknowledge, assign, note, update.

use entity::admin_user::AdminLevel;
use opsgate::kernel::actor::ADMIN_USER;
use serde_json::{Value, json};
use tests::{Client, TestGateway};

use super::{at, done, open, read, refused, timeline, tried};

/// The last entry of a timeline.
async fn last_entry(client: &Client, id: &str) -> (String, String, String) {
    timeline(client, id).await.pop().unwrap()
}

fn entry(kind: &str, visibility: &str, body: &str) -> (String, String, String) {
    (kind.to_owned(), visibility.to_owned(), body.to_owned())
}

#[tokio::test]
async fn who_acknowledges_becomes_the_assignee() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    gateway.advance(chrono::TimeDelta::minutes(5));
    // The owner's token acts as an account.
    let input = json!({ "id": id, "note": " I look. ", "expectedVersion": 1 });
    let answer = done(owner, "incidentAcknowledge", input).await;
    assert_eq!(answer.text("/incident/status"), "ACKNOWLEDGED");
    assert_eq!(answer.text("/incident/assignee/name"), "Owner");
    assert_eq!(answer.text("/incident/acknowledgedAt"), "2026-11-21T03:05:00.000000Z");
    assert_eq!(answer.text("/incident/updatedAt"), "2026-11-21T03:05:00.000000Z");
    assert_eq!(*answer.at("/incident/version"), 2);
    let expected = entry("ACKNOWLEDGED", "INTERNAL", "acknowledged the incident: I look.");
    assert_eq!(last_entry(gateway.owner(), &id).await, expected);
    // Once is enough.
    let again = tried(owner, "incidentAcknowledge", json!({ "id": id })).await;
    refused(&again, &[("INVALID_TRANSITION", "input.id")]);
}

#[tokio::test]
async fn a_token_without_an_account_acknowledges_without_becoming_the_assignee() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let script = gateway.with_scopes(&["incidents.*", "access.read"]).await;
    let answer = done(&script, "incidentAcknowledge", json!({ "id": id })).await;
    assert!(answer.at("/incident/assignee").is_null());
    let kinds: Vec<_> = answer.at("/incident/participants").as_array().unwrap().iter().collect();
    assert_eq!(kinds.iter().map(|actor| &actor["kind"]).collect::<Vec<_>>(), ["ADMIN_USER", "API_TOKEN"]);
}

#[tokio::test]
async fn whoever_was_assigned_stays() {
    let gateway = TestGateway::start().await;
    let ada = ADMIN_USER.encode(gateway.account("Ada", AdminLevel::Admin).await);
    let id = open(gateway.owner()).await;
    done(gateway.owner(), "incidentAssign", json!({ "id": id, "assigneeId": ada })).await;
    let answer = done(gateway.owner(), "incidentAcknowledge", json!({ "id": id })).await;
    assert_eq!(answer.text("/incident/assignee/name"), "Ada");
}

#[tokio::test]
async fn people_are_assigned_and_dismissed() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let ada = ADMIN_USER.encode(account);
    let id = open(owner).await;
    let both = json!({ "id": id, "assigneeId": ada, "commanderId": account.to_string() });
    let answer = done(owner, "incidentAssign", both).await;
    assert_eq!(answer.text("/incident/assignee/id"), ada);
    assert_eq!(answer.text("/incident/commander/id"), ada);
    assert_eq!(
        last_entry(gateway.owner(), &id).await,
        entry("ASSIGNED", "INTERNAL", "changed who works on it")
    );
    // Absent stays, null is nobody.
    let answer = done(owner, "incidentAssign", json!({ "id": id, "assigneeId": null })).await;
    assert!(answer.at("/incident/assignee").is_null());
    assert_eq!(answer.text("/incident/commander/id"), ada);

    gateway.deactivate(account).await;
    for (field, value, code) in [
        ("assigneeId", json!(ada), "NOT_FOUND"),
        ("commanderId", json!(ada), "NOT_FOUND"),
        ("commanderId", json!(id), "INVALID"),
        ("assigneeId", json!("ada"), "INVALID"),
    ] {
        let answer = tried(owner, "incidentAssign", json!({ "id": id, field: value })).await;
        refused(&answer, &[(code, &format!("input.{field}"))]);
    }
    let closed = at(owner, "CLOSED").await;
    let answer = tried(owner, "incidentAssign", json!({ "id": closed, "assigneeId": null })).await;
    refused(&answer, &[("NOT_ALLOWED", "input.id")]);
}

#[tokio::test]
async fn assigning_what_is_assigned_already_changes_nothing() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let seen = gateway.recorded().await;
    for input in [json!({ "id": id }), json!({ "id": id, "assigneeId": null })] {
        let answer = done(gateway.owner(), "incidentAssign", input).await;
        assert!(answer.at("/receipt").is_null(), "{}", answer.body);
        assert_eq!(*answer.at("/incident/version"), 1);
    }
    assert_eq!(gateway.recorded().await, seen);
}

#[tokio::test]
async fn notes_are_added_at_any_time() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = at(owner, "CLOSED").await;
    let answer = done(owner, "incidentNoteAdd", json!({ "id": id, "body": "  seen again " })).await;
    assert_eq!(answer.text("/incident/status"), "CLOSED");
    assert_eq!(*answer.at("/incident/version"), 4, "create, resolve, close, note");
    assert_eq!(last_entry(gateway.owner(), &id).await, entry("NOTE", "INTERNAL", "seen again"));
    let public = json!({ "id": id, "body": "We are sorry.", "visibility": "PUBLIC" });
    done(owner, "incidentNoteAdd", public).await;
    assert_eq!(last_entry(gateway.owner(), &id).await, entry("NOTE", "PUBLIC", "We are sorry."));

    for (body, code) in
        [("", "REQUIRED"), (" ", "REQUIRED"), (&*"n".repeat(10_001), "TOO_LONG"), ("\0", "INVALID")]
    {
        let answer = tried(owner, "incidentNoteAdd", json!({ "id": id, "body": body })).await;
        refused(&answer, &[(code, "input.body")]);
    }
}

#[tokio::test]
async fn each_part_is_updated_and_the_others_stay() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let input = json!({
        "title": "Slow", "description": "Since noon.", "impact": "FEW", "urgency": "LOW",
        "affectedServices": [{ "name": "core" }],
    });
    let created = done(owner, "incidentCreate", input).await;
    let id = created.text("/incident/id").to_owned();
    let mut expected = created.at("/incident").clone();
    for (change, effect, kind) in [
        (json!({ "title": " Down " }), json!({ "title": "Down" }), "UPDATED"),
        (json!({ "description": null }), json!({ "description": null }), "UPDATED"),
        (json!({ "description": "Since one." }), json!({ "description": "Since one." }), "UPDATED"),
        // Severity follows from what it is derived from…
        (json!({ "impact": "MANY" }), json!({ "impact": "MANY", "severity": "MEDIUM" }), "SEVERITY_CHANGED"),
        (
            json!({ "urgency": "CRITICAL" }),
            json!({ "urgency": "CRITICAL", "severity": "CRITICAL" }),
            "SEVERITY_CHANGED",
        ),
        // …unless it is given, or one of the two isn't known any more.
        (
            json!({ "impact": "FEW", "severity": "LOW" }),
            json!({ "impact": "FEW", "severity": "LOW" }),
            "SEVERITY_CHANGED",
        ),
        (json!({ "urgency": null }), json!({ "urgency": null }), "UPDATED"),
        (
            json!({ "affectedServices": [{ "name": "login", "impact": "MANY" }, { "name": "core" }] }),
            json!({ "affectedServices": [
                { "name": "login", "impact": "MANY" }, { "name": "core", "impact": null },
            ] }),
            "UPDATED",
        ),
        (json!({ "affectedServices": [] }), json!({ "affectedServices": [] }), "UPDATED"),
    ] {
        gateway.advance(chrono::TimeDelta::seconds(1));
        let version = expected["version"].as_i64().unwrap();
        let mut input = json!({ "id": id, "expectedVersion": version });
        input.as_object_mut().unwrap().append(change.clone().as_object_mut().unwrap());
        let answer = done(owner, "incidentUpdate", input).await;
        let fields = expected.as_object_mut().unwrap();
        fields.append(effect.clone().as_object_mut().unwrap());
        fields.insert("version".to_owned(), json!(version + 1));
        fields.insert("updatedAt".to_owned(), answer.at("/incident/updatedAt").clone());
        assert_eq!(*answer.at("/incident"), expected, "{change}");
        assert_eq!(last_entry(gateway.owner(), &id).await.0, kind, "{change}");
    }
}

#[tokio::test]
async fn an_update_without_a_change_leaves_no_trace() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    let before = read(owner, &id).await;
    let seen = gateway.recorded().await;
    for same in
        [json!({}), json!({ "title": "Database down" }), json!({ "severity": "HIGH", "impact": null })]
    {
        let mut input = json!({ "id": id });
        input.as_object_mut().unwrap().append(same.clone().as_object_mut().unwrap());
        let answer = done(owner, "incidentUpdate", input).await;
        assert_eq!(*answer.at("/receipt"), Value::Null, "{same}");
        assert_eq!(*answer.at("/incident"), before, "{same}");
    }
    assert_eq!(gateway.recorded().await, seen);
}

#[tokio::test]
async fn every_rule_of_an_update_is_checked() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    let before = read(owner, &id).await;
    for (change, code, path) in [
        (json!({ "title": " " }), "REQUIRED", "input.title"),
        (json!({ "title": "t".repeat(256) }), "TOO_LONG", "input.title"),
        (json!({ "description": "d".repeat(10_001) }), "TOO_LONG", "input.description"),
        (json!({ "affectedServices": [{ "name": "" }] }), "REQUIRED", "input.affectedServices.0.name"),
        (
            json!({ "title": "other", "affectedServices": vec![json!({ "name": "s" }); 51] }),
            "LIMIT_EXCEEDED",
            "input.affectedServices",
        ),
    ] {
        let mut input = json!({ "id": id });
        input.as_object_mut().unwrap().append(change.clone().as_object_mut().unwrap());
        refused(&tried(owner, "incidentUpdate", input).await, &[(code, path)]);
        assert_eq!(read(owner, &id).await, before, "{change}");
    }
    let closed = at(owner, "CLOSED").await;
    let answer = tried(owner, "incidentUpdate", json!({ "id": closed, "title": "other" })).await;
    refused(&answer, &[("NOT_ALLOWED", "input.id")]);
}
