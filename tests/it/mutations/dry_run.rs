//! A dry run shows what would be, and nothing has changed.

use serde_json::{Value, json};
use tests::{Client, TestGateway, until};

use super::{create, note, open, titles};

fn dry(client: &Client) -> Client {
    client.with_header("x-dry-run", "true")
}

/// A receipt that proves nothing.
fn receipt() -> Value {
    json!({
        "auditLogId": null, "leafHash": null, "cursor": null, "committedAt": null,
        "isDryRun": true, "isReplay": false,
    })
}

#[tokio::test]
async fn payload_and_nested_fields_show_what_would_be() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let input = json!({ "title": "Down", "impact": "ALL", "affectedServices": [{ "name": "core" }] });
    let selection = "incident { number severity affectedServices { name } participants { name } \
                     timeline(first: 5) { nodes { kind } totalCount } reporter { name } }";
    let seen = gateway.recorded().await;
    let answer = dry(owner).mutate("incidentCreate", input, selection).await.ok();
    assert_eq!(*answer.at("/receipt"), receipt());
    assert_eq!(
        *answer.at("/incident"),
        json!({
            "number": "INC-2026-000001",
            "severity": "CRITICAL",
            "affectedServices": [{ "name": "core" }],
            "participants": [{ "name": "Owner" }],
            "timeline": { "nodes": [{ "kind": "CREATED" }], "totalCount": 1 },
            "reporter": { "name": "Owner" },
        })
    );
    assert_eq!(gateway.recorded().await, seen);
    assert!(titles(owner).await.is_empty());
    // The number was provisional: it may be given to the next one.
    let number = create(owner, "x").await.ok().text("/incident/number").to_owned();
    assert!(["INC-2026-000001", "INC-2026-000002"].contains(&&*number), "{number}");
}

#[tokio::test]
async fn each_field_sees_what_the_fields_before_it_did() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = open(owner).await;
    let document = "mutation($id: ID!) { \
        a: incidentUpdate(input: {id: $id, title: \"Other\", expectedVersion: 1}) { incident { title version } } \
        refused: incidentReopen(input: {id: $id, reason: \"x\"}) { userErrors { code } receipt { isDryRun } } \
        b: incidentAcknowledge(input: {id: $id, expectedVersion: 2}) \
          { incident { title status version timeline(first: 1) { nodes { kind } } } userErrors { code } } }";
    let answer = dry(owner).run_with(document, json!({ "id": id })).await.ok();
    assert_eq!(*answer.at("/a/incident"), json!({ "title": "Other", "version": 2 }));
    // What is refused is undone alone.
    assert_eq!(
        answer.at("/refused"),
        &json!({ "userErrors": [{ "code": "INVALID_TRANSITION" }], "receipt": null })
    );
    assert_eq!(
        *answer.at("/b"),
        json!({
            "incident": {
                "title": "Other", "status": "ACKNOWLEDGED", "version": 3,
                "timeline": { "nodes": [{ "kind": "ACKNOWLEDGED" }] },
            },
            "userErrors": [],
        })
    );
    let read =
        owner.run_with("query($id: ID!) { incident(id: $id) { title status version } }", json!({ "id": id }));
    assert_eq!(
        *read.await.ok().at("/incident"),
        json!({ "title": "Database down", "status": "OPEN", "version": 1 })
    );
}

#[tokio::test]
async fn it_may_be_asked_for_in_the_extensions() {
    let gateway = TestGateway::start().await;
    let query = "mutation { incidentCreate(input: {title: \"x\", severity: LOW}) { receipt { isDryRun } } }";
    for (dry_run, expected) in [(json!(true), true), (json!(false), false), (json!(null), false)] {
        let body = json!({ "query": query, "extensions": { "dryRun": dry_run } });
        let answer = gateway.owner().send(body).await.ok();
        assert_eq!(*answer.at("/incidentCreate/receipt/isDryRun"), expected, "{dry_run}");
    }
    let shouted = gateway.owner().with_header("x-dry-run", "TRUE");
    assert_eq!(*shouted.run(query).await.ok().at("/incidentCreate/receipt/isDryRun"), true);
    // Other words are refused (http/options.rs).
    let no = gateway.owner().with_header("x-dry-run", "false");
    assert_eq!(*no.run(query).await.ok().at("/incidentCreate/receipt/isDryRun"), false);
}

#[tokio::test]
async fn it_uses_up_no_key() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner().with_header("idempotency-key", "k");
    let rehearsed = create(&dry(&owner), "one").await.ok();
    assert_eq!(*rehearsed.at("/receipt/isReplay"), false);
    let done = create(&owner, "two").await.ok();
    assert_eq!((done.at("/receipt/isReplay"), done.at("/receipt/isDryRun")), (&json!(false), &json!(false)));
    assert_eq!(titles(gateway.owner()).await, ["two"]);
}

#[tokio::test]
async fn a_user_error_is_the_same_as_it_would_be() {
    let gateway = TestGateway::start().await;
    let live = create(gateway.owner(), " ").await;
    let rehearsed = create(&dry(gateway.owner()), " ").await;
    assert_eq!(live.body["data"], rehearsed.body["data"]);
}

#[tokio::test]
async fn a_denied_field_is_noted_after_it_and_blocks_nobody() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let seen = gateway.recorded().await;
    let client = dry(&gateway.with_scopes(&["incidents.acknowledge", "incidents.read"]).await);
    let made = gateway.recorded().await - seen;
    let document = "mutation($id: ID!) { \
        a: incidentNoteAdd(input: {id: $id, body: \"x\"}) { incident { version assignee { id } } } \
        b: incidentUpdate(input: {id: $id, title: \"Other\"}) { incident { version } } }";
    let answer = client.run_with(document, json!({ "id": id })).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["path"], json!(["b"]));
    until("the denial is on the record", async || gateway.recorded().await > seen + made).await;
    let facts = gateway.facts(seen + made).await;
    assert_eq!(facts[0].event.event_type, "admin.access.denied");
    assert_eq!(facts[0].event.payload["field"], "incidentUpdate");
    assert_eq!(*note(gateway.owner(), &id, "y").await.ok().at("/incident/version"), 2);
}

#[tokio::test]
async fn a_query_is_a_query() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let document = "query($id: ID!) { incident(id: $id) { version } }";
    let read = dry(gateway.owner()).run_with(document, json!({ "id": id })).await.ok();
    assert_eq!(*read.at("/incident/version"), 1);
}
