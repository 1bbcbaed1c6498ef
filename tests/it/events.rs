//! The event log: what was published, who is shown it, and where to go on.

use opsgate::kernel::log::EventCursor;
use serde_json::{Value, json};
use tests::{Client, Database, Message, TestGateway};
use uuid::Uuid;

const PUBLISHED: &str = "subscription($after: EventCursor, $filter: EventFilter) { eventPublished(after: $after, filter: \
                         $filter) { cursor type entityId entityVersion auditLog { leafIndex } } }";

/// Opens an incident and answers its id.
async fn open(client: &Client) -> String {
    let input = json!({ "title": "down", "severity": "HIGH" });
    let created = client.mutate("incidentCreate", input, "incident { id }").await.ok();
    created.text("/incident/id").to_owned()
}

async fn acknowledge(client: &Client, id: &str) {
    client.mutate("incidentAcknowledge", json!({ "id": id }), "incident { id }").await.ok();
}

/// The types of the events that arguments choose, newest first.
async fn types(client: &Client, arguments: &str) -> Vec<String> {
    let answer = client.run(&format!("{{ events{arguments} {{ nodes {{ type }} }} }}")).await.ok();
    let nodes = answer.at("/events/nodes").as_array().unwrap().clone();
    nodes.iter().map(|node| node["type"].as_str().unwrap().to_owned()).collect()
}

async fn cursor(client: &Client) -> Value {
    client.run("{ eventCursor }").await.ok().at("/eventCursor").clone()
}

#[tokio::test]
async fn a_change_is_published() {
    let gateway = TestGateway::start().await;
    let owner =
        gateway.owner().with_header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let input = json!({ "title": "down", "severity": "HIGH" });
    let created = owner.mutate("incidentCreate", input, "incident { id }").await.ok();
    gateway.sequenced().await;
    let document = "{ events(first: 1) { nodes { id uuid cursor type version category occurredAt actor { kind name } \
                    entityType entityId entityVersion organization { id } correlationId causationId payload auditLog { \
                    id eventId } } } }";
    let answer = owner.run(document).await.ok();
    let mut event = answer.at("/events/nodes/0").clone();
    let id = event["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("evt_"));
    event.as_object_mut().unwrap().remove("uuid");
    assert_eq!(
        event,
        json!({
            "id": id,
            "cursor": created.at("/receipt/cursor"),
            "type": "monitoring.incident.created",
            "version": 1,
            "category": "INCIDENT",
            "occurredAt": "2026-11-21T03:00:00.000000Z",
            "actor": { "kind": "ADMIN_USER", "name": "Owner" },
            "entityType": "Incident",
            "entityId": created.at("/incident/id"),
            "entityVersion": 1,
            "organization": null,
            "correlationId": "0af7651916cd43dd8448eb211c80319c",
            "causationId": null,
            "payload": {
                "number": "INC-2026-000001", "title": "down", "severity": "HIGH", "status": "OPEN", "details": null,
            },
            "auditLog": { "id": created.at("/receipt/auditLogId"), "eventId": id },
        })
    );
    let one = owner.run_with("query($id: ID!) { event(id: $id) { type } }", json!({ "id": id })).await.ok();
    assert_eq!(one.at("/event/type"), "monitoring.incident.created");
}

#[tokio::test]
async fn every_field_filters() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let ours = gateway.organization("ours").await;
    let partner = gateway.partner(&["incidents.*"], ours).await;
    let id = open(owner).await;
    gateway.advance(chrono::TimeDelta::hours(1));
    open(&partner).await;
    acknowledge(owner, &id).await;
    let (created, acknowledged) = ("monitoring.incident.created", "monitoring.incident.acknowledged");
    for (filter, expected) in [
        ("type: {eq: \"monitoring.incident.created\"}".to_owned(), vec![created, created]),
        ("type: {startsWith: \"monitoring.incident.a\"}".to_owned(), vec![acknowledged]),
        ("category: {eq: INCIDENT}".to_owned(), vec![acknowledged, created, created]),
        ("entityType: {eq: \"Incident\"}".to_owned(), vec![acknowledged, created, created]),
        (format!("entityId: {{eq: \"{id}\"}}"), vec![acknowledged, created]),
        (format!("organizationId: {{eq: \"{ours}\"}}, category: {{eq: INCIDENT}}"), vec![created]),
        ("occurredAt: {gte: \"2026-11-21T04:00:00Z\"}".to_owned(), vec![acknowledged, created]),
        ("occurredAt: {lt: \"2026-11-21T04:00:00Z\"}, category: {eq: INCIDENT}".to_owned(), vec![created]),
    ] {
        assert_eq!(types(owner, &format!("(filter: {{{filter}}})")).await, expected, "{filter}");
    }
    let oldest = types(owner, "(first: 1, orderBy: {field: PUBLISHED_AT, direction: ASC})").await;
    assert_eq!(oldest, ["admin.user.created"]);
}

