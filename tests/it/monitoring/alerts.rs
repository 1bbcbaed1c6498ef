//! Alerts that others raise.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::TestGateway;

use super::{UNKNOWN_ALERT, UNKNOWN_SERVICE, alert, refused, register, tried_alert, types};

fn condition() -> Value {
    json!({ "source": "billing", "dedupKey": "queue", "severity": "MEDIUM", "title": "The queue is long" })
}

/// The usual condition, with more in it.
fn with(more: Value) -> Value {
    let mut input = condition();
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

#[tokio::test]
async fn an_alert_is_raised_repeated_acknowledged_and_resolved() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let core = register(owner, json!({ "name": "core" })).await;
    let seen = gateway.recorded().await;
    let input = with(json!({ "description": "900 wait.", "labels": { "region": "eu" }, "serviceId": core }));
    let raised = tried_alert(owner, "alertTrigger", input).await.ok();
    let id = raised.text("/alert/id").to_owned();
    let mut found = raised.at("/alert").clone();
    assert_eq!(alert(owner, &id).await, found);
    for varying in ["id", "uuid"] {
        found.as_object_mut().unwrap().remove(varying);
    }
    let now = "2026-11-21T03:00:00.000000Z";
    let expected = json!({
        "source": "billing", "dedupKey": "queue", "status": "FIRING", "severity": "MEDIUM",
        "title": "The queue is long", "description": "900 wait.", "labels": { "region": "eu" },
        "service": { "id": core, "name": "core" }, "incidentId": null, "count": 1,
        "firstSeenAt": now, "lastSeenAt": now, "acknowledgedAt": null, "acknowledgedBy": null,
        "resolvedAt": null, "resolvedBy": null, "organization": null,
        "createdAt": now, "updatedAt": now, "version": 1,
    });
    assert_eq!(found, expected);

    gateway.advance(TimeDelta::seconds(1));
    for (severity, expected) in [("HIGH", "HIGH"), ("INFO", "HIGH")] {
        let again = tried_alert(owner, "alertTrigger", with(json!({ "severity": severity }))).await.ok();
        assert_eq!((again.text("/alert/id"), again.text("/alert/severity")), (&*id, expected));
    }
    let input = json!({ "id": id, "expectedVersion": 3 });
    let acknowledged = tried_alert(owner, "alertAcknowledge", input).await.ok().at("/alert").clone();
    let owner_name = json!({ "kind": "ADMIN_USER", "name": "Owner" });
    assert_eq!((&acknowledged["status"], &acknowledged["count"]), (&json!("ACKNOWLEDGED"), &json!(3)));
    assert_eq!(acknowledged["acknowledgedBy"], owner_name);
    // Once more, and it stays acknowledged.
    let again = tried_alert(owner, "alertTrigger", condition()).await.ok();
    assert_eq!((again.text("/alert/status"), again.at("/alert/count")), ("ACKNOWLEDGED", &json!(4)));

    gateway.advance(TimeDelta::seconds(1));
    let resolved = tried_alert(owner, "alertResolve", json!({ "id": id })).await.ok().at("/alert").clone();
    assert_eq!(alert(owner, &id).await, resolved);
    assert_eq!((&resolved["status"], &resolved["resolvedBy"]), (&json!("RESOLVED"), &owner_name));
    assert_eq!(resolved["lastSeenAt"], "2026-11-21T03:00:01.000000Z");
    assert_eq!(resolved["resolvedAt"], "2026-11-21T03:00:02.000000Z");
    // From here on the same condition is a new alert.
    let new = tried_alert(owner, "alertTrigger", condition()).await.ok();
    assert_ne!(new.text("/alert/id"), id);
    assert_eq!(*new.at("/alert/count"), 1);
    assert_eq!(
        types(&gateway, seen).await,
        [
            "alert.triggered",
            "alert.updated",
            "alert.updated",
            "alert.acknowledged",
            "alert.updated",
            "alert.resolved",
            "alert.triggered",
        ]
    );
}

#[tokio::test]
async fn twenty_at_once_are_one_alert_that_fired_twenty_times() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for round in 0..3 {
        let input = with(json!({ "dedupKey": format!("queue {round}") }));
        let raise = || tried_alert(owner, "alertTrigger", input.clone());
        let answers = futures_util::future::join_all((0..20).map(|_| raise())).await;
        let mut counts: Vec<_> =
            answers.into_iter().map(|answer| answer.ok().at("/alert/count").as_i64()).collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=20).map(Some).collect::<Vec<_>>());
    }
    let found = owner.run("{ alerts { totalCount nodes { count } } }").await.ok();
    assert_eq!(*found.at("/alerts/totalCount"), 3);
    assert_eq!(*found.at("/alerts/nodes"), json!([{ "count": 20 }, { "count": 20 }, { "count": 20 }]));
}

