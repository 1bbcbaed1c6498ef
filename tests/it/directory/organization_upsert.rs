//! What the platform says of its organizations: each is told what came of it.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};

use super::refused;

const FIELDS: &str = "results { index id userErrors { code field } }";

async fn say(client: &Client, records: Value, is_partial: bool) -> Answer {
    let input = json!({ "organizations": records, "isPartialAllowed": is_partial });
    client.mutate("organizationsUpsert", input, FIELDS).await
}

fn record(id: &str, slug: &str) -> Value {
    json!({ "externalId": id, "slug": slug, "name": slug.to_uppercase() })
}

/// The code and the place of what is wrong with each; nothing where it is right.
fn faults(answer: &Answer) -> Vec<Value> {
    let results = answer.at("/results").as_array().unwrap();
    for (result, index) in results.iter().zip(0..) {
        assert_eq!(result["index"], index);
    }
    results.iter().map(|result| result["userErrors"][0]["code"].clone()).collect()
}

#[tokio::test]
async fn the_register_follows_what_is_said_and_is_idempotent() {
    let gateway = TestGateway::start().await;
    gateway.organization("acme").await;
    let feed = gateway.with_scopes(&["directory.synchronize", "directory.read"]).await;
    let before = gateway.recorded().await;
    // One is there already, and hasn't had an id of the platform's.
    let both = json!([record("1", "acme"), record("2", "globex")]);
    let first = say(&feed, both.clone(), false).await.ok();
    assert_eq!(faults(&first), [Value::Null, Value::Null]);
    let again = say(&feed, both, false).await.ok();
    assert_eq!((again.at("/results"), again.at("/receipt")), (first.at("/results"), &Value::Null));
    let moved = json!([{ "externalId": "2", "slug": "globex-corp", "name": "Globex", "status": "PAST_DUE" }]);
    say(&feed, moved, false).await.ok();
    let read = feed.run("{ organizations { nodes { externalId slug name status version } } }").await.ok();
    let expected = json!([
        { "externalId": "2", "slug": "globex-corp", "name": "Globex", "status": "PAST_DUE", "version": 2 },
        { "externalId": "1", "slug": "acme", "name": "ACME", "status": "ACTIVE", "version": 2 },
    ]);
    assert_eq!(*read.at("/organizations/nodes"), expected);
    let facts = gateway.facts(before).await;
    let types: Vec<_> =
        facts.iter().map(|fact| &fact.event.event_type["directory.organization.".len()..]).collect();
    assert_eq!(types, ["updated", "created", "updated"]);
    assert_eq!(facts[2].event.payload["changed"], json!(["slug", "name", "status"]));
}

#[tokio::test]
async fn all_are_done_or_none_unless_a_part_is_allowed() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    gateway.merged_organization("initech", acme).await;
    let feed = gateway.with_scopes(&["directory.synchronize", "directory.read"]).await;
    say(&feed, json!([record("1", "acme")]), false).await.ok();
    let before = gateway.recorded().await;
    let merged = json!({ "externalId": "9", "slug": "hooli", "name": "Hooli", "status": "MERGED" });
    let records = json!([
        record("2", "globex"),
        record("3", "acme"),
        record("2", "other"),
        record("4", "initech"),
        record("5", "-"),
        merged,
        record("6", "globex"),
    ]);
    let codes = ["TAKEN", "INVALID", "NOT_ALLOWED", "INVALID", "INVALID", "TAKEN"].map(Value::from);
    let answer = say(&feed, records.clone(), false).await;
    assert_eq!(faults(&answer)[1..], codes);
    assert_eq!(answer.user_error_codes().len(), codes.len(), "and all together");
    assert_eq!((answer.at("/results/0/id"), answer.at("/receipt")), (&Value::Null, &Value::Null));
    assert_eq!(answer.at("/results/1/userErrors/0/field"), &json!(["input", "organizations", "1", "slug"]));
    assert_eq!(gateway.recorded().await, before, "nothing was done");

    let keyed = feed.with_header("idempotency-key", "once");
    let rehearsal = say(&feed.with_header("x-dry-run", "true"), records.clone(), true).await;
    assert_eq!((rehearsal.at("/receipt/isDryRun"), &faults(&rehearsal)[1..]), (&json!(true), &codes[..]));
    let answer = say(&keyed, records.clone(), true).await;
    assert_eq!(faults(&answer)[1..], codes);
    assert!(answer.at("/results/0/id").is_string() && !answer.at("/receipt").is_null());
    assert_eq!(gateway.recorded().await, before + 1);
    let replayed = say(&keyed, records, true).await;
    assert_eq!(replayed.at("/results"), answer.at("/results"));
    assert_eq!(*replayed.at("/receipt/isReplay"), true);
    assert_eq!(gateway.recorded().await, before + 1);
}

#[tokio::test]
async fn so_many_at_once_and_by_the_platform_alone() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let feed = gateway.with_scopes(&["directory.synchronize"]).await;
    let many: Vec<_> = (0..101).map(|number| record(&number.to_string(), &format!("o{number}"))).collect();
    refused(&say(&feed, json!(many), true).await, "LIMIT_EXCEEDED", "organizations");
    say(&feed, json!(many[..100]), false).await.ok();
    let partner = gateway.partner(&["*"], acme).await;
    refused(&say(&partner, json!([record("1", "acme")]), true).await, "NOT_ALLOWED", "organizations");
}

#[tokio::test]
async fn who_says_the_same_in_another_order_at_the_same_time_waits_or_tries_again() {
    let gateway = TestGateway::start().await;
    let feed = gateway.with_scopes(&["directory.synchronize", "directory.read"]).await;
    for round in 0..10 {
        let record = |i: usize| record(&format!("{round}-{i}"), &format!("slug-{round}-{i}"));
        let there: Vec<_> = (0..40).map(record).collect();
        let back: Vec<_> = there.iter().rev().cloned().collect();
        let both = [say(&feed, json!(there), false), say(&feed, json!(back), false)];
        for answer in join_all(both).await {
            assert!(answer.codes().is_empty(), "{}", answer.body);
            for error in answer.at("/userErrors").as_array().unwrap() {
                assert_eq!((&error["code"], &error["isRetryable"]), (&json!("CONFLICT"), &json!(true)));
            }
        }
    }
}
