//! The end of an incident, and how it goes on.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::TestGateway;

use super::{at, done, open, read, refused, resolve, timeline, tried};

#[tokio::test]
async fn an_incident_is_resolved_with_its_cause() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    gateway.advance(TimeDelta::hours(2));
    let input = json!({ "id": id, "rootCause": " The disk was full. ", "resolution": " A larger disk.\n", "expectedVersion": 1 });
    let incident = done(owner, "incidentResolve", input).await.at("/incident").clone();
    assert_eq!(incident["status"], "RESOLVED");
    assert_eq!(incident["rootCause"], "The disk was full.");
    assert_eq!(incident["resolution"], "A larger disk.");
    for time in ["resolvedAt", "mitigatedAt"] {
        assert_eq!(incident[time], "2026-11-21T05:00:00.000000Z");
    }
    // Nobody acknowledged it: it has no time to be measured by.
    assert!(incident["acknowledgedAt"].is_null() && incident["closedAt"].is_null());
    assert_eq!(timeline(gateway.owner(), &id).await.pop().unwrap().0, "RESOLVED");

    gateway.advance(TimeDelta::hours(1));
    let closed = done(owner, "incidentTransition", json!({ "id": id, "status": "CLOSED" })).await;
    assert_eq!(closed.text("/incident/closedAt"), "2026-11-21T06:00:00.000000Z");
    assert_eq!(closed.text("/incident/resolvedAt"), "2026-11-21T05:00:00.000000Z");
}

#[tokio::test]
async fn every_status_that_is_worked_on_can_be_resolved() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for status in super::STATUSES {
        let id = at(owner, status).await;
        let input = json!({ "id": id, "rootCause": "a", "resolution": "b" });
        if ["RESOLVED", "CLOSED"].contains(&status) {
            let answer = tried(owner, "incidentResolve", input).await;
            refused(&answer, &[("INVALID_TRANSITION", "input.id")]);
        } else {
            assert_eq!(
                done(owner, "incidentResolve", input).await.text("/incident/status"),
                "RESOLVED",
                "from {status}"
            );
        }
    }
}

#[tokio::test]
async fn cause_and_resolution_are_needed() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    let (long, nul) = ("r".repeat(10_001), "\0");
    for (cause, resolution, expected) in [
        ("", " ", &[("REQUIRED", "input.rootCause"), ("REQUIRED", "input.resolution")][..]),
        ("a", "", &[("REQUIRED", "input.resolution")]),
        (&*long, "b", &[("TOO_LONG", "input.rootCause")]),
        ("a", &*long, &[("TOO_LONG", "input.resolution")]),
        (nul, "b", &[("INVALID", "input.rootCause")]),
    ] {
        let input = json!({ "id": id, "rootCause": cause, "resolution": resolution });
        refused(&tried(owner, "incidentResolve", input).await, expected);
    }
    assert_eq!(read(owner, &id).await["status"], "OPEN");
}

#[tokio::test]
async fn within_a_day_the_same_incident_goes_on() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for status in ["RESOLVED", "CLOSED"] {
        let id = at(owner, status).await;
        let before = read(owner, &id).await;
        gateway.advance(TimeDelta::hours(24));
        let input = json!({ "id": id, "reason": " It is back. ", "expectedVersion": before["version"] });
        let after = done(owner, "incidentReopen", input).await.at("/incident").clone();
        assert_eq!(after["id"], before["id"]);
        assert_eq!(after["number"], before["number"]);
        assert_eq!(after["status"], "OPEN");
        assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
        for over in ["mitigatedAt", "resolvedAt", "closedAt", "reopenedFrom"] {
            assert_eq!(after[over], Value::Null, "{over}");
        }
        let (kind, _, body) = timeline(gateway.owner(), &id).await.pop().unwrap();
        assert_eq!((&*kind, &*body), ("REOPENED", "reopened the incident: It is back."));
        // And it can end again, with another cause.
        let input = json!({ "id": id, "rootCause": "Another disk.", "resolution": "Two disks." });
        let again = done(owner, "incidentResolve", input).await;
        assert_eq!(again.text("/incident/rootCause"), "Another disk.");
    }
}

#[tokio::test]
async fn later_a_new_incident_points_back() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let input = json!({
        "title": "Slow", "description": "Since noon.", "impact": "FEW", "urgency": "HIGH",
        "affectedServices": [{ "name": "core", "impact": "FEW" }, { "name": "login" }],
    });
    let id = done(owner, "incidentCreate", input).await.text("/incident/id").to_owned();
    let acknowledge = json!({ "id": id });
    done(owner, "incidentAcknowledge", acknowledge).await;
    resolve(owner, &id).await;
    gateway.advance(TimeDelta::hours(24) + TimeDelta::microseconds(1));
    let old = read(owner, &id).await;
    let new = done(owner, "incidentReopen", json!({ "id": id, "reason": "It is back." })).await;
    let new = new.at("/incident").clone();

    assert_ne!(new["id"], old["id"]);
    assert_eq!(new["number"], "INC-2026-000002");
    assert_eq!(new["reopenedFrom"], json!({ "id": old["id"], "number": old["number"] }));
    assert_eq!((&new["status"], &new["version"]), (&json!("OPEN"), &json!(1)));
    for same in ["title", "description", "severity", "impact", "urgency", "affectedServices", "assignee"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    for gone in ["rootCause", "resolution", "acknowledgedAt", "mitigatedAt", "resolvedAt", "closedAt"] {
        assert_eq!(new[gone], Value::Null, "{gone}");
    }
    for now in ["createdAt", "updatedAt", "detectedAt"] {
        assert_eq!(new[now], "2026-11-22T03:00:00.000001Z", "{now}");
    }
    assert_eq!(read(owner, &id).await, old, "the old one stays as it was");
    let entries = timeline(gateway.owner(), new["id"].as_str().unwrap()).await;
    let entries: Vec<_> = entries.iter().map(|(kind, _, body)| (&**kind, &**body)).collect();
    assert_eq!(entries, [("CREATED", "opened the incident"), ("NOTE", "It is back.")]);
}

#[tokio::test]
async fn what_is_not_over_is_not_reopened() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for status in &super::STATUSES[..5] {
        let id = at(owner, status).await;
        let answer = tried(owner, "incidentReopen", json!({ "id": id, "reason": "why not" })).await;
        refused(&answer, &[("INVALID_TRANSITION", "input.id")]);
    }
    let id = at(owner, "RESOLVED").await;
    for (reason, code) in
        [("", "REQUIRED"), (" ", "REQUIRED"), (&*"r".repeat(10_001), "TOO_LONG"), ("\0", "INVALID")]
    {
        let answer = tried(owner, "incidentReopen", json!({ "id": id, "reason": reason })).await;
        refused(&answer, &[(code, "input.reason")]);
    }
    let into = open(owner).await;
    let merged = open(owner).await;
    done(owner, "incidentMerge", json!({ "targetId": into, "sourceIds": [merged] })).await;
    let answer = tried(owner, "incidentReopen", json!({ "id": merged, "reason": "why not" })).await;
    refused(&answer, &[("NOT_ALLOWED", "input.id")]);
}
