//! What the life of an incident leaves on the record.

use entity::{
    actor_kind::ActorKind,
    audit_log::{AuditCategory, AuditOutcome, AuditSurface},
};
use opsgate::kernel::actor::ORGANIZATION;
use serde_json::{Value, json};
use tests::TestGateway;

use super::{done, open};

/// What somebody writes; it must not stand anywhere in clear.
const WORDS: &str = "Zaphod Beeblebrox called from +44 20 7946 0000";

#[tokio::test]
async fn every_change_is_an_event_and_an_entry() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let partner = gateway
        .partner(&["incidents.*", "directory.read", "access.read"], acme)
        .await
        .with_header("x-request-id", "request-1")
        .with_header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let organization = ORGANIZATION.encode(acme);
    let input = json!({ "title": "Down", "severity": "HIGH", "affectedServices": [{ "name": "core" }] });
    let created = done(&partner, "incidentCreate", input).await;
    let id = created.text("/incident/id").to_owned();
    let actor = created.text("/incident/reporter/id").to_owned();

    // What is done, the event, the statuses before and after, and whether words were written along.
    let steps = [
        ("incidentNoteAdd", json!({ "body": WORDS }), "updated", "OPEN", "OPEN", true),
        ("incidentAcknowledge", json!({ "note": WORDS }), "acknowledged", "OPEN", "ACKNOWLEDGED", true),
        (
            "incidentTransition",
            json!({ "status": "INVESTIGATING", "note": WORDS }),
            "updated",
            "ACKNOWLEDGED",
            "INVESTIGATING",
            true,
        ),
        ("incidentUpdate", json!({ "severity": "LOW" }), "updated", "INVESTIGATING", "INVESTIGATING", false),
        (
            "incidentResolve",
            json!({ "rootCause": WORDS, "resolution": WORDS }),
            "resolved",
            "INVESTIGATING",
            "RESOLVED",
            false,
        ),
        ("incidentReopen", json!({ "reason": WORDS }), "reopened", "RESOLVED", "OPEN", true),
        (
            "incidentTransition",
            json!({ "status": "ACKNOWLEDGED" }),
            "acknowledged",
            "OPEN",
            "ACKNOWLEDGED",
            false,
        ),
    ];
    let mut version = 1;
    for (mutation, mut input, event, from, to, has_words) in steps {
        input["id"] = json!(id);
        let seen = gateway.recorded().await;
        let answer = done(&partner, mutation, input).await;
        let fact = gateway.proved(&answer).await;
        assert_eq!(gateway.recorded().await, seen + 1, "{mutation}: one fact");
        version += 1;

        let row = &fact.event;
        assert_eq!(row.event_type, format!("monitoring.incident.{event}"), "{mutation}");
        assert_eq!((&*row.entity_type, &*row.entity_id), ("Incident", &*id));
        assert_eq!(row.entity_version, Some(version), "{mutation}");
        assert_eq!(*answer.at("/incident/version"), version, "{mutation}");
        assert_eq!((row.actor_kind, &*row.actor_id), (ActorKind::ApiToken, &*actor));
        assert_eq!(row.organization_id, acme);
        assert_eq!(row.payload["status"], to, "{mutation}");
        assert_eq!(row.before.as_ref().unwrap()["status"], from, "{mutation}");
        assert_eq!(row.after.as_ref().unwrap()["status"], to, "{mutation}");
        assert_eq!((row.causation_id, row.depth), (None, 0));

        let entry = &fact.entry;
        let action = format!("INCIDENT_{}", event.trim_end_matches('d').to_uppercase());
        assert_eq!(entry.action, action.replace("REOPENE", "REOPEN"), "{mutation}");
        assert_eq!((entry.category, entry.outcome), (AuditCategory::Incident, AuditOutcome::Success));
        assert_eq!(entry.surface, AuditSurface::Api);
        assert_eq!(entry.request_id.as_deref(), Some("request-1"));
        assert_eq!(entry.correlation_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(entry.organization_id, acme);
        assert_eq!(fact.body["organizationId"], organization);
        assert_eq!(fact.body["requestId"], "request-1");

        // What people write and where they come from is apart, sealed, and nowhere else.
        assert!(!fact.shows(WORDS) && !fact.shows("Zaphod"), "{mutation}");
        let expected = has_words.then(|| json!(WORDS));
        assert_eq!(fact.personal("$.note").cloned(), expected, "{mutation}");
        assert_eq!(fact.personal("$request.ipAddress"), Some(&json!("127.0.0.1")), "{mutation}");
        assert!(!fact.shows("127.0.0.1"));
    }
}

