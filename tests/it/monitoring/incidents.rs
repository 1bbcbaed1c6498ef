//! What monitoring gives to incidents: alerts that belong to them.

use serde_json::{Value, json};
use tests::{Client, Target, TestGateway};

use super::{alert, alerts_of, minute, register, tried_alert, types};

/// The reactor that makes incidents of alerts.
const FOLLOWER: &str = "incident-opener";

/// The incidents, oldest first, with their alerts, newest first.
async fn incidents(client: &Client) -> Vec<Value> {
    let document = "{ incidents(orderBy: { field: CREATED_AT, direction: ASC }) \
                    { nodes { id status affectedServices { name } alerts { nodes { id status } } } } }";
    client.run(document).await.ok().at("/incidents/nodes").as_array().unwrap().clone()
}

/// The ids of an incident's alerts.
fn alert_ids(incident: &Value) -> Vec<&str> {
    let alerts = incident["alerts"]["nodes"].as_array().unwrap();
    alerts.iter().map(|alert| alert["id"].as_str().unwrap()).collect()
}

/// Raises a critical alert of a service of this name and answers its id.
async fn raise(client: &Client, name: &str) -> String {
    let service = register(client, json!({ "name": name })).await;
    let input = json!({
        "source": "s", "dedupKey": name, "severity": "CRITICAL", "title": "t", "serviceId": service,
    });
    tried_alert(client, "alertTrigger", input).await.ok().text("/alert/id").to_owned()
}

/// Puts one incident into another.
async fn merge(client: &Client, source: &Value, target: &Value) {
    let input = json!({ "targetId": target, "sourceIds": [source] });
    client.mutate("incidentMerge", input, "incident { id }").await.ok();
}

/// The kinds of the entries on an incident's timeline, oldest first.
async fn kinds(client: &Client, incident: &Value) -> Vec<String> {
    let document = "query($id: ID!) { incident(id: $id) { timeline(last: 100) { nodes { kind } } } }";
    let read = client.run_with(document, json!({ "id": incident })).await.ok();
    let entries = read.at("/incident/timeline/nodes").as_array().unwrap();
    entries.iter().rev().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_alerts_of_a_service_belong_to_one_incident() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    let input =
        json!({ "name": "core", "probe": target.http(), "failuresToDown": 1, "successesToRecover": 1 });
    let core = register(owner, input).await;
    gateway.run_until_idle().await;
    target.stop().await;
    minute(&gateway).await;
    let more = json!({ "source": "s", "dedupKey": "k", "severity": "LOW", "title": "t", "serviceId": core });
    let more = tried_alert(owner, "alertTrigger", more).await.ok().text("/alert/id").to_owned();
    gateway.run_until_idle().await;
    let own = alerts_of(owner, &core).await.remove(1);
    let all = incidents(owner).await;
    let [incident] = &all[..] else { panic!("{all:?}") };
    assert_eq!(incident["affectedServices"], json!([{ "name": "core" }]));
    let firing = |id: &Value| json!({ "id": id, "status": "FIRING" });
    assert_eq!(incident["alerts"]["nodes"], json!([firing(&json!(more)), firing(&own["id"])]));
    assert_eq!(own["incidentId"], incident["id"]);

    target.resume().await;
    minute(&gateway).await;
    assert_eq!(incidents(owner).await[0]["status"], "OPEN");
    assert_eq!(kinds(owner, &incident["id"]).await.last().unwrap(), "ALERT_RESOLVED");
}

#[tokio::test]
async fn the_alerts_of_merged_incidents_go_with_them() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut raised = Vec::new();
    for name in ["a", "b"] {
        raised.push(raise(owner, name).await);
        gateway.run_until_idle().await;
    }
    let before = incidents(owner).await;
    assert_eq!(before.len(), 2);
    let version = alert(owner, &raised[1]).await["version"].as_i64().unwrap();
    let seen = gateway.recorded().await;
    merge(owner, &before[1]["id"], &before[0]["id"]).await;
    let after = incidents(owner).await;
    assert_eq!(alert_ids(&after[0]), [&*raised[1], &*raised[0]]);
    assert_eq!(alert_ids(&after[1]), [""; 0]);
    let moved = alert(owner, &raised[1]).await;
    assert_eq!((&moved["incidentId"], &moved["version"]), (&before[0]["id"], &json!(version + 1)));
    // Whoever follows the alert hears of it.
    let types = types(&gateway, seen).await;
    assert!(types.contains(&"alert.updated".to_owned()), "{types:?}");
}

#[tokio::test]
async fn an_alert_that_is_over_before_it_is_joined_is_noted_all_the_same() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    gateway.hold_reactor(FOLLOWER).await;
    let raised = raise(owner, "core").await;
    tried_alert(owner, "alertResolve", json!({ "id": raised })).await.ok();
    gateway.release_reactor(FOLLOWER).await;
    gateway.run_until_idle().await;
    let all = incidents(owner).await;
    let [incident] = &all[..] else { panic!("{all:?}") };
    assert_eq!(alert_ids(incident), [raised]);
    assert_eq!(kinds(owner, &incident["id"]).await, ["CREATED", "ALERT_LINKED", "ALERT_RESOLVED"]);
}

#[tokio::test]
async fn an_alert_that_is_over_is_noted_where_a_merge_has_taken_it() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut raised = Vec::new();
    for name in ["a", "b", "c"] {
        raised.push(raise(owner, name).await);
        gateway.run_until_idle().await;
    }
    let all = incidents(owner).await;
    // The event says the third incident; by the time it is dealt with the alert is at the first.
    gateway.hold_reactor(FOLLOWER).await;
    tried_alert(owner, "alertResolve", json!({ "id": raised[2] })).await.ok();
    merge(owner, &all[2]["id"], &all[1]["id"]).await;
    merge(owner, &all[1]["id"], &all[0]["id"]).await;
    gateway.release_reactor(FOLLOWER).await;
    gateway.run_until_idle().await;
    assert_eq!(alert_ids(&incidents(owner).await[0]).len(), 3);
    assert_eq!(kinds(owner, &all[0]["id"]).await[2..], ["MERGED", "ALERT_RESOLVED"]);
    assert_eq!(kinds(owner, &all[2]["id"]).await[2..], ["MERGED"]);
}
