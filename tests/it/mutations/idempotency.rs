//! A repeated request under the same key answers with the first receipt.

use chrono::TimeDelta;
use entity::idempotency_key;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{Answer, Client, Database, TestGateway};

use super::{create, note, open, titles};

fn keyed(client: &Client, key: &str) -> Client {
    client.with_header("idempotency-key", key)
}

/// Fails unless `answer` is the replay of `first`: the same receipt, marked as one.
#[track_caller]
fn is_replay(answer: &Answer, first: &Answer) {
    assert!(answer.body.get("errors").is_none() && answer.user_error_codes().is_empty(), "{}", answer.body);
    let mut expected = first.at("/receipt").clone();
    expected["isReplay"] = json!(true);
    assert_eq!(*answer.at("/receipt"), expected);
}

#[tokio::test]
async fn a_replay_answers_with_the_first_receipt_and_the_object_as_it_is() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let first = create(&keyed(owner, "k"), "one").await.ok();
    assert_eq!(*first.at("/receipt/isReplay"), false);
    let seen = gateway.recorded().await;
    gateway.advance(TimeDelta::hours(1));

    let again = create(&keyed(owner, "k"), "one").await;
    is_replay(&again, &first);
    assert_eq!(again.at("/incident"), first.at("/incident"));
    assert_eq!(gateway.recorded().await, seen);

    // The object is read again: what happened to it meanwhile shows, with what is selected now.
    let id = first.text("/incident/id");
    note(owner, id, "meanwhile").await.ok();
    let input = json!({ "title": "one", "severity": "LOW" });
    let again = keyed(owner, "k").mutate("incidentCreate", input, "incident { version status }").await;
    is_replay(&again, &first);
    assert_eq!(*again.at("/incident"), json!({ "version": 2, "status": "OPEN" }));
    assert_eq!(titles(owner).await, ["one"]);
}

#[tokio::test]
async fn the_key_may_come_in_the_extensions() {
    let gateway = TestGateway::start().await;
    let body = json!({
        "query": "mutation { incidentCreate(input: {title: \"x\", severity: LOW}) { incident { id } receipt { isReplay } } }",
        "extensions": { "idempotencyKey": "k" },
    });
    let first = gateway.owner().send(body.clone()).await.ok();
    let again = gateway.owner().send(body).await.ok();
    assert_eq!(first.at("/incidentCreate/incident/id"), again.at("/incidentCreate/incident/id"));
    let replays = [&first, &again].map(|answer| answer.at("/incidentCreate/receipt/isReplay").clone());
    assert_eq!(replays, [false, true]);
}

#[tokio::test]
async fn another_input_under_the_same_key_is_a_conflict() {
    let gateway = TestGateway::start().await;
    let owner = keyed(gateway.owner(), "k");
    let first = create(&owner, "one").await.ok();
    let other_input = create(&owner, "two").await;
    // The same place in the answer, another field.
    let document = "mutation($id: ID!) { incidentCreate: incidentNoteAdd(input: {id: $id, body: \"x\"}) \
                    { incident { id } userErrors { code isRetryable } receipt { isReplay } } }";
    let other_field = owner.run_with(document, json!({ "id": first.at("/incident/id") })).await;
    assert_eq!(other_input.user_error_codes(), ["CONFLICT"]);
    assert_eq!(*other_input.at("/userErrors/0/isRetryable"), false);
    assert_eq!(
        *other_field.at("/incidentCreate/userErrors"),
        json!([{ "code": "CONFLICT", "isRetryable": false }])
    );
    assert_eq!(titles(gateway.owner()).await, ["one"]);
    // Absent and null are the same input only where they mean the same; here another order of fields does.
    let document =
        "mutation { incidentCreate(input: {severity: LOW, title: \"one\"}) { receipt { isReplay } } }";
    assert_eq!(*owner.run(document).await.ok().at("/incidentCreate/receipt/isReplay"), true);
}

#[tokio::test]
async fn a_key_is_its_callers_own() {
    let gateway = TestGateway::start().await;
    let others = gateway.with_scopes(&["incidents.*"]).await;
    create(&keyed(gateway.owner(), "k"), "one").await.ok();
    let answer = create(&keyed(&others, "k"), "two").await.ok();
    assert_eq!(*answer.at("/receipt/isReplay"), false);
    assert_eq!(titles(gateway.owner()).await, ["one", "two"]);
}

