//! A token that is trusted with certain documents runs these and nothing else.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use entity::{audit_log::AuditOutcome, trusted_document};
use opsgate::{
    access,
    config::Overrides,
    kernel::{actor::PLATFORM, error::Error, tx::Tx},
};
use reqwest::Method;
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::{Value, json};
use tests::{Answer, Client, Message, TestGateway, until};

use super::{MARK, VIEWER, by_hash, by_id, with_hash};

const CHANGES: &str = "subscription { incidentChanged { incident { title } } }";
const CREATE: &str = "mutation { incidentCreate(input: {title: \"t\", severity: LOW}) { incident { id } } }";

#[track_caller]
fn is_refused(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.codes()), (403, vec!["FORBIDDEN"]), "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["extensions"]["requiredPermissions"], json!([]));
    assert_eq!(answer.body.get("data"), None);
    assert!(!answer.body.to_string().contains(MARK), "{}", answer.body);
}

/// Somebody who may do everything that there is about incidents, in these documents.
async fn trusted(gateway: &TestGateway, documents: &[&str]) -> Client {
    let client = gateway.with_scopes(&["incidents.*"]).await;
    gateway.trust(&client, Some(documents)).await;
    client
}

#[tokio::test]
async fn it_runs_its_documents_sent_or_named_and_nothing_else() {
    let gateway = TestGateway::start().await;
    let client = trusted(&gateway, &[VIEWER, CREATE]).await;
    let sent = json!({ "query": VIEWER });
    for request in [sent, by_hash(VIEWER), by_id(VIEWER), with_hash(VIEWER), by_id(CREATE)] {
        client.send(request).await.ok();
    }
    for document in [
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        "{ viewer { permissions hunter2: permissions } }",
        "{ viewer { permissions } } ",
        "query { viewer { permissions } }",
        "{ hunter2",
        "",
    ] {
        is_refused(&client.run(document).await);
        is_refused(&client.send(by_hash(document)).await);
        is_refused(&client.send(by_id(document)).await);
        // Nor does it teach the gateway any.
        let taught = client.send(with_hash(document)).await;
        is_refused(&taught);
    }
    // What others have had remembered isn't its own.
    gateway.owner().send(with_hash("{ __typename }")).await.ok();
    is_refused(&client.send(by_hash("{ __typename }")).await);
    // A hash that isn't one, or anybody else's, is a mistake before it is a refusal.
    let mut other = by_hash(VIEWER);
    other["query"] = "{ hunter2 }".into();
    assert_eq!(client.send(other).await.codes(), ["BAD_USER_INPUT"]);
    // Others run what they like, and may be trusted with something else.
    gateway.owner().run("{ __typename }").await.ok();
    let another = trusted(&gateway, &["{ __typename }"]).await;
    another.send(by_id("{ __typename }")).await.ok();
    is_refused(&another.send(by_id(VIEWER)).await);
}

#[tokio::test]
async fn trust_is_no_permission() {
    let gateway = TestGateway::start().await;
    let document = "{ auditLogs { nodes { id } } }";
    let client = trusted(&gateway, &[document]).await;
    let answer = client.send(by_id(document)).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["requiredPermissions"], json!(["audit.read"]));
}

#[tokio::test]
async fn a_token_can_ask_what_it_runs_where_it_runs_the_question() {
    let gateway = TestGateway::start().await;
    let question = "{ viewer { documentIds } }";
    let client = trusted(&gateway, &[question, CREATE]).await;
    let mut expected = [question, CREATE].map(|document| by_id(document)["documentId"].clone());
    expected.sort_by_key(Value::to_string);
    let answer = client.send(by_id(question)).await.ok();
    assert_eq!(*answer.at("/viewer/documentIds"), json!(expected));
    // Who runs any document is told so.
    assert_eq!(*gateway.owner().run(question).await.ok().at("/viewer/documentIds"), Value::Null);
}

