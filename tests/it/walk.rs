//! The main job on real input: a service goes down, whoever watches has the alert and the incident in hand, an operator
//! acknowledges and resolves it, and the audit trail shows who did what.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Socket, Target, TestGateway};

/// Lets one interval of the probes pass.
async fn next_probe(gateway: &TestGateway) {
    gateway.advance(TimeDelta::seconds(5));
    gateway.run_until_idle().await;
}

/// The next change that a subscription shows.
async fn change(socket: &mut Socket, id: &str) -> Value {
    let payload = socket.payload(id).await;
    let data = payload["data"].as_object().unwrap_or_else(|| panic!("{payload}"));
    data.values().next().unwrap().clone()
}

#[tokio::test]
async fn a_service_goes_down_and_everybody_knows_who_did_what() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut service = Target::start().await;

    // Whoever is on call watches; nobody will tell them anything.
    let on_call = gateway.with_scopes(&["incidents.*", "monitoring.read", "monitoring.respond"]).await;
    let mut watch = on_call.socket().await;
    watch
        .subscribe(
            "alerts",
            "subscription { alertChanged { type alert { title status severity } } }",
            json!({}),
        )
        .await;
    watch
        .subscribe(
            "incidents",
            "subscription { incidentChanged { type actor { kind name } incident { id title status severity \
             alerts { nodes { status } } affectedServices { name } } } }",
            json!({}),
        )
        .await;
    watch.subscribe("ready", "{ eventCursor }", json!({})).await;
    watch.payload("ready").await;

    let input = json!({ "name": "web", "intervalSeconds": 5, "failuresToDown": 2, "successesToRecover": 1,
                        "probe": service.http() });
    let registered = owner.mutate("serviceRegister", input, "service { id }").await.ok();
    let id = registered.text("/service/id").to_owned();
    gateway.run_until_idle().await;
    let state = async || {
        let read =
            owner.run_with("query($id: ID!) { service(id: $id) { state } }", json!({ "id": id })).await.ok();
        read.text("/service/state").to_owned()
    };
    assert_eq!(state().await, "HEALTHY");

    service.stop().await;
    next_probe(&gateway).await;
    assert_eq!(state().await, "HEALTHY", "one failure of two");
    next_probe(&gateway).await;
    assert_eq!(state().await, "DOWN");

    let alert = change(&mut watch, "alerts").await;
    assert_eq!(alert["type"], "monitoring.alert.triggered");
    assert_eq!(alert["alert"]["severity"], "CRITICAL");
    let opened = change(&mut watch, "incidents").await;
    assert_eq!(opened["type"], "monitoring.incident.created", "{opened}");
    assert_eq!(opened["actor"], json!({ "kind": "SYSTEM", "name": "incident-opener" }));
    assert_eq!(opened["incident"]["severity"], "CRITICAL");
    assert_eq!(opened["incident"]["affectedServices"], json!([{ "name": "web" }]));
    let incident = opened["incident"]["id"].as_str().unwrap().to_owned();
    let linked = change(&mut watch, "incidents").await;
    assert_eq!(linked["incident"]["alerts"]["nodes"], json!([{ "status": "FIRING" }]), "{linked}");

    // However many alerts follow, it is one incident.
    for n in 0..5 {
        let input = json!({ "source": "synthetic", "dedupKey": format!("latency-{n}"), "severity": "CRITICAL",
                            "title": "too slow", "serviceId": id });
        owner.mutate("alertTrigger", input, "alert { id }").await.ok();
    }
    next_probe(&gateway).await;
    let count = "{ incidents { totalCount } }";
    assert_eq!(*owner.run(count).await.ok().at("/incidents/totalCount"), 1);

    let acknowledged =
        on_call.mutate("incidentAcknowledge", json!({ "id": incident }), "incident { status }").await;
    assert_eq!(acknowledged.ok().text("/incident/status"), "ACKNOWLEDGED");

    // It comes back: the alert of the probe is over by itself, and the incident's timeline says so.
    service.resume().await;
    next_probe(&gateway).await;
    assert_eq!(state().await, "HEALTHY");
    let timeline = "query($id: ID!) { incident(id: $id) { status timeline(last: 50) { nodes { kind actor { name } } } \
                    alerts { nodes { source status } } } }";
    let read = owner.run_with(timeline, json!({ "id": incident })).await.ok();
    let kinds: Vec<_> =
        read.at("/incident/timeline/nodes").as_array().unwrap().iter().map(|e| &e["kind"]).collect();
    assert!(kinds.contains(&&json!("ALERT_RESOLVED")), "{kinds:?}");
    let alerts = read.at("/incident/alerts/nodes").as_array().unwrap();
    assert_eq!(alerts.len(), 6);
    let of_probe: Vec<_> = alerts.iter().filter(|alert| alert["source"] == "probe").collect();
    assert_eq!(of_probe, [&json!({ "source": "probe", "status": "RESOLVED" })]);

    let input = json!({ "id": incident, "rootCause": "it was stopped", "resolution": "started it again" });
    let resolved = owner.mutate("incidentResolve", input, "incident { status }").await.ok();
    assert_eq!(resolved.text("/incident/status"), "RESOLVED");

    // Who did what, from the record.
    let trail =
        "query($id: ID!) { auditTrail(entityId: $id, last: 50) { nodes { eventType actor { kind name } } } }";
    let read = owner.run_with(trail, json!({ "id": incident })).await.ok();
    let told: Vec<(&str, &str)> = read
        .at("/auditTrail/nodes")
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["eventType"].as_str().unwrap(), entry["actor"]["name"].as_str().unwrap()))
        .collect();
    let by = |event: &str| told.iter().find(|(ty, _)| *ty == event).map(|(_, name)| *name);
    assert_eq!(by("monitoring.incident.created"), Some("incident-opener"), "{told:?}");
    assert_eq!(
        by("monitoring.incident.acknowledged"),
        Some("incidents.* monitoring.read monitoring.respond")
    );
    assert_eq!(by("monitoring.incident.resolved"), Some("Owner"));
}
