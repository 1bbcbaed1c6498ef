//! What subscribers hear.

use serde_json::json;
use tests::TestGateway;

#[tokio::test]
async fn a_subscriber_hears_each_change_and_resumes_where_it_stopped() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let document = "subscription($after: EventCursor) { incidentChanged(after: $after, filter: {severity: {eq: HIGH}}) \
                    { cursor type actor { name } incident { id title status timeline(first: 1) { nodes { kind } } } } }";
    let mut socket = owner.socket().await;
    socket.subscribe("1", document, json!({})).await;
    // A query on the same socket is answered after the subscription has begun.
    socket.subscribe("2", "{ viewer { permissions } }", json!({})).await;
    socket.payload("2").await;

    let low = json!({ "title": "quiet", "severity": "LOW" });
    owner.mutate("incidentCreate", low, "incident { id }").await.ok();
    let high = json!({ "title": "loud", "severity": "HIGH" });
    let created = owner.mutate("incidentCreate", high, "incident { id }").await.ok();
    let id = created.text("/incident/id");
    let heard = socket.payload("1").await;
    let change = &heard["data"]["incidentChanged"];
    assert_eq!(change["type"], "monitoring.incident.created", "{heard}");
    assert_eq!(change["incident"]["title"], "loud");
    assert_eq!(change["incident"]["timeline"]["nodes"], json!([{ "kind": "CREATED" }]));
    assert_eq!(change["cursor"], *created.at("/receipt/cursor"));

    drop(socket);
    owner.mutate("incidentAcknowledge", json!({ "id": id }), "incident { status }").await.ok();
    let mut socket = owner.socket().await;
    socket.subscribe("1", document, json!({ "after": change["cursor"] })).await;
    let heard = socket.payload("1").await;
    assert_eq!(heard["data"]["incidentChanged"]["type"], "monitoring.incident.acknowledged", "{heard}");
    assert_eq!(heard["data"]["incidentChanged"]["actor"]["name"], "Owner");
}
