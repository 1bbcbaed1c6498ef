//! People who are brought into the register by batches.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};

use super::{refused, told};

const RESULTS: &str = "results { index id upserted userErrors { code field isRetryable } }";

fn user(id: &str, name: &str) -> Value {
    json!({ "externalId": id, "email": format!("{id}@example.com"), "name": name })
}

async fn upsert(client: &Client, users: Value) -> Answer {
    client.mutate("usersUpsert", json!({ "users": users }), RESULTS).await
}

async fn upsert_partly(client: &Client, users: Value) -> Answer {
    client.mutate("usersUpsert", json!({ "users": users, "isPartialAllowed": true }), RESULTS).await
}

/// What became of each.
fn upserted(answer: &Answer) -> Vec<Value> {
    let results = answer.at("/results").as_array().unwrap();
    for (i, result) in results.iter().enumerate() {
        assert_eq!(result["index"], i, "{}", answer.body);
    }
    results.iter().map(|result| result["upserted"].clone()).collect()
}

/// The codes of what is wrong with each.
fn wrong(answer: &Answer) -> Vec<Vec<String>> {
    let results = answer.at("/results").as_array().unwrap();
    let codes = |result: &Value| {
        let errors = result["userErrors"].as_array().unwrap().iter();
        errors.map(|error| error["code"].as_str().unwrap().to_owned()).collect()
    };
    results.iter().map(codes).collect()
}

async fn register(client: &Client) -> Vec<Value> {
    let fields = "externalId name email status verifiedAt lastActiveAt version";
    let document = format!(
        "{{ users(first: 100, filter: {{externalId: {{startsWith: \"p\"}}}}) {{ nodes {{ {fields} }} }} }}"
    );
    let mut users = client.run(&document).await.ok().at("/users/nodes").as_array().unwrap().clone();
    users.sort_by_key(|user| user["externalId"].to_string());
    users
}

#[tokio::test]
async fn created_updated_deleted_and_unchanged_are_told_apart() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let seen = gateway.recorded().await;
    let answer = upsert(owner, json!([user("p1", "Ada"), user("p2", "Bo"), user("p3", "Cleo")])).await.ok();
    assert_eq!(upserted(&answer), ["CREATED", "CREATED", "CREATED"]);
    let ids: Vec<String> = (0..3).map(|i| answer.text(&format!("/results/{i}/id")).to_owned()).collect();
    // The receipt is the first one's; each has an entry and an event.
    let fact = gateway.proved(&answer).await;
    assert_eq!((&*fact.event.event_type, &fact.event.entity_id), ("directory.user.created", &ids[0]));
    let facts = gateway.facts(seen).await;
    assert_eq!(
        facts.iter().map(|fact| &fact.event.entity_id).collect::<Vec<_>>(),
        ids.iter().collect::<Vec<_>>()
    );
    for fact in &facts {
        assert!(!fact.shows("Ada") && !fact.shows("p1@example.com"), "no names and addresses on the record");
    }

    // The same once more, in another order.
    let again = upsert(owner, json!([user("p3", "Cleo"), user("p1", "Ada"), user("p2", "Bo")])).await.ok();
    assert_eq!(upserted(&again), ["UNCHANGED", "UNCHANGED", "UNCHANGED"]);
    assert_eq!(again.text("/results/0/id"), ids[2]);
    assert!(again.at("/receipt").is_null());
    assert_eq!(gateway.recorded().await, seen + 3);

    let proved = json!({ "externalId": "p2", "email": "p2@example.com", "name": "Bo", "isVerified": true,
        "lastActiveAt": "2026-11-20T08:00:00Z" });
    let gone = json!({ "externalId": "p3", "email": "p3@example.com", "name": "Cleo", "isDeleted": true });
    let never = json!({ "externalId": "p9", "email": "p9@example.com", "name": "Nobody", "isDeleted": true });
    let answer =
        upsert(owner, json!([user("p4", "Dan"), user("p1", "Ada Berg"), proved, gone, never])).await.ok();
    assert_eq!(upserted(&answer), ["CREATED", "UPDATED", "UPDATED", "DELETED", "UNCHANGED"]);
    assert!(answer.at("/results/4/id").is_null());
    let expected = [
        "user.created",
        "user.created",
        "user.created",
        "user.created",
        "user.updated",
        "user.verified",
        "user.deleted",
    ];
    assert_eq!(told(&gateway).await, expected);
    let register = register(owner).await;
    let summary: Vec<_> = register
        .iter()
        .map(|user| (user["name"].clone(), user["status"].clone(), user["version"].clone()))
        .collect();
    assert_eq!(
        summary,
        [
            (json!("Ada Berg"), json!("PENDING"), json!(2)),
            (json!("Bo"), json!("ACTIVE"), json!(2)),
            (json!("Cleo"), json!("DELETED"), json!(2)),
            (json!("Dan"), json!("PENDING"), json!(1)),
        ]
    );
    assert_eq!(register[1]["lastActiveAt"], "2026-11-20T08:00:00.000000Z");

    // Whoever is gone stays gone, and nothing can be done to them any more.
    let answer = upsert(owner, json!([user("p5", "Eve"), user("p3", "Cleo")])).await;
    assert_eq!(answer.user_error_codes(), ["INVALID_TRANSITION"]);
    assert_eq!(*answer.at("/userErrors/0/field"), json!(["input", "users", "1", "externalId"]));
    let input = json!({ "id": ids[2], "reason": "x" });
    refused(&owner.mutate("userSuspend", input, "user { id }").await, "INVALID_TRANSITION", "id");
    assert_eq!(self::register(owner).await, register);
}

