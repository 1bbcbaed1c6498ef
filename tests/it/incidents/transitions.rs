//! Moving an incident forward.

use chrono::TimeDelta;
use serde_json::json;
use tests::TestGateway;

use super::{STATUSES, at, done, open, read, refused, timeline, tried};

/// Every step that `incidentTransition` makes (DOMAINS.md: forward, steps may be skipped).
const STEPS: [(&str, &[&str]); 7] = [
    ("OPEN", &["ACKNOWLEDGED", "INVESTIGATING", "IDENTIFIED", "MONITORING"]),
    ("ACKNOWLEDGED", &["INVESTIGATING", "IDENTIFIED", "MONITORING"]),
    ("INVESTIGATING", &["IDENTIFIED", "MONITORING"]),
    ("IDENTIFIED", &["MONITORING"]),
    ("MONITORING", &[]),
    ("RESOLVED", &["CLOSED"]),
    ("CLOSED", &[]),
];

#[tokio::test]
async fn only_the_named_steps_are_made() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for (from, steps) in STEPS {
        let id = at(owner, from).await;
        for to in STATUSES.into_iter().filter(|to| !steps.contains(to)) {
            let before = read(owner, &id).await;
            let answer = tried(owner, "incidentTransition", json!({ "id": id, "status": to })).await;
            let is_open = !["RESOLVED", "CLOSED"].contains(&from);
            let code = if to == "RESOLVED" && is_open { "NOT_ALLOWED" } else { "INVALID_TRANSITION" };
            refused(&answer, &[(code, "input.status")]);
            assert_eq!(read(owner, &id).await, before, "{from} → {to}");
        }
        for to in steps {
            let id = at(owner, from).await;
            let answer = done(owner, "incidentTransition", json!({ "id": id, "status": to })).await;
            assert_eq!(answer.text("/incident/status"), *to, "from {from}");
        }
    }
}

#[tokio::test]
async fn each_step_leaves_its_time() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    let at = |minute: u32| json!(format!("2026-11-21T03:{minute:02}:00.000000Z"));
    for (minute, status) in (1..).zip(&STATUSES[1..5]) {
        gateway.advance(TimeDelta::minutes(1));
        let input = json!({ "id": id, "status": status, "note": format!("step {minute}") });
        let incident = done(owner, "incidentTransition", input).await.at("/incident").clone();
        assert_eq!(incident["acknowledgedAt"], at(1), "{status}");
        let mitigated = if *status == "MONITORING" { at(4) } else { json!(null) };
        assert_eq!(incident["mitigatedAt"], mitigated, "{status}");
        assert_eq!(incident["updatedAt"], at(minute), "{status}");
        let (kind, visibility, body) = timeline(gateway.owner(), &id).await.pop().unwrap();
        assert_eq!((&*kind, &*visibility), ("STATUS_CHANGED", "INTERNAL"));
        assert_eq!(body, format!("moved it to {status}: step {minute}"));
    }
}

#[tokio::test]
async fn a_skipped_step_counts_as_made() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    gateway.advance(TimeDelta::minutes(7));
    let answer = done(owner, "incidentTransition", json!({ "id": id, "status": "MONITORING" })).await;
    for time in ["acknowledgedAt", "mitigatedAt"] {
        assert_eq!(answer.text(&format!("/incident/{time}")), "2026-11-21T03:07:00.000000Z");
    }
}

#[tokio::test]
async fn a_note_is_bounded() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    for mutation in ["incidentTransition", "incidentAcknowledge"] {
        for (note, code) in [("n".repeat(10_001), "TOO_LONG"), ("\0".to_owned(), "INVALID")] {
            let mut input = json!({ "id": id, "note": note });
            if mutation == "incidentTransition" {
                input["status"] = json!("INVESTIGATING");
            }
            refused(&tried(owner, mutation, input).await, &[(code, "input.note")]);
        }
    }
    assert_eq!(read(owner, &id).await["version"], 1);
    // An empty one is none.
    done(owner, "incidentAcknowledge", json!({ "id": id, "note": "  " })).await;
    assert_eq!(timeline(gateway.owner(), &id).await.pop().unwrap().2, "acknowledged the incident");
}
