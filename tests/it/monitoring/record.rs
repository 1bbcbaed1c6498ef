//! What monitoring leaves on the record.

use entity::audit_log::{AuditCategory, AuditOutcome};
use opsgate::monitoring::SERVICE;
use serde_json::json;
use tests::{Target, TestGateway};

use super::{facts, register, tried, tried_alert};

#[tokio::test]
async fn every_change_of_a_service_is_an_event_and_an_entry() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let acme = gateway.organization("acme").await;
    let organization = opsgate::kernel::actor::ORGANIZATION.encode(acme);
    let input = json!({ "name": "core", "tier": 1, "owner": "Team Core", "organizationId": organization });
    let registered = tried(owner, "serviceRegister", input).await.ok();
    let id = registered.text("/service/id").to_owned();
    let state = |tier: i32| {
        json!({
            "name": "core", "tier": tier, "owner": "Team Core", "state": ["UNKNOWN"], "maintenanceUntil": null,
            "createdAt": "2026-11-21T03:00:00.000000Z",
        })
    };
    let updated = tried(owner, "serviceUpdate", json!({ "id": id, "tier": 2 })).await.ok();
    let gone = tried(owner, "serviceDeregister", json!({ "id": id })).await.ok();
    for (answer, name, version, before, after) in [
        (&registered, "REGISTER", 1, None, Some(state(1))),
        (&updated, "UPDATE", 2, Some(state(1)), Some(state(2))),
        (&gone, "DEREGISTER", 3, Some(state(2)), None),
    ] {
        let fact = gateway.proved(answer).await;
        let row = &fact.event;
        let ending = if name.ends_with('E') { "d" } else { "ed" };
        assert_eq!(row.event_type, format!("monitoring.service.{}{ending}", name.to_lowercase()));
        assert_eq!((&*row.entity_type, &*row.entity_id), ("Service", &*id));
        assert_eq!(row.entity_version, Some(version), "{name}");
        assert_eq!((&row.before, &row.after), (&before, &after), "{name}");
        assert_eq!(row.organization_id, acme);
        assert_eq!(fact.entry.action, format!("SERVICE_{name}"));
        assert_eq!(
            (fact.entry.category, fact.entry.outcome),
            (AuditCategory::Monitoring, AuditOutcome::Success)
        );
    }
}

#[tokio::test]
async fn a_service_that_goes_down_says_so_with_its_alert() {
    let gateway = TestGateway::start().await;
    let mut target = Target::start().await;
    target.stop().await;
    let input = json!({ "name": "core", "probe": target.http(), "failuresToDown": 1 });
    let seen = gateway.recorded().await;
    let id = register(gateway.owner(), input).await;
    gateway.run_until_idle().await;
    let facts = facts(&gateway, seen).await;
    let [_registered, down, alert] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(down.event.event_type, "monitoring.service.down");
    assert_eq!((down.event.entity_version, &*down.event.actor_id), (Some(2), "monitoring.probe"));
    assert_eq!(down.event.before.as_ref().unwrap()["state"], json!(["UNKNOWN"]));
    assert_eq!(down.event.after.as_ref().unwrap()["state"], json!(["DOWN"]));
    let details = &down.event.payload["details"];
    assert_eq!((&details["from"], &details["to"]), (&json!("UNKNOWN"), &json!("DOWN")));
    assert_eq!(down.event.occurred_at, alert.event.occurred_at, "one transaction");

    assert_eq!(alert.event.event_type, "monitoring.alert.triggered");
    let payload = &alert.event.payload;
    for (field, expected) in [
        ("source", json!("probe")),
        ("dedupKey", json!(format!("service:{id}"))),
        ("severity", json!("CRITICAL")),
        ("status", json!("FIRING")),
        ("count", json!(1)),
        ("title", json!("core is down")),
        ("serviceId", json!(SERVICE.parse(&id).unwrap())),
        ("serviceName", json!("core")),
        ("incidentId", json!(null)),
    ] {
        assert_eq!(payload[field], expected, "{field}");
    }
}

#[tokio::test]
async fn every_change_of_an_alert_is_an_event_and_an_entry() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let condition = json!({ "source": "s", "dedupKey": "k", "severity": "LOW", "title": "t" });
    let raised = tried_alert(owner, "alertTrigger", condition.clone()).await.ok();
    let id = raised.text("/alert/id");
    let again = tried_alert(owner, "alertTrigger", condition).await.ok();
    let acknowledged = tried_alert(owner, "alertAcknowledge", json!({ "id": id })).await.ok();
    let resolved = tried_alert(owner, "alertResolve", json!({ "id": id })).await.ok();
    for (answer, event, action, before, after, version) in [
        (&raised, "triggered", "ALERT_TRIGGER", None, "FIRING", 1),
        (&again, "updated", "ALERT_UPDATE", Some("FIRING"), "FIRING", 2),
        (&acknowledged, "acknowledged", "ALERT_ACKNOWLEDGE", Some("FIRING"), "ACKNOWLEDGED", 3),
        (&resolved, "resolved", "ALERT_RESOLVE", Some("ACKNOWLEDGED"), "RESOLVED", 4),
    ] {
        let fact = gateway.proved(answer).await;
        assert_eq!(fact.event.event_type, format!("monitoring.alert.{event}"));
        assert_eq!((&*fact.event.entity_type, &*fact.event.entity_id), ("Alert", id));
        assert_eq!(fact.event.entity_version, Some(version));
        assert_eq!(fact.entry.action, action);
        let status = |state: &Option<serde_json::Value>| state.as_ref().map(|state| state["status"].clone());
        assert_eq!(status(&fact.event.before), before.map(|status| json!(status)));
        assert_eq!(status(&fact.event.after), Some(json!(after)));
    }
}