#[tokio::test]
async fn an_event_is_shown_to_who_may_read_its_type() {
    let gateway = TestGateway::start().await;
    open(gateway.owner()).await;
    let responder = gateway.with_scopes(&["events.read", "incidents.read"]).await;
    let reader = gateway.with_scopes(&["events.read"]).await;
    let outsider = gateway.with_scopes(&["incidents.read", "access.read"]).await;

    assert_eq!(types(&responder, "").await, ["monitoring.incident.created"]);
    assert_eq!(types(&reader, "").await, Vec::<String>::new());
    let all = types(gateway.owner(), "").await;
    assert_eq!(all.len(), 7, "{all:?}");

    let read = gateway.owner().run("{ events { nodes { id type } } }").await.ok();
    for event in read.at("/events/nodes").as_array().unwrap() {
        let document = "query($id: ID!) { event(id: $id) { id } node(id: $id) { id } }";
        let is_incident = event["type"] == "monitoring.incident.created";
        for (client, is_shown) in [(&responder, is_incident), (&reader, false), (gateway.owner(), true)] {
            let answer = client.run_with(document, json!({ "id": event["id"] })).await.ok();
            assert_eq!(answer.at("/event").is_null(), !is_shown, "{event}");
            assert_eq!(answer.at("/node").is_null(), !is_shown, "{event}");
        }
    }
    for field in ["events { totalCount }", "event(id: \"evt_01h455vb4pex5vsknk084sn02q\") { id }"] {
        let refused = outsider.run(&format!("{{ {field} }}")).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"]);
        assert_eq!(refused.body["errors"][0]["extensions"]["requiredPermissions"], json!(["events.read"]));
        assert_eq!(gateway.nobody().run(&format!("{{ {field} }}")).await.codes(), ["UNAUTHENTICATED"]);
    }
    // The entry takes the permission of entries.
    let answer = responder.run("{ events { nodes { type auditLog { id } } } }").await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(
        answer.at("/events/nodes/0"),
        &json!({ "type": "monitoring.incident.created", "auditLog": null })
    );
}

#[tokio::test]
async fn an_organization_is_shown_its_own_events_alone() {
    let gateway = TestGateway::start().await;
    let (ours, theirs) = (gateway.organization("ours").await, gateway.organization("theirs").await);
    let scopes = ["events.read", "incidents.*", "directory.read"];
    let (partner, stranger) = (gateway.partner(&scopes, ours).await, gateway.partner(&scopes, theirs).await);
    open(&partner).await;
    open(gateway.owner()).await;
    assert_eq!(types(&partner, "").await, ["monitoring.incident.created"]);
    assert_eq!(types(&stranger, "").await, Vec::<String>::new());
    let own = partner.run("{ events { nodes { id organization { slug } } } }").await.ok();
    assert_eq!(own.at("/events/nodes/0/organization/slug"), "ours");
    let document = "query($id: ID!) { event(id: $id) { id } node(id: $id) { id } }";
    let answer = stranger.run_with(document, json!({ "id": own.at("/events/nodes/0/id") })).await.ok();
    assert!(answer.at("/event").is_null() && answer.at("/node").is_null());
}

#[tokio::test]
async fn a_snapshot_and_then_every_event_misses_nothing() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    gateway.sequenced().await;
    let snapshot = owner
        .run("{ incidents { nodes { id version } } eventCursor again: eventCursor events(first: 1) { nodes { cursor } } }")
        .await
        .ok();
    assert_eq!(snapshot.at("/eventCursor"), snapshot.at("/again"));
    assert_eq!(snapshot.at("/eventCursor"), snapshot.at("/events/nodes/0/cursor"));
    let mut expected = Vec::new();
    acknowledge(owner, &id).await;
    expected.push(json!({ "type": "monitoring.incident.acknowledged", "entityId": id, "entityVersion": 2 }));
    let other = open(owner).await;
    expected.push(json!({ "type": "monitoring.incident.created", "entityId": other, "entityVersion": 1 }));

    let mut socket = owner.socket().await;
    socket.subscribe("1", PUBLISHED, json!({ "after": snapshot.at("/eventCursor") })).await;
    let note = json!({ "id": id, "body": "hm" });
    owner.mutate("incidentNoteAdd", note, "incident { id }").await.ok();
    expected.push(json!({ "type": "monitoring.incident.updated", "entityId": id, "entityVersion": 3 }));
    let mut last = Value::Null;
    for (expected, leaf) in expected.into_iter().zip(4..) {
        let mut event = socket.payload("1").await["data"]["eventPublished"].take();
        last = event.as_object_mut().unwrap().remove("cursor").unwrap();
        let entry = event.as_object_mut().unwrap().remove("auditLog").unwrap();
        assert_eq!(entry["leafIndex"], leaf);
        assert_eq!(event, expected);
    }
    assert_eq!(cursor(owner).await, last);
}