#[tokio::test]
async fn a_condition_is_one_of_its_source_and_key() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let acme = opsgate::kernel::actor::ORGANIZATION.encode(gateway.organization("acme").await);
    for input in [
        condition(),
        with(json!({ "source": "shop" })),
        with(json!({ "dedupKey": "Queue" })),
        with(json!({ "organizationId": acme })),
    ] {
        assert_eq!(*tried_alert(owner, "alertTrigger", input).await.ok().at("/alert/count"), 1);
    }
}

#[tokio::test]
async fn every_rule_of_the_input_is_checked() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let acme = opsgate::kernel::actor::ORGANIZATION.encode(gateway.organization("acme").await);
    let core = register(owner, json!({ "name": "core" })).await;
    let seen = gateway.recorded().await;
    for (input, code, path) in [
        (json!({ "source": "" }), "REQUIRED", "input.source"),
        (json!({ "source": "s".repeat(101) }), "TOO_LONG", "input.source"),
        (json!({ "source": "probe" }), "NOT_ALLOWED", "input.source"),
        (json!({ "dedupKey": " " }), "REQUIRED", "input.dedupKey"),
        (json!({ "dedupKey": "k".repeat(256) }), "TOO_LONG", "input.dedupKey"),
        (json!({ "title": "" }), "REQUIRED", "input.title"),
        (json!({ "title": "t".repeat(256) }), "TOO_LONG", "input.title"),
        (json!({ "description": "d".repeat(10_001) }), "TOO_LONG", "input.description"),
        (json!({ "labels": ["a"] }), "INVALID", "input.labels"),
        (json!({ "labels": { "a": 1 } }), "INVALID", "input.labels"),
        (json!({ "serviceId": UNKNOWN_SERVICE }), "NOT_FOUND", "input.serviceId"),
        (json!({ "serviceId": UNKNOWN_ALERT }), "INVALID", "input.serviceId"),
        (json!({ "serviceId": core, "organizationId": acme }), "INVALID", "input.organizationId"),
    ] {
        refused(&tried_alert(owner, "alertTrigger", with(input)).await, code, path);
    }
    let bad = tried_alert(owner, "alertTrigger", with(json!({ "severity": "AWFUL" }))).await;
    assert_eq!(bad.codes(), ["BAD_USER_INPUT"]);
    assert_eq!(gateway.recorded().await, seen);
}

#[tokio::test]
async fn an_alert_goes_forward_only() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let raised = tried_alert(owner, "alertTrigger", condition()).await.ok();
    let id = raised.text("/alert/id");
    for mutation in ["alertAcknowledge", "alertResolve"] {
        let stale = tried_alert(owner, mutation, json!({ "id": id, "expectedVersion": 9 })).await;
        refused(&stale, "CONFLICT", "input.expectedVersion");
        assert_eq!(stale.text("/alert/id"), id, "the answer shows the alert as it is");
        refused(&tried_alert(owner, mutation, json!({ "id": UNKNOWN_ALERT })).await, "NOT_FOUND", "input.id");
        refused(&tried_alert(owner, mutation, json!({ "id": UNKNOWN_SERVICE })).await, "INVALID", "input.id");
    }
    tried_alert(owner, "alertAcknowledge", json!({ "id": id })).await.ok();
    let again = tried_alert(owner, "alertAcknowledge", json!({ "id": id })).await;
    refused(&again, "INVALID_TRANSITION", "input.id");
    tried_alert(owner, "alertResolve", json!({ "id": id })).await.ok();
    for mutation in ["alertAcknowledge", "alertResolve"] {
        refused(&tried_alert(owner, mutation, json!({ "id": id })).await, "INVALID_TRANSITION", "input.id");
    }
}

#[tokio::test]
async fn a_repeated_request_raises_it_once() {
    let gateway = TestGateway::start().await;
    let client = gateway.owner().with_header("idempotency-key", "one");
    let first = tried_alert(&client, "alertTrigger", condition()).await.ok();
    let second = tried_alert(&client, "alertTrigger", condition()).await.ok();
    assert_eq!(*second.at("/receipt/isReplay"), true);
    assert_eq!((second.at("/alert/id"), second.at("/alert/count")), (first.at("/alert/id"), &json!(1)));
}
