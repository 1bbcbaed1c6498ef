//! The record: what a change leaves, and who may read it.

mod lists;
mod personal;
mod plans;
mod stream;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{Client, TestGateway, until};

/// Opens an incident and answers its id.
async fn open(client: &Client, title: &str) -> String {
    let input = json!({ "title": title, "severity": "HIGH" });
    let created = client.mutate("incidentCreate", input, "incident { id }").await.ok();
    created.text("/incident/id").to_owned()
}

/// What `selection` shows of the entries that `arguments` choose.
async fn entries(client: &Client, arguments: &str, selection: &str) -> Vec<Value> {
    let answer = client.run(&format!("{{ auditLogs{arguments} {{ nodes {{ {selection} }} }} }}")).await.ok();
    answer.at("/auditLogs/nodes").as_array().unwrap().clone()
}

/// The types of the entries that a filter lets through, newest first.
async fn types(client: &Client, filter: &str) -> Vec<String> {
    let found = entries(client, &format!("(first: 100, filter: {filter})"), "eventType").await;
    found.iter().map(|entry| entry["eventType"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_change_leaves_an_entry_that_proves_itself() {
    let gateway = TestGateway::start().await;
    let client = gateway
        .owner()
        .with_header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .with_header("x-request-id", "req-1");
    let input = json!({ "title": "Database down", "severity": "HIGH" });
    let created = client.mutate("incidentCreate", input, "incident { id }").await.ok();
    gateway.sequenced().await;

    let read = gateway
        .owner()
        .run_with(
            "query($id: ID!) { auditLog(id: $id) { id uuid eventId serviceName eventType category severity action \
             outcome actor { kind name impersonatedBy { id } } entityType entityId organization { id } subject \
             subjectUser { id } requestId correlationId environment surface occurredAt receivedAt eventData body \
             leafHash leafIndex } }",
            json!({ "id": created.at("/receipt/auditLogId") }),
        )
        .await
        .ok();
    let mut entry = read.at("/auditLog").clone();
    let taken = |entry: &mut Value, key: &str| entry.as_object_mut().unwrap().remove(key).unwrap();
    let body = taken(&mut entry, "body").as_str().unwrap().to_owned();
    let (uuid, event_id) = (taken(&mut entry, "uuid"), taken(&mut entry, "eventId"));
    let hash = hex::encode(Sha256::new().chain_update([0]).chain_update(&body).finalize());
    let now = "2026-11-21T03:00:00.000000Z";
    assert_eq!(
        entry,
        json!({
            "id": created.at("/receipt/auditLogId"),
            "serviceName": "opsgate",
            "eventType": "monitoring.incident.created",
            "category": "INCIDENT",
            "severity": "MEDIUM",
            "action": "INCIDENT_CREATE",
            "outcome": "SUCCESS",
            "actor": { "kind": "ADMIN_USER", "name": "Owner", "impersonatedBy": null },
            "entityType": "Incident",
            "entityId": created.at("/incident/id"),
            "organization": null,
            "subject": null,
            "subjectUser": null,
            "requestId": "req-1",
            "correlationId": "0af7651916cd43dd8448eb211c80319c",
            "environment": gateway.kernel().environment(),
            "surface": "API",
            "occurredAt": now,
            "receivedAt": now,
            "eventData": {
                "number": "INC-2026-000001",
                "title": "Database down",
                "severity": "HIGH",
                "status": "OPEN",
                "details": null,
            },
            // Recomputed from the body, as the receipt had it.
            "leafHash": hash,
            // Behind the owner's account and token.
            "leafIndex": 3,
        })
    );
    assert_eq!(created.at("/receipt/leafHash"), &entry["leafHash"]);
    assert!(uuid.as_str().unwrap().len() == 36 && event_id.as_str().unwrap().starts_with("evt_"));

    // The body is canonical: its keys are sorted and nothing is between them, so that writing it again changes nothing.
    let parsed: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(parsed.to_string(), body);
    assert_eq!(parsed["data"], entry["eventData"]);
    let personal = parsed["personal"].as_object().unwrap();
    assert_eq!(personal.keys().collect::<Vec<_>>(), ["$request.ipAddress"]);
    assert!(personal.values().all(|commitment| commitment.as_str().unwrap().len() == 64));
    assert!(!body.contains("127.0.0.1"));
}

#[tokio::test]
async fn an_object_has_its_trail() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (id, other) = (open(owner, "one").await, open(owner, "two").await);
    owner.mutate("incidentAcknowledge", json!({ "id": id }), "incident { id }").await.ok();
    owner.mutate("incidentNoteAdd", json!({ "id": id, "body": "hm" }), "incident { id }").await.ok();

    let document = "query($id: ID!, $type: String, $first: Int, $after: Cursor) { auditTrail(entityId: $id, \
                    entityType: $type, first: $first, after: $after) { nodes { action entityId } totalCount \
                    pageInfo { hasNextPage endCursor } } }";
    let trail = owner.run_with(document, json!({ "id": id, "type": "Incident" })).await.ok();
    let actions: Vec<_> =
        trail.at("/auditTrail/nodes").as_array().unwrap().iter().map(|n| &n["action"]).collect();
    assert_eq!(actions, ["INCIDENT_UPDATE", "INCIDENT_ACKNOWLEDGE", "INCIDENT_CREATE"]);
    assert_eq!(owner.run_with(document, json!({ "id": other })).await.ok().at("/auditTrail/totalCount"), 1);
    let elsewhere = owner.run_with(document, json!({ "id": id, "type": "Alert" })).await.ok();
    assert_eq!(elsewhere.at("/auditTrail/totalCount"), 0);

    // Page by page it is the same trail.
    let (mut after, mut paged) = (Value::Null, vec![]);
    loop {
        let page = owner.run_with(document, json!({ "id": id, "first": 2, "after": after })).await.ok();
        paged.extend(page.at("/auditTrail/nodes").as_array().unwrap().iter().map(|n| n["action"].clone()));
        after = page.at("/auditTrail/pageInfo/endCursor").clone();
        if page.at("/auditTrail/pageInfo/hasNextPage") == false {
            break;
        }
    }
    assert_eq!(paged, actions.into_iter().cloned().collect::<Vec<_>>());

    for wrong in [json!({ "id": "" }), json!({ "id": "a\0b" }), json!({ "id": id, "type": "x".repeat(256) })]
    {
        assert_eq!(owner.run_with(document, wrong).await.codes(), ["BAD_USER_INPUT"]);
    }
}

#[tokio::test]
async fn reading_takes_the_permission() {
    let gateway = TestGateway::start().await;
    let reader = gateway.with_scopes(&["incidents.*", "directory.read"]).await;
    let fields = [
        "auditLog(id: \"aud_01h455vb4pex5vsknk084sn02q\") { id }",
        "auditLogs { totalCount }",
        "auditTrail(entityId: \"inc_x\") { totalCount }",
        "adminActions { totalCount }",
    ];
    for field in fields {
        let refused = reader.run(&format!("{{ {field} }}")).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"], "{field}");
        assert_eq!(refused.body["errors"][0]["extensions"]["requiredPermissions"], json!(["audit.read"]));
        assert_eq!(gateway.nobody().run(&format!("{{ {field} }}")).await.codes(), ["UNAUTHENTICATED"]);
    }
}

#[tokio::test]
async fn an_organization_reads_its_own_entries_alone() {
    let gateway = TestGateway::start().await;
    let (ours, theirs) = (gateway.organization("ours").await, gateway.organization("theirs").await);
    let partner = gateway.partner(&["audit.read", "incidents.*"], ours).await;
    let stranger = gateway.partner(&["audit.*", "incidents.*"], theirs).await;
    let id = open(&partner, "ours").await;
    open(gateway.owner(), "the platform's").await;

    let own = entries(&partner, "", "id eventType actor { kind name }").await;
    // Its token, too: it belongs to the organization.
    let kinds: Vec<_> = own.iter().map(|entry| entry["eventType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["monitoring.incident.created", "admin.token.created"]);
    assert_eq!(own[0]["actor"]["kind"], "API_TOKEN");

    assert_eq!(types(&stranger, "{}").await, ["admin.token.created"]);
    let entry = own[0]["id"].as_str().unwrap();
    for (client, is_there) in [(&partner, true), (gateway.owner(), true), (&stranger, false)] {
        let read = client
            .run_with(
                "query($entry: ID!, $entity: ID!) { auditLog(id: $entry) { id } node(id: $entry) { id } \
                 auditTrail(entityId: $entity) { totalCount } }",
                json!({ "entry": entry, "entity": id }),
            )
            .await
            .ok();
        assert_eq!(read.at("/auditLog").is_null(), !is_there);
        assert_eq!(read.at("/node").is_null(), !is_there);
        assert_eq!(read.at("/auditTrail/totalCount"), i32::from(is_there));
    }
    // Whose it is, a filter says, too; it doesn't widen the boundary.
    let of_theirs = format!("{{organizationId: {{eq: \"{}\"}}}}", theirs);
    assert_eq!(types(&partner, &of_theirs).await, Vec::<String>::new());
    assert_eq!(types(gateway.owner(), &of_theirs).await, ["admin.token.created"]);
}

#[tokio::test]
async fn refused_attempts_are_on_the_record_and_repeats_are_counted() {
    let gateway = TestGateway::start().await;
    let reader = gateway.with_scopes(&["incidents.read"]).await;
    let denied = "(filter: {outcome: {eq: DENIED}})";
    for _ in 0..3 {
        assert_eq!(reader.run("{ auditLogs { totalCount } }").await.codes(), ["FORBIDDEN"]);
    }
    // The first at once.
    let first =
        entries(gateway.owner(), denied, "eventType entityType entityId eventData actor { kind }").await;
    assert_eq!(
        first,
        [json!({
            "eventType": "admin.access.denied",
            "entityType": "Field",
            "entityId": "auditLogs",
            "eventData": { "field": "auditLogs", "requiredPermissions": ["audit.read"], "attempts": 1 },
            "actor": { "kind": "API_TOKEN" },
        })]
    );
    // Another field is another matter.
    assert_eq!(reader.run("{ adminActions { totalCount } }").await.codes(), ["FORBIDDEN"]);
    assert_eq!(entries(gateway.owner(), denied, "id").await.len(), 2);

    gateway.advance(TimeDelta::minutes(1));
    until("the count is on the record", async || entries(gateway.owner(), denied, "id").await.len() == 3)
        .await;
    let counted = entries(gateway.owner(), denied, "eventData").await;
    assert_eq!(counted[0]["eventData"]["attempts"], 2);
    assert_eq!(counted[0]["eventData"]["field"], "auditLogs");
    // A minute without an attempt leaves nothing.
    gateway.advance(TimeDelta::minutes(5));
    gateway.run_until_idle().await;
    assert_eq!(entries(gateway.owner(), denied, "id").await.len(), 3);
}

#[tokio::test]
async fn an_entry_names_the_person_whom_it_is_about() {
    let gateway = TestGateway::start().await;
    let about = entries(
        gateway.owner(),
        "(filter: {eventType: {eq: \"admin.user.created\"}})",
        "subject subjectUser { name }",
    );
    let about = about.await;
    assert_eq!(about[0]["subjectUser"]["name"], "Owner");
    let pseudonym = about[0]["subject"].as_str().unwrap();
    assert_eq!(pseudonym.len(), 32);
    let same = format!("{{subject: {{eq: \"{pseudonym}\"}}}}");
    assert_eq!(types(gateway.owner(), &same).await, ["admin.user.invited", "admin.user.created"]);

    // Who may not see the register sees the pseudonym alone.
    let auditor = gateway.with_scopes(&["audit.read"]).await;
    let answer = auditor
        .run("{ auditLogs(filter: {eventType: {eq: \"admin.user.created\"}}) { nodes { subject subjectUser { name } } } }")
        .await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(answer.at("/auditLogs/nodes/0"), &json!({ "subject": pseudonym, "subjectUser": null }));
}