#[tokio::test]
async fn a_subscriber_hears_what_they_may_read_and_asked_for() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let start = cursor(owner).await;
    let responder = gateway.with_scopes(&["events.read", "incidents.read"]).await;
    let mut heard = responder.socket().await;
    heard.subscribe("all", PUBLISHED, json!({ "after": start })).await;
    let filter = json!({ "type": { "startsWith": "monitoring.incident.a" } });
    heard.subscribe("some", PUBLISHED, json!({ "after": start, "filter": filter })).await;
    // Of an admin's business they hear nothing.
    gateway.with_scopes(&["incidents.read"]).await;
    let id = open(owner).await;
    acknowledge(owner, &id).await;
    for (subscription, expected) in [
        ("all", "monitoring.incident.created"),
        ("all", "monitoring.incident.acknowledged"),
        ("some", "monitoring.incident.acknowledged"),
    ] {
        let event = heard.payload(subscription).await;
        assert_eq!(event["data"]["eventPublished"]["type"], expected, "{event}");
    }

    let mut outsider = gateway.with_scopes(&["incidents.read"]).await.socket().await;
    outsider.subscribe("1", PUBLISHED, json!({})).await;
    let Message::Json(refused) = outsider.next().await else { panic!("closed") };
    assert_eq!(refused["payload"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
}

#[tokio::test]
async fn a_place_that_the_log_never_had_is_refused() {
    let gateway = TestGateway::start().await;
    let head = gateway.recorded().await as i64;
    let place = |log_id, position| json!(EventCursor::new(log_id, position).to_string());
    let (own, another) = (gateway.kernel().log_id(), Uuid::new_v4());
    let mut socket = gateway.owner().socket().await;
    for (after, code) in [
        (place(own, head + 1), "CURSOR_EXPIRED"),
        (place(another, head), "CURSOR_EXPIRED"),
        (json!("x"), "BAD_USER_INPUT"),
    ] {
        socket.subscribe("1", PUBLISHED, json!({ "after": after })).await;
        let Message::Json(refused) = socket.next().await else { panic!("closed") };
        assert_eq!(refused["payload"][0]["extensions"]["code"], code, "{refused}");
    }
    let owner = gateway.owner();
    for document in [
        "{ event(id: \"inc_01h455vb4pex5vsknk084sn02q\") { id } }",
        "{ events(after: \"x\") { nodes { id } } }",
        "{ events(filter: {organizationId: {eq: \"inc_01h455vb4pex5vsknk084sn02q\"}}) { nodes { id } } }",
    ] {
        assert_eq!(owner.run(document).await.codes(), ["BAD_USER_INPUT"], "{document}");
    }
    assert_eq!(gateway.nobody().run("{ eventCursor }").await.codes(), ["UNAUTHENTICATED"]);
}

#[tokio::test]
async fn a_page_costs_the_same_however_long_it_is() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let ours = gateway.organization("ours").await;
    let partner = gateway.partner(&["incidents.*"], ours).await;
    let document = "{ events(first: 100) { nodes { id cursor payload actor { name } organization { slug } auditLog { \
                    leafHash leafIndex } } totalCount } }";
    open(&partner).await;
    let few = gateway.cost(owner, document, json!({})).await;
    for _ in 0..50 {
        open(&partner).await;
        open(owner).await;
    }
    // The page, its count, the positions, the organizations, the entries, the leaves.
    assert_eq!((few, gateway.cost(owner, document, json!({})).await), (6, 6));
}

#[tokio::test]
async fn every_hot_list_goes_by_its_index() {
    let gateway = TestGateway::start().await;
    let ours = gateway.organization("ours").await;
    let organization = format!("CASE n % 20 WHEN 7 THEN {} ELSE ID() END", TestGateway::sql_id(ours));
    let columns = [
        ("id", "ID()"),
        ("event_type", "'type.' || n % 100"),
        ("payload_version", "1"),
        ("category", "'SYSTEM'"),
        ("occurred_at", "AT()"),
        ("actor_kind", "'SYSTEM'"),
        ("actor_id", "'actor_' || n % 200"),
        ("entity_type", "'Thing'"),
        ("entity_id", "'thing_' || n % 500"),
        ("organization_id", &organization),
        ("depth", "0"),
        ("audit_log_id", "ID()"),
        ("payload", "JSON()"),
    ];
    gateway.fill("events", 20_000, &columns).await;
    let partner = gateway.partner(&["events.read", "incidents.read"], ours).await;
    let key = if Database::is_postgres() { "events_pkey" } else { "sqlite_autoindex_events_1" };
    for (client, field, index) in [
        (gateway.owner(), "events", key),
        (gateway.owner(), "events(filter: {occurredAt: {gte: \"2026-01-01T00:00:00Z\"}})", key),
        (gateway.owner(), "events(filter: {type: {eq: \"type.7\"}})", "idx_events_event_type_id"),
        (gateway.owner(), "events(filter: {entityId: {eq: \"thing_7\"}})", "idx_events_entity_id_id"),
        (&partner, "events", "idx_events_organization_id_id"),
    ] {
        let plan = gateway.plan(client, &format!("{{ {field} {{ nodes {{ id }} }} }}"), "events").await;
        assert!(plan.contains(index), "{field} should go by {index}:\n{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{field} sorts:\n{plan}");
    }
}