#[tokio::test]
async fn it_needs_nothing_remembered_and_no_statement() {
    let gateway = TestGateway::start_with(Overrides::default().with("persisted_queries", "false")).await;
    let client = trusted(&gateway, &[VIEWER]).await;
    client.send(by_id(VIEWER)).await.ok();
    gateway.run_until_idle().await;
    // The gateway's background sends statements, too, now and then.
    for _ in 0..100 {
        let before = gateway.kernel().db().statements();
        client.send(by_id(VIEWER)).await.ok();
        if gateway.kernel().db().statements() == before {
            return;
        }
    }
    panic!("statements are sent");
}

#[tokio::test]
async fn a_document_is_what_its_hash_says() {
    let gateway = TestGateway::start().await;
    let client = trusted(&gateway, &[VIEWER]).await;
    let other = Expr::value("{ incidents { nodes { id } } }");
    let changed = trusted_document::Entity::update_many().col_expr(trusted_document::Column::Text, other);
    changed.exec(gateway.database().sql().await).await.unwrap();
    assert_eq!(client.send(by_id(VIEWER)).await.codes(), ["INTERNAL_SERVER_ERROR"]);
}

#[tokio::test]
async fn attempts_at_others_are_on_the_record() {
    let gateway = TestGateway::start().await;
    let client = trusted(&gateway, &[VIEWER]).await;
    let seen = gateway.recorded().await;
    for number in 0..50 {
        is_refused(&client.run(&format!("{{ hunter2(a: {number}) }}")).await);
    }
    gateway.advance(TimeDelta::minutes(1));
    until("the count is on the record", async || gateway.recorded().await == seen + 2).await;
    let facts = gateway.facts(seen).await;
    for (fact, attempts) in facts.iter().zip([1, 49]) {
        assert_eq!(fact.event.event_type, "admin.access.denied");
        assert_eq!(fact.entry.outcome, AuditOutcome::Denied);
        let expected = json!({ "field": "(document)", "requiredPermissions": [], "attempts": attempts });
        assert_eq!(fact.event.payload, expected);
        assert!(!fact.shows(MARK), "{fact:?}");
    }
}

#[tokio::test]
async fn another_list_holds_within_a_second() {
    let gateways = TestGateway::start_replicas().await;
    let first = trusted(&gateways[0], &[VIEWER]).await;
    let clients: Vec<_> =
        gateways.iter().map(|gateway| gateway.client(first.credential().unwrap())).collect();
    for (gateway, client) in gateways.iter().zip(&clients) {
        gateway.rights_read().await;
        client.send(by_id(VIEWER)).await.ok();
    }
    let seen = gateways[0].recorded().await;
    gateways[0].trust(&first, Some(&["{ __typename }"])).await;
    let changed_at = Instant::now();
    for client in &clients {
        loop {
            let asked_at = Instant::now();
            let answer = client.send(by_id(VIEWER)).await;
            match answer.status.as_u16() {
                // No speed, but a promise: a gateway that can't read rights for a second answers nobody.
                200 => assert!(asked_at - changed_at < Duration::from_secs(1), "asked a second after"),
                403 => break is_refused(&answer),
                _ => panic!("{} {}", answer.status, answer.body),
            }
        }
        client.send(by_id("{ __typename }")).await.ok();
    }
    let fact = &gateways[0].facts(seen).await[0];
    assert_eq!(fact.event.event_type, "admin.token.updated");
    assert_eq!(fact.event.payload["documents"], json!([super::hash("{ __typename }")]));

    // Without a list it runs any.
    gateways[0].trust(&first, None).await;
    clients[0].run("{ viewer { expiresAt } }").await.ok();
}