#[tokio::test]
async fn it_is_all_or_nothing_unless_a_part_is_allowed() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let batch = json!([
        user("p1", "Ada"),
        { "externalId": "p2", "email": "nowhere", "name": "" },
        user("p3", "Cleo"),
        user("p1", "Ada twice"),
        { "externalId": "", "email": "x@example.com", "name": "x\u{0}" },
    ]);
    let errors = [vec![], vec!["INVALID", "REQUIRED"], vec![], vec!["INVALID"], vec!["REQUIRED", "INVALID"]];
    let seen = gateway.recorded().await;
    let answer = upsert(owner, batch.clone()).await;
    assert_eq!(answer.user_error_codes(), errors.concat());
    assert_eq!(wrong(&answer), errors);
    assert_eq!(upserted(&answer), vec![Value::Null; 5]);
    assert!(answer.at("/receipt").is_null());
    assert_eq!((gateway.recorded().await, register(owner).await.len()), (seen, 0));

    let answer = upsert_partly(owner, batch).await;
    assert_eq!(answer.user_error_codes(), [""; 0]);
    assert_eq!(wrong(&answer), errors);
    assert_eq!(
        upserted(&answer),
        [json!("CREATED"), Value::Null, json!("CREATED"), Value::Null, Value::Null]
    );
    assert!(!answer.at("/receipt/auditLogId").is_null());
    assert_eq!((gateway.recorded().await, register(owner).await.len()), (seen + 2, 2));

    let nothing = upsert_partly(owner, json!([user("", "x")])).await;
    assert!(nothing.at("/receipt").is_null() && nothing.at("/results/0/id").is_null());
    let none = upsert(owner, json!([])).await.ok();
    assert_eq!((none.at("/results"), none.at("/receipt")), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn a_hundred_are_a_batch_and_more_are_refused() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let batch = |count: usize| -> Value { (0..count).map(|i| user(&format!("p{i}"), "Ada")).collect() };
    let seen = gateway.recorded().await;
    let answer = upsert(owner, batch(101)).await;
    refused(&answer, "LIMIT_EXCEEDED", "users");
    assert_eq!(*answer.at("/results"), json!([]));
    let answer = upsert(owner, batch(100)).await.ok();
    assert_eq!(upserted(&answer), vec!["CREATED"; 100]);
    assert_eq!(gateway.recorded().await, seen + 100);
}

#[tokio::test]
async fn a_repetition_answers_what_the_first_came_to_and_a_dry_run_what_it_would() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let seen = gateway.recorded().await;
    let batch = json!([user("p1", "Ada"), { "externalId": "p2", "email": "nowhere", "name": "Bo" }]);
    let dry = upsert_partly(&owner.with_header("x-dry-run", "true"), batch.clone()).await.ok();
    assert_eq!(
        (upserted(&dry), dry.at("/receipt/isDryRun")),
        (vec![json!("CREATED"), Value::Null], &json!(true))
    );
    assert_eq!(gateway.recorded().await, seen);

    let keyed = owner.with_header("idempotency-key", "k");
    let first = upsert_partly(&keyed, batch.clone()).await.ok();
    let again = upsert_partly(&keyed, batch).await.ok();
    assert_eq!(first.at("/results"), again.at("/results"), "created then, and not unchanged now");
    assert_eq!(*again.at("/receipt/isReplay"), true);
    assert_eq!(first.at("/receipt/leafHash"), again.at("/receipt/leafHash"));
    let other = upsert(&keyed, json!([user("p7", "Ada")])).await;
    assert_eq!(other.user_error_codes(), ["CONFLICT"]);
    assert_eq!(gateway.recorded().await, seen + 1);
}

#[tokio::test]
async fn many_at_once_bring_each_person_once() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    // The same hundred by eight at once, each in another order.
    let calls = (0..8).map(|shift| {
        let batch: Value =
            (0..100).map(|i| user(&format!("p{}", (i * 7 + shift * 13) % 100), "Ada")).collect();
        async move {
            loop {
                let answer = upsert(owner, batch.clone()).await;
                assert!(answer.body.get("errors").is_none(), "{}", answer.body);
                if *answer.at("/userErrors/0/isRetryable") != true {
                    return answer.ok();
                }
            }
        }
    });
    let answers = join_all(calls).await;
    let created = answers.iter().flat_map(upserted).filter(|upserted| upserted == "CREATED").count();
    assert_eq!(created, 100);
    assert_eq!(register(owner).await.len(), 100);
}

#[tokio::test]
async fn an_organization_brings_nobody() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let partner = gateway.partner(&["*"], acme).await;
    let seen = gateway.recorded().await;
    refused(&upsert(&partner, json!([user("p1", "Ada")])).await, "NOT_ALLOWED", "users");
    let organizations = json!({ "organizations": [{ "externalId": "1", "slug": "x", "name": "X" }] });
    let answer = partner.mutate("organizationsUpsert", organizations, "").await;
    refused(&answer, "NOT_ALLOWED", "organizations");
    // That it was tried is on the record.
    let facts = gateway.facts(seen).await;
    let denied: Vec<_> = facts.iter().map(|fact| (&*fact.event.event_type, &*fact.event.entity_id)).collect();
    let expected = [("admin.access.denied", "usersUpsert"), ("admin.access.denied", "organizationsUpsert")];
    assert_eq!(denied, expected);
}
