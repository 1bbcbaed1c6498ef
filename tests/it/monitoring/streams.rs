//! What subscribers hear.

use serde_json::json;
use tests::{Target, TestGateway};

use super::{minute, register, tried, tried_alert};

#[tokio::test]
async fn a_subscriber_hears_how_services_are_doing() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    let input =
        json!({ "name": "core", "probe": target.http(), "failuresToDown": 1, "successesToRecover": 1 });
    let id = register(owner, input).await;
    register(owner, json!({ "name": "other" })).await;
    gateway.run_until_idle().await;
    let mut socket = owner.socket().await;
    let document = "subscription { serviceStatusChanged(filter: { name: { eq: \"core\" } }) \
                    { type entityVersion service { id state version isInMaintenance } actor { kind name } } }";
    socket.subscribe("all", document, json!({})).await;
    let document = "subscription { serviceStatusChanged(filter: { state: { eq: DOWN } }) { type } }";
    socket.subscribe("down", document, json!({})).await;
    socket.subscribe("begun", "{ viewer { permissions } }", json!({})).await;
    socket.payload("begun").await;

    target.stop().await;
    minute(&gateway).await;
    let heard = socket.payload("all").await["data"]["serviceStatusChanged"].clone();
    assert_eq!(
        heard,
        json!({
            "type": "monitoring.service.down", "entityVersion": 3,
            "service": { "id": id, "state": "DOWN", "version": 3, "isInMaintenance": false },
            "actor": { "kind": "SYSTEM", "name": "monitoring.probe" },
        })
    );
    // A change that isn't one of the state isn't heard; one of the maintenance is.
    tried(owner, "serviceUpdate", json!({ "id": id, "tier": 1 })).await.ok();
    let until = json!({ "id": id, "maintenanceUntil": "2026-11-22T00:00:00Z" });
    tried(owner, "serviceUpdate", until).await.ok();
    let heard = socket.payload("all").await["data"]["serviceStatusChanged"].clone();
    assert_eq!((&heard["type"], &heard["entityVersion"]), (&json!("monitoring.service.updated"), &json!(5)));
    target.resume().await;
    minute(&gateway).await;
    tried(owner, "serviceDeregister", json!({ "id": id })).await.ok();
    for expected in ["monitoring.service.recovered", "monitoring.service.deregistered"] {
        assert_eq!(socket.payload("all").await["data"]["serviceStatusChanged"]["type"], expected);
    }
    // Down, and out of it again.
    for expected in ["down", "updated", "recovered"] {
        let heard = socket.payload("down").await["data"]["serviceStatusChanged"]["type"].clone();
        assert_eq!(heard, format!("monitoring.service.{expected}"));
    }
}

#[tokio::test]
async fn a_subscriber_hears_alerts_of_their_own() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let acme = gateway.organization("acme").await;
    let partner = gateway.partner(&["monitoring.*", "directory.read"], acme).await;
    let mut socket = partner.socket().await;
    let document = "subscription($after: EventCursor) \
                    { alertChanged(after: $after, filter: { severity: { in: [HIGH, CRITICAL] }, status: { eq: FIRING } }) \
                    { cursor type alert { dedupKey status count } } }";
    socket.subscribe("1", document, json!({})).await;
    socket.subscribe("begun", "{ viewer { permissions } }", json!({})).await;
    socket.payload("begun").await;
    let raise = async |client, key: &str, severity: &str| {
        let input = json!({ "source": "s", "dedupKey": key, "severity": severity, "title": "t" });
        tried_alert(client, "alertTrigger", input).await.ok().text("/alert/id").to_owned()
    };
    raise(owner, "foreign", "HIGH").await;
    raise(&partner, "low", "LOW").await;
    let id = raise(&partner, "high", "HIGH").await;
    let heard = socket.payload("1").await["data"]["alertChanged"].clone();
    assert_eq!(heard["type"], "monitoring.alert.triggered");
    assert_eq!(heard["alert"], json!({ "dedupKey": "high", "status": "FIRING", "count": 1 }));
    drop(socket);

    // It leaves the filter, which is heard once more; then nothing.
    tried_alert(&partner, "alertAcknowledge", json!({ "id": id })).await.ok();
    tried_alert(&partner, "alertResolve", json!({ "id": id })).await.ok();
    // One that gets worse comes into it.
    raise(&partner, "low", "CRITICAL").await;
    let mut socket = partner.socket().await;
    socket.subscribe("1", document, json!({ "after": heard["cursor"] })).await;
    for (ty, key) in [("acknowledged", "high"), ("updated", "low")] {
        let heard = socket.payload("1").await["data"]["alertChanged"].clone();
        assert_eq!(heard["type"], format!("monitoring.alert.{ty}"));
        assert_eq!(heard["alert"]["dedupKey"], key);
    }
}
