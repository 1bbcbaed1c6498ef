//! Entries as they come.

use serde_json::{Value, json};
use tests::TestGateway;

use super::open;

const DOCUMENT: &str = "subscription($after: EventCursor, $filter: AuditLogFilter) { auditLogged(after: $after, filter: \
                        $filter) { cursor auditLog { action outcome leafIndex entityId actor { name } } } }";

#[tokio::test]
async fn entries_are_heard_as_they_come_and_resumed() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    gateway.sequenced().await;
    let start = owner.run("{ eventCursor }").await.ok().at("/eventCursor").clone();
    let mut socket = owner.socket().await;
    socket.subscribe("1", DOCUMENT, json!({ "after": start })).await;
    let id = open(owner, "down").await;
    let heard = socket.payload("1").await;
    let arrival = &heard["data"]["auditLogged"];
    assert_eq!(
        arrival["auditLog"],
        json!({
            "action": "INCIDENT_CREATE",
            "outcome": "SUCCESS",
            "leafIndex": 3,
            "entityId": id,
            "actor": { "name": "Owner" },
        }),
        "{heard}"
    );

    owner.mutate("incidentAcknowledge", json!({ "id": id }), "incident { id }").await.ok();
    let refused = gateway.with_scopes(&["incidents.read"]).await;
    refused.run("{ auditLogs { totalCount } }").await;

    // What an event doesn't say of its entry filters, too: the outcome.
    let mut late = owner.socket().await;
    let filter = json!({ "outcome": { "eq": "DENIED" } });
    late.subscribe("1", DOCUMENT, json!({ "after": arrival["cursor"], "filter": filter })).await;
    let heard = late.payload("1").await;
    assert_eq!(heard["data"]["auditLogged"]["auditLog"]["action"], "ACCESS_DENIED", "{heard}");

    let mut late = owner.socket().await;
    late.subscribe("1", DOCUMENT, json!({ "after": arrival["cursor"] })).await;
    for expected in ["INCIDENT_ACKNOWLEDGE", "API_TOKEN_CREATE", "ACCESS_DENIED"] {
        assert_eq!(late.payload("1").await["data"]["auditLogged"]["auditLog"]["action"], expected);
    }
}

#[tokio::test]
async fn hearing_of_an_entry_leaves_none() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    gateway.sequenced().await;
    let start = owner.run("{ eventCursor }").await.ok().at("/eventCursor").clone();
    let mut socket = owner.socket().await;
    let document = "subscription($after: EventCursor) { auditLogged(after: $after) { auditLog { action ipAddress personal \
                    { value } } } }";
    socket.subscribe("1", document, json!({ "after": start })).await;
    open(owner, "down").await;
    let heard = socket.payload("1").await;
    // A reading would be a fact, which would be heard and read in turn.
    assert_eq!(
        heard["data"]["auditLogged"]["auditLog"],
        json!({ "action": "INCIDENT_CREATE", "ipAddress": null, "personal": null })
    );
    let errors = heard["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{heard}");
    for error in errors {
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        assert!(error["message"].as_str().unwrap().contains("queries alone"));
    }
    gateway.run_until_idle().await;
    assert_eq!(gateway.recorded().await, 4);
}

#[tokio::test]
async fn an_organization_hears_its_own_entries_alone() {
    let gateway = TestGateway::start().await;
    let (ours, theirs) = (gateway.organization("ours").await, gateway.organization("theirs").await);
    let partner = gateway.partner(&["audit.read", "incidents.*"], ours).await;
    let stranger = gateway.partner(&["incidents.*"], theirs).await;
    // On PostgreSQL the making of the tokens may get its place a little later.
    gateway.sequenced().await;
    let start = gateway.owner().run("{ eventCursor }").await.ok().at("/eventCursor").clone();
    let mut socket = partner.socket().await;
    socket.subscribe("1", DOCUMENT, json!({ "after": start })).await;
    open(&stranger, "theirs").await;
    open(gateway.owner(), "the platform's").await;
    let id = open(&partner, "ours").await;
    let heard = socket.payload("1").await;
    assert_eq!(heard["data"]["auditLogged"]["auditLog"]["entityId"], id, "{heard}");
}

#[tokio::test]
async fn hearing_takes_the_permission() {
    let gateway = TestGateway::start().await;
    let reader = gateway.with_scopes(&["events.read", "incidents.*"]).await;
    let mut socket = reader.socket().await;
    socket.subscribe("1", DOCUMENT, json!({})).await;
    let tests::Message::Json(refused) = socket.next().await else { panic!("closed") };
    assert_eq!(refused["type"], "error", "{refused}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "FORBIDDEN");
    assert_ne!(refused["payload"][0]["extensions"]["requestId"], Value::Null);
}