#[tokio::test]
async fn a_list_has_its_bounds_and_a_token() {
    let gateway = TestGateway::start().await;
    let client = gateway.with_scopes(&["incidents.read"]).await;
    let many: Vec<_> = (0..401).map(|number| format!("{{ __typename }} # {number}")).collect();
    let mut tx = Tx::system(gateway.kernel(), "test").await.unwrap();
    let id = gateway.token_id(&client).await;
    for (documents, code) in [(vec![], "REQUIRED"), (many.clone(), "TOO_LONG")] {
        let Err(Error::Invalid(error)) = access::trust(&mut tx, id, Some(documents)).await else {
            panic!("it is accepted: {code}")
        };
        assert_eq!(error.violations[0].field.as_deref().unwrap(), ["input", "documents"], "{code}");
    }
    let nobody = access::trust(&mut tx, uuid::Uuid::from_u128(7), None).await.unwrap_err();
    assert_eq!(nobody.code(), "NOT_FOUND");
    tx.rollback().await.unwrap();

    let most: Vec<_> = many[1..].iter().map(String::as_str).collect();
    gateway.trust(&client, Some(&most)).await;
    client.send(by_id(most[399])).await.ok();
    is_refused(&client.send(by_id(&many[0])).await);
    gateway.revoke(&client).await;
    let mut tx = Tx::system(gateway.kernel(), "test").await.unwrap();
    assert!(matches!(access::trust(&mut tx, id, None).await, Err(Error::Invalid(_))));
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn a_list_does_not_outlive_its_token() {
    let gateway = TestGateway::start().await;
    let end = gateway.kernel().clock().now() + TimeDelta::hours(1);
    let client = gateway.token(&["incidents.read"], PLATFORM, Some(end)).await;
    gateway.trust(&client, Some(&[VIEWER])).await;
    client.send(by_id(VIEWER)).await.ok();
    gateway.advance(TimeDelta::hours(1));
    for request in [by_id(VIEWER), by_id("{ __typename }")] {
        let answer = client.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.codes()), (401, vec!["UNAUTHENTICATED"]));
    }
}

#[tokio::test]
async fn a_subscription_ends_where_its_document_is_not_trusted_any_more() {
    let gateway = TestGateway::start().await;
    let client = trusted(&gateway, &[CHANGES, VIEWER]).await;
    let mut socket = client.socket().await;
    let subscribe = |id: &str, payload: Value| json!({ "id": id, "type": "subscribe", "payload": payload });
    let code = |message: Message| {
        let Message::Json(message) = message else { panic!("{message:?}") };
        assert_eq!(message["type"], "error", "{message}");
        message["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    };
    socket.send(subscribe("other", json!({ "query": "subscription { alertChanged { cursor } }" }))).await;
    assert_eq!(code(socket.next().await), "FORBIDDEN");
    socket.send(subscribe("own", by_id(CHANGES))).await;
    let mut stream = client.stream(CHANGES, json!({}), None).await;
    until("both follow", async || gateway.kernel().subscriptions() == 2).await;
    gateway.owner().run(CREATE).await.ok();
    socket.payload("own").await;
    stream.next().await;

    // The list grows: it goes on. It is another: it ends.
    gateway.trust(&client, Some(&[CHANGES, VIEWER, CREATE])).await;
    gateway.owner().run(CREATE).await.ok();
    socket.payload("own").await;
    stream.next().await;
    gateway.trust(&client, Some(&[VIEWER])).await;
    assert_eq!(code(socket.next().await), "FORBIDDEN");
    let (_, last) = stream.next().await;
    assert_eq!(last["errors"][0]["extensions"]["code"], "FORBIDDEN", "{last}");
    stream.complete().await;
    // The connection is still good for what it is trusted with.
    socket.send(subscribe("viewer", by_id(VIEWER))).await;
    assert!(socket.payload("viewer").await["data"]["viewer"]["permissions"].is_array());
    let refused =
        client.to_streams(Method::POST, "").header("accept", "text/event-stream").json(&by_id(CHANGES));
    assert_eq!(refused.send().await.unwrap().status(), 403);
}
