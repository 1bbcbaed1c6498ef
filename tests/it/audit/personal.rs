//! What is personal in entries: kept apart, and read on the record.

use entity::audit_personal;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};

use super::{entries, open};

const NOTE: &str = "Grace Hopper called from +1 555 0100";

/// An incident with a note; answers the id of the note's entry.
async fn noted(client: &Client) -> String {
    let id = open(client, "down").await;
    let input = json!({ "id": id, "body": NOTE });
    let added = client.mutate("incidentNoteAdd", input, "incident { id }").await.ok();
    added.text("/receipt/auditLogId").to_owned()
}

async fn personal(client: &Client, entry: &str) -> Answer {
    let document =
        "query Look($id: ID!) { auditLog(id: $id) { personal { path value isErased commitment salt } } }";
    let body = json!({ "query": document, "variables": { "id": entry }, "operationName": "Look" });
    client.send(body).await
}

async fn readings(client: &Client) -> Vec<Value> {
    let readings = "(filter: {eventType: {eq: \"audit.personal.read\"}})";
    entries(client, readings, "entityType entityId actor { kind name } eventData requestId").await
}

#[tokio::test]
async fn what_people_write_is_nowhere_in_clear() {
    let gateway = TestGateway::start().await;
    let entry = noted(&gateway.owner().with_header("user-agent", "a-browser/1.0")).await;
    let facts = gateway.facts(0).await;
    for text in [NOTE, "Grace", "127.0.0.1", "a-browser"] {
        assert!(!facts.iter().any(|fact| fact.shows(text)), "{text}");
    }
    let shown = gateway
        .owner()
        .run_with(
            "query($id: ID!) { auditLog(id: $id) { body eventData } events(filter: {type: {startsWith: \
             \"monitoring.\"}}) { nodes { payload } } }",
            json!({ "id": entry }),
        )
        .await
        .ok();
    assert!(!shown.body.to_string().contains("Grace"), "{}", shown.body);
}

#[tokio::test]
async fn personal_values_are_shown_and_the_reading_is_recorded() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner().with_header("user-agent", "a-browser/1.0");
    let entry = noted(&owner).await;
    let shown = personal(&owner.with_header("x-request-id", "look-1"), &entry).await.ok();
    let values = shown.at("/auditLog/personal").as_array().unwrap();
    let by_path: Vec<_> =
        values.iter().map(|value| (value["path"].as_str().unwrap(), &value["value"])).collect();
    let note = json!(NOTE);
    assert_eq!(
        by_path,
        [
            ("$.note", &note),
            ("$request.ipAddress", &json!("127.0.0.1")),
            ("$request.userAgent", &json!("a-browser/1.0")),
        ]
    );
    // Whoever is shown a value can check that it is the one that was recorded.
    let read = gateway
        .owner()
        .run_with("query($id: ID!) { auditLog(id: $id) { body } }", json!({ "id": entry }))
        .await
        .ok();
    let body: Value = serde_json::from_str(read.text("/auditLog/body")).unwrap();
    for value in values {
        let path = value["path"].as_str().unwrap();
        assert_eq!(value["commitment"], body["personal"][path]);
        let salt = hex::decode(value["salt"].as_str().unwrap()).unwrap();
        let salt: &[u8; 32] = salt.as_slice().try_into().unwrap();
        let commitment = opsgate::kernel::leaf::commit(salt, path, &value["value"]).unwrap();
        assert_eq!(value["commitment"], commitment);
        assert_eq!(value["isErased"], false);
    }
    assert_eq!(
        readings(&owner).await,
        [json!({
            "entityType": "AuditLog",
            "entityId": entry,
            "actor": { "kind": "ADMIN_USER", "name": "Owner" },
            "eventData": { "operation": "Look", "path": "auditLog.personal" },
            "requestId": "look-1",
        })]
    );
    // A look at the rest of an entry is no reading.
    owner
        .run_with("query($id: ID!) { auditLog(id: $id) { eventData leafIndex } }", json!({ "id": entry }))
        .await
        .ok();
    assert_eq!(readings(&owner).await.len(), 1);
}