#[tokio::test]
async fn after_a_day_a_key_is_new() {
    let gateway = TestGateway::start().await;
    let owner = keyed(gateway.owner(), "k");
    let first = create(&owner, "one").await.ok();
    gateway.advance(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    is_replay(&create(&owner, "one").await, &first);
    gateway.advance(TimeDelta::microseconds(1));
    let second = create(&owner, "two").await.ok();
    assert_eq!(*second.at("/receipt/isReplay"), false);
    is_replay(&create(&owner, "two").await, &second);
    assert_eq!(titles(gateway.owner()).await, ["one", "two"]);
}

#[tokio::test]
async fn fields_of_one_request_are_told_apart_by_their_place() {
    let gateway = TestGateway::start().await;
    let owner = keyed(gateway.owner(), "k");
    let document = "mutation { a: incidentCreate(input: {title: \"a\", severity: LOW}) \
                    { incident { id } receipt { auditLogId isReplay } } \
                    b: incidentCreate(input: {title: \"b\", severity: LOW}) \
                    { incident { id } receipt { auditLogId isReplay } } }";
    let first = owner.run(document).await.ok();
    let again = owner.run(document).await.ok();
    for field in ["/a", "/b"] {
        let (first, again) = (first.at(field), again.at(field));
        assert_eq!(first["incident"], again["incident"]);
        assert_eq!(first["receipt"]["auditLogId"], again["receipt"]["auditLogId"]);
        assert_eq!(
            (&first["receipt"]["isReplay"], &again["receipt"]["isReplay"]),
            (&json!(false), &json!(true))
        );
    }
    assert_ne!(first.at("/a/incident/id"), first.at("/b/incident/id"));
    assert_eq!(titles(gateway.owner()).await, ["a", "b"]);
}

#[tokio::test]
async fn a_user_error_keeps_nothing() {
    let gateway = TestGateway::start().await;
    let owner = keyed(gateway.owner(), "k");
    assert_eq!(create(&owner, "").await.user_error_codes(), ["REQUIRED"]);
    let answer = create(&owner, "mended").await.ok();
    assert_eq!(*answer.at("/receipt/isReplay"), false);
}

#[tokio::test]
async fn what_changed_nothing_keeps_nothing() {
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let owner = keyed(gateway.owner(), "k");
    let update = async |title: &str| {
        let input = json!({ "id": id, "title": title });
        owner.mutate("incidentUpdate", input, "incident { title }").await.ok()
    };
    assert_eq!(*update("Database down").await.at("/receipt"), Value::Null);
    assert_eq!(*update("Other").await.at("/receipt/isReplay"), false);
}

#[tokio::test]
async fn a_key_has_a_length() {
    let gateway = TestGateway::start().await;
    for (key, codes) in
        [(String::new(), vec!["TOO_LONG"]), ("k".repeat(256), vec!["TOO_LONG"]), ("k".repeat(255), vec![])]
    {
        let answer = create(&keyed(gateway.owner(), &key), "x").await;
        assert_eq!(answer.user_error_codes(), codes, "{} characters", key.len());
    }
}

#[tokio::test]
async fn the_kept_row_holds_no_answer() {
    let gateway = TestGateway::start().await;
    create(&keyed(gateway.owner(), "k"), "a title to look for").await.ok();
    let rows = idempotency_key::Entity::find().all(gateway.kernel().db().reader()).await.unwrap();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&*row.key, &*row.response_path), ("k", "incidentCreate"));
    assert!(!format!("{row:?}").contains("a title to look for"));
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let gateway = TestGateway::start().await;
    let owner = keyed(gateway.owner(), "k");
    let answers = futures_util::future::join_all((0..10).map(|_| create(&owner, "once"))).await;
    assert_eq!(titles(gateway.owner()).await, ["once"]);
    let done: Vec<_> = answers.iter().filter(|answer| *answer.at("/receipt/isReplay") == false).collect();
    let [first] = done[..] else { panic!("{} were done", done.len()) };
    for answer in &answers {
        match answer.user_error_codes()[..] {
            [] => assert_eq!(answer.at("/receipt/auditLogId"), first.at("/receipt/auditLogId")),
            // Only PostgreSQL has two transactions at once.
            ["CONFLICT"] if Database::is_postgres() => {
                assert_eq!(*answer.at("/userErrors/0/isRetryable"), true);
            }
            _ => panic!("{}", answer.body),
        }
    }
}

#[tokio::test]
async fn one_in_flight_is_a_conflict_that_can_be_retried() {
    if !Database::is_postgres() {
        // SQLite has one writer: the second waits for the first and answers with its receipt, which the test before
        // this one shows.
        return;
    }
    let gateway = TestGateway::start().await;
    let id = open(gateway.owner()).await;
    let owner = keyed(gateway.owner(), "k");
    let hold = gateway.hold(opsgate::incidents::INCIDENT.parse(&id).unwrap()).await;
    let running = tokio::spawn({
        let (owner, id) = (owner.clone(), id.clone());
        async move { note(&owner, &id, "x").await.ok() }
    });
    gateway.somebody_waits().await;
    let second = note(&owner, &id, "x").await;
    assert_eq!(second.user_error_codes(), ["CONFLICT"]);
    assert_eq!(*second.at("/userErrors/0/isRetryable"), true);
    drop(hold);
    let first = running.await.unwrap();
    is_replay(&note(&owner, &id, "x").await, &first);
    assert_eq!(*first.at("/incident/version"), 2);
}