#[tokio::test]
async fn an_event_tells_what_filters_look_at_before_and_after() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let input = json!({ "title": "Down", "severity": "HIGH", "affectedServices": [{ "name": "core" }] });
    let created = done(owner, "incidentCreate", input).await;
    let opened = gateway.proved(&created).await.event;
    let now = "2026-11-21T03:00:00.000000Z";
    let mut state = json!({
        "status": "OPEN", "severity": "HIGH", "assigneeId": null, "affectedService": ["core"],
        "createdAt": now, "resolvedAt": null,
    });
    assert_eq!((opened.before, opened.after), (None, Some(state.clone())));
    assert_eq!(opened.entity_version, Some(1));

    let id = created.text("/incident/id");
    let answer = done(owner, "incidentAcknowledge", json!({ "id": id })).await;
    let acknowledged = gateway.proved(&answer).await.event;
    assert_eq!(acknowledged.before, Some(state.clone()));
    let assignee = opsgate::kernel::actor::ADMIN_USER.parse(answer.text("/incident/assignee/id")).unwrap();
    (state["status"], state["assigneeId"]) = (json!("ACKNOWLEDGED"), json!(assignee));
    assert_eq!(acknowledged.after, Some(state.clone()));

    let services = json!({ "id": id, "affectedServices": [{ "name": "core" }, { "name": "login" }] });
    let updated = gateway.proved(&done(owner, "incidentUpdate", services).await).await.event;
    assert_eq!(updated.before, Some(state.clone()));
    state["affectedService"] = json!(["core", "login"]);
    assert_eq!(updated.after, Some(state.clone()));

    let resolved = gateway.proved(&super::resolve(owner, id).await).await.event;
    (state["status"], state["resolvedAt"]) = (json!("RESOLVED"), json!(now));
    assert_eq!(resolved.after, Some(state));
}

#[tokio::test]
async fn a_merge_is_a_fact_of_each_incident() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (target, first, second) = (open(owner).await, open(owner).await, open(owner).await);
    let seen = gateway.recorded().await;
    let input = json!({ "targetId": target, "sourceIds": [first, second] });
    let merged = done(owner, "incidentMerge", input).await;
    let proved = gateway.proved(&merged).await;
    assert_eq!(proved.event.entity_id, target, "the receipt proves the target's");
    let facts = gateway.facts(seen).await;
    let of: Vec<_> = facts.iter().map(|fact| (&*fact.event.event_type, &*fact.event.entity_id)).collect();
    let ty = "monitoring.incident.merged";
    assert_eq!(of, [(ty, &*target), (ty, &*first), (ty, &*second)]);
    for fact in &facts[1..] {
        assert_eq!(fact.event.after.as_ref().unwrap()["status"], "CLOSED");
        assert_eq!(fact.event.payload["details"]["change"]["target"], "INC-2026-000001");
    }
    let sources = &facts[0].event.payload["details"]["change"]["sources"];
    assert_eq!(*sources, json!(["INC-2026-000002", "INC-2026-000003"]));
}

#[tokio::test]
async fn a_new_incident_that_continues_an_old_one_says_so_on_the_record() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = super::at(owner, "RESOLVED").await;
    gateway.advance(chrono::TimeDelta::days(2));
    let answer = done(owner, "incidentReopen", json!({ "id": id, "reason": WORDS })).await;
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "monitoring.incident.created");
    assert_eq!(fact.event.entity_id, answer.text("/incident/id"));
    assert_eq!(fact.event.payload["details"]["reopenedFrom"], "INC-2026-000001");
    assert_eq!(fact.personal("$.note"), Some(&Value::from(WORDS)));
    assert!(!fact.shows(WORDS));
}