#[tokio::test]
async fn one_request_records_one_reading_of_an_entry() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for _ in 0..3 {
        noted(owner).await;
    }
    let before = gateway.recorded().await;
    let document = "{ auditLogs(filter: {category: {eq: INCIDENT}}) { nodes { id ipAddress userAgent personal { path } } } \
                    again: auditLogs(filter: {action: {eq: \"INCIDENT_UPDATE\"}}) { nodes { ipAddress } } }";
    let shown = owner.run(document).await.ok();
    assert_eq!(shown.at("/auditLogs/nodes").as_array().unwrap().len(), 6);
    assert_eq!(shown.at("/auditLogs/nodes/0/ipAddress"), "127.0.0.1");
    assert_eq!(shown.at("/auditLogs/nodes/0/userAgent"), &Value::Null);
    assert_eq!(gateway.recorded().await - before, 6);
    let read = readings(owner).await;
    let mut ids: Vec<_> = read.iter().map(|reading| reading["entityId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);

    // It costs the same for more of them: the page, the values, and the readings.
    let few = gateway.cost(owner, document, json!({})).await;
    for _ in 0..6 {
        noted(owner).await;
    }
    assert_eq!(gateway.cost(owner, document, json!({})).await, few);
}

#[tokio::test]
async fn the_reading_tells_the_person_whom_it_is_about() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let about = entries(owner, "(filter: {eventType: {eq: \"admin.user.created\"}})", "id subject").await;
    // Made at the machine: nothing in it is personal, so nothing is read.
    personal(owner, about[0]["id"].as_str().unwrap()).await.ok();
    assert_eq!(readings(owner).await.len(), 0);

    let id: uuid::Uuid = {
        let id = about[0]["id"].as_str().unwrap();
        opsgate::kernel::record::AUDIT_LOG.parse(id).unwrap()
    };
    let salt = [7; 32];
    let aad = opsgate::kernel::secret::Aad { table: "audit_personal", row: id };
    let sealed = gateway.kernel().keys().seal(b"\"x\"", aad);
    gateway
        .plant(audit_personal::Model {
            audit_log_id: id,
            path: "$.x".to_owned(),
            salt: salt.to_vec(),
            sealed,
        })
        .await;
    personal(owner, about[0]["id"].as_str().unwrap()).await.ok();
    let recorded = entries(owner, "(filter: {eventType: {eq: \"audit.personal.read\"}})", "subject").await;
    assert_eq!(recorded, [json!({ "subject": about[0]["subject"] })]);
}

#[tokio::test]
async fn without_the_permission_they_are_null_and_say_why() {
    let gateway = TestGateway::start().await;
    let entry = noted(gateway.owner()).await;
    let auditor = gateway.with_scopes(&["audit.read"]).await;
    let answer = auditor
        .run_with(
            "query($id: ID!) { auditLog(id: $id) { action ipAddress userAgent personal { value } } }",
            json!({ "id": entry }),
        )
        .await;
    assert_eq!(answer.codes(), ["FORBIDDEN"; 3]);
    assert_eq!(
        answer.at("/auditLog"),
        &json!({ "action": "INCIDENT_UPDATE", "ipAddress": null, "userAgent": null, "personal": null })
    );
    let errors = answer.body["errors"].as_array().unwrap();
    for error in errors {
        assert_eq!(error["extensions"]["requiredPermissions"], json!(["audit.read_personal"]));
    }
    assert_eq!(readings(gateway.owner()).await.len(), 0);
}

#[tokio::test]
async fn what_was_erased_is_gone_and_the_entry_stays_valid() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let entry = noted(owner).await;
    let hash = "query($id: ID!) { auditLog(id: $id) { leafHash body } }";
    let before = owner.run_with(hash, json!({ "id": entry })).await.ok();
    audit_personal::Entity::delete_many()
        .filter(audit_personal::Column::Path.eq("$.note"))
        .exec(gateway.database().sql().await)
        .await
        .unwrap();
    let shown = personal(owner, &entry).await.ok();
    let note = &shown.at("/auditLog/personal")[0];
    assert_eq!(
        (&note["path"], &note["value"], &note["salt"]),
        (&json!("$.note"), &Value::Null, &Value::Null)
    );
    assert_eq!(note["isErased"], true);
    assert_eq!(note["commitment"].as_str().unwrap().len(), 64);
    assert_eq!(owner.run_with(hash, json!({ "id": entry })).await.ok().body["data"], before.body["data"]);
}

#[tokio::test]
async fn a_value_that_was_exchanged_is_a_fault_and_not_shown() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let entry = noted(owner).await;
    // The address, moved to where the note was: it opens there, since the row is the same.
    let db = gateway.database().sql().await;
    let rows = audit_personal::Entity::find().all(db).await.unwrap();
    let note = rows.iter().find(|row| row.path == "$.note").unwrap();
    let address =
        rows.iter().find(|row| row.audit_log_id == note.audit_log_id && row.path != "$.note").unwrap();
    audit_personal::Entity::update_many()
        .col_expr(audit_personal::Column::Sealed, sea_orm::sea_query::Expr::val(&address.sealed))
        .filter(audit_personal::Column::Path.eq("$.note"))
        .exec(db)
        .await
        .unwrap();
    let shown = personal(owner, &entry).await;
    assert_eq!(shown.codes(), ["INTERNAL_SERVER_ERROR"]);
    assert_eq!(shown.at("/auditLog/personal/0/value"), &Value::Null);
    assert_eq!(shown.at("/auditLog/personal/1/value"), "127.0.0.1");
}
