//! Incidents that are one.

use serde_json::{Value, json};
use tests::TestGateway;

use super::{UNKNOWN, at, done, faults, open, read, refused, timeline, tried};

#[tokio::test]
async fn sources_are_closed_and_point_to_the_target() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (target, first, second) = (open(owner).await, open(owner).await, at(owner, "IDENTIFIED").await);
    gateway.advance(chrono::TimeDelta::minutes(1));
    // One that is named twice counts once.
    let input = json!({ "targetId": target, "sourceIds": [second, first, second], "expectedVersion": 1 });
    let merged = done(owner, "incidentMerge", input).await;
    assert_eq!(merged.text("/incident/id"), target);
    assert_eq!(merged.text("/incident/status"), "OPEN");
    assert_eq!(*merged.at("/incident/version"), 2);
    let entry = timeline(gateway.owner(), &target).await.pop().unwrap();
    assert_eq!(
        (&*entry.0, &*entry.2),
        ("MERGED", "merged INC-2026-000002, INC-2026-000003 into this incident")
    );
    for source in [&first, &second] {
        let source = read(owner, source).await;
        assert_eq!(source["status"], "CLOSED");
        assert_eq!(source["mergedInto"]["id"], target);
        assert_eq!(source["closedAt"], "2026-11-21T03:01:00.000000Z");
        assert_eq!(source["resolvedAt"], Value::Null);
        let entry = timeline(gateway.owner(), source["id"].as_str().unwrap()).await.pop().unwrap();
        assert_eq!((&*entry.0, &*entry.2), ("MERGED", "was merged into INC-2026-000001"));
    }
    // What went into another one is over for good.
    let other = open(owner).await;
    let again = tried(owner, "incidentMerge", json!({ "targetId": other, "sourceIds": [first] })).await;
    refused(&again, &[("NOT_ALLOWED", "input.sourceIds")]);
}

#[tokio::test]
async fn every_rule_of_a_merge_is_checked() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (target, source) = (open(owner).await, open(owner).await);
    let (resolved, closed) = (at(owner, "RESOLVED").await, at(owner, "CLOSED").await);
    let many: Vec<_> =
        (1..=51).map(|n| opsgate::incidents::INCIDENT.encode(uuid::Uuid::from_u128(n))).collect();
    let seen = gateway.recorded().await;
    for (input, code, path) in [
        (json!({ "targetId": target, "sourceIds": [] }), "OUT_OF_RANGE", "input.sourceIds"),
        (json!({ "targetId": target, "sourceIds": many }), "OUT_OF_RANGE", "input.sourceIds"),
        (json!({ "targetId": target, "sourceIds": [source, target] }), "INVALID", "input.sourceIds"),
        (json!({ "targetId": target, "sourceIds": [source, UNKNOWN] }), "NOT_FOUND", "input.sourceIds"),
        (json!({ "targetId": UNKNOWN, "sourceIds": [source] }), "NOT_FOUND", "input.targetId"),
        (json!({ "targetId": "here", "sourceIds": [source] }), "INVALID", "input.targetId"),
        (json!({ "targetId": target, "sourceIds": [source, "adm_x"] }), "INVALID", "input.sourceIds.1"),
        (json!({ "targetId": target, "sourceIds": [source, resolved] }), "NOT_ALLOWED", "input.sourceIds"),
        (json!({ "targetId": target, "sourceIds": [closed] }), "NOT_ALLOWED", "input.sourceIds"),
        (json!({ "targetId": resolved, "sourceIds": [source] }), "NOT_ALLOWED", "input.targetId"),
        (json!({ "targetId": closed, "sourceIds": [source] }), "NOT_ALLOWED", "input.targetId"),
    ] {
        refused(&tried(owner, "incidentMerge", input.clone()).await, &[(code, path)]);
        assert_eq!(read(owner, &source).await["status"], "OPEN", "{input}");
        assert_eq!(read(owner, &target).await["version"], 1, "{input}");
    }
    assert_eq!(gateway.recorded().await, seen);
}

#[tokio::test]
async fn two_opposite_merges_end_with_one_of_them() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for _ in 0..10 {
        let (a, b) = (open(owner).await, open(owner).await);
        let merge = |target, source| {
            tried(owner, "incidentMerge", json!({ "targetId": target, "sourceIds": [source] }))
        };
        let answers = tokio::join!(merge(&a, &b), merge(&b, &a));
        let (mut won, mut lost) = answers;
        if !faults(&won).is_empty() {
            (won, lost) = (lost, won);
        }
        let won = won.ok();
        let (code, path) = faults(&lost).pop().unwrap();
        assert_eq!(code, "NOT_ALLOWED", "{}", lost.body);
        assert!(["input.sourceIds", "input.targetId"].contains(&&*path), "{path}");
        let target = won.text("/incident/id");
        let source = if target == a { &b } else { &a };
        assert_eq!(read(owner, source).await["mergedInto"]["id"], target);
        assert_eq!(read(owner, target).await["mergedInto"], Value::Null);
    }
}

#[tokio::test]
async fn who_merges_sees_no_further_than_their_own() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let partner = gateway.partner(&["incidents.*", "directory.read"], acme).await;
    let stranger = gateway.partner(&["incidents.*", "directory.read"], globex).await;
    let (own, theirs) = (open(&partner).await, open(&stranger).await);
    for (target, source, path) in [(&own, &theirs, "input.sourceIds"), (&theirs, &own, "input.targetId")] {
        let input = json!({ "targetId": target, "sourceIds": [source] });
        refused(&tried(&partner, "incidentMerge", input).await, &[("NOT_FOUND", path)]);
    }
}
