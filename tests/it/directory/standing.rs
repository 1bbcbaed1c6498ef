//! People who are kept out, let in again and verified.

use chrono::TimeDelta;
use opsgate::kernel::id::Prefix;
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};

use super::{person, refused};

const USER: &str =
    "id uuid externalId email name status verifiedAt suspendedUntil lastActiveAt createdAt updatedAt version";

async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("user {{ {USER} }}")).await
}

async fn read(client: &Client, id: &str) -> Value {
    let document = format!("query($id: ID!) {{ user(id: $id) {{ {USER} }} }}");
    client.run_with(&document, json!({ "id": id })).await.ok().at("/user").clone()
}

#[tokio::test]
async fn whoever_is_suspended_is_reinstated_and_both_are_on_the_record() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = person(&gateway, "Ada", true).await;
    let input = json!({ "id": id, "reason": "The card was stolen.", "expectedVersion": 1 });
    let answer = tried(owner, "userSuspend", input.clone()).await.ok();
    assert_eq!(read(owner, &id).await, *answer.at("/user"));
    let status = |answer: &Answer| (answer.at("/user/status").clone(), answer.at("/user/version").clone());
    assert_eq!(status(&answer), (json!("SUSPENDED"), json!(2)));
    let fact = gateway.proved(&answer).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("directory.user.suspended", "USER_SUSPEND"));
    assert_eq!(fact.personal("$.reason"), Some(&json!("The card was stolen.")));
    assert!(!fact.shows("stolen"), "a reason is sealed");
    assert_eq!(fact.event.payload["changed"], json!(["status"]));

    let stale = tried(owner, "userReinstate", input).await;
    refused(&stale, "CONFLICT", "expectedVersion");
    assert_eq!(stale.at("/user"), answer.at("/user"));
    let answer = tried(owner, "userReinstate", json!({ "id": id, "reason": "It was theirs." })).await.ok();
    assert_eq!(read(owner, &id).await, *answer.at("/user"));
    assert_eq!(status(&answer), (json!("ACTIVE"), json!(3)));
    assert_eq!(gateway.proved(&answer).await.event.event_type, "directory.user.reinstated");
}

#[tokio::test]
async fn a_suspension_ends_by_itself_unless_it_is_another_one_by_then() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let [first, second, third] = [
        person(&gateway, "Ada", true).await,
        person(&gateway, "Bo", false).await,
        person(&gateway, "Cleo", true).await,
    ];
    let at = |hours| (gateway.kernel().clock().now() + TimeDelta::hours(hours)).to_rfc3339();
    let suspend = async |id: &str, until: Option<String>| {
        let input = json!({ "id": id, "reason": "spam", "until": until });
        tried(owner, "userSuspend", input).await.ok()
    };
    for id in [&first, &second, &third] {
        let answer = suspend(id, Some(at(2))).await;
        assert!(!answer.at("/user/suspendedUntil").is_null());
    }
    // One is let in before, and kept out again for longer; another one for good.
    for (id, until) in [(&second, Some(at(4))), (&third, None)] {
        tried(owner, "userReinstate", json!({ "id": id, "reason": "x" })).await.ok();
        suspend(id, until).await;
    }
    let status = async |id: &str| read(owner, id).await["status"].as_str().unwrap().to_owned();
    gateway.advance(TimeDelta::hours(1));
    gateway.run_until_idle().await;
    assert_eq!(status(&first).await, "SUSPENDED");
    let seen = gateway.recorded().await;
    gateway.advance(TimeDelta::hours(1));
    gateway.run_until_idle().await;
    assert_eq!(
        [status(&first).await, status(&second).await, status(&third).await],
        ["ACTIVE", "SUSPENDED", "SUSPENDED"]
    );
    let facts = gateway.facts(seen).await;
    let [fact] = &*facts else { panic!("{facts:#?}") };
    assert_eq!(fact.event.event_type, "directory.user.reinstated");
    assert_eq!(fact.event.actor_id, "directory.reinstate_user");
    assert_eq!(fact.personal("$.reason"), Some(&json!("The suspension has ended.")));
    assert!(read(owner, &first).await["suspendedUntil"].is_null());
    gateway.advance(TimeDelta::hours(2));
    gateway.run_until_idle().await;
    assert_eq!([status(&second).await, status(&third).await], ["PENDING", "SUSPENDED"]);
}

#[tokio::test]
async fn whoever_proves_who_they_are_is_verified_once_and_stays_out_where_they_are() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = person(&gateway, "Ada", false).await;
    let answer = tried(owner, "userVerify", json!({ "id": id, "expectedVersion": 1 })).await.ok();
    assert_eq!(read(owner, &id).await, *answer.at("/user"));
    assert_eq!(*answer.at("/user/status"), "ACTIVE");
    assert!(!answer.at("/user/verifiedAt").is_null());
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "directory.user.verified");
    assert_eq!(fact.event.payload["changed"], json!(["status", "verifiedAt"]));
    refused(&tried(owner, "userVerify", json!({ "id": id })).await, "INVALID_TRANSITION", "id");

    let out = person(&gateway, "Bo", false).await;
    tried(owner, "userSuspend", json!({ "id": out, "reason": "spam" })).await.ok();
    let answer = tried(owner, "userVerify", json!({ "id": out })).await.ok();
    assert_eq!(*answer.at("/user/status"), "SUSPENDED");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_and_changes_nothing() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = person(&gateway, "Ada", true).await;
    let nothing = Prefix("usr").encode(uuid::Uuid::from_u128(7));
    let past = gateway.kernel().clock().now().to_rfc3339();
    let seen = gateway.recorded().await;
    for (mutation, input, code, field) in [
        ("userSuspend", json!({ "id": nothing, "reason": "x" }), "NOT_FOUND", "id"),
        ("userSuspend", json!({ "id": "inc_01jd5kzzzzfpfvnd2v6n5x3k8r", "reason": "x" }), "INVALID", "id"),
        ("userSuspend", json!({ "id": id, "reason": " " }), "REQUIRED", "reason"),
        ("userSuspend", json!({ "id": id, "reason": "x".repeat(1001) }), "TOO_LONG", "reason"),
        ("userSuspend", json!({ "id": id, "reason": "x", "until": past }), "OUT_OF_RANGE", "until"),
        (
            "userSuspend",
            json!({ "id": id, "reason": "x", "expectedVersion": 7 }),
            "CONFLICT",
            "expectedVersion",
        ),
        ("userReinstate", json!({ "id": id, "reason": "x" }), "INVALID_TRANSITION", "id"),
        ("userReinstate", json!({ "id": nothing, "reason": "x" }), "NOT_FOUND", "id"),
        ("userVerify", json!({ "id": id }), "INVALID_TRANSITION", "id"),
        ("userVerify", json!({ "id": nothing }), "NOT_FOUND", "id"),
    ] {
        refused(&tried(owner, mutation, input).await, code, field);
    }
    assert_eq!(gateway.recorded().await, seen);
    tried(owner, "userSuspend", json!({ "id": id, "reason": "x" })).await.ok();
    refused(
        &tried(owner, "userSuspend", json!({ "id": id, "reason": "x" })).await,
        "INVALID_TRANSITION",
        "id",
    );
}

#[tokio::test]
async fn a_dry_run_and_a_repetition_are_as_everywhere() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = person(&gateway, "Ada", true).await;
    let seen = gateway.recorded().await;
    let until = (gateway.kernel().clock().now() + TimeDelta::hours(1)).to_rfc3339();
    let input = json!({ "id": id, "reason": "x", "until": until });
    let dry = tried(&owner.with_header("x-dry-run", "true"), "userSuspend", input.clone()).await.ok();
    assert_eq!((dry.at("/user/status"), dry.at("/receipt/isDryRun")), (&json!("SUSPENDED"), &json!(true)));
    assert_eq!(gateway.recorded().await, seen);
    let keyed = owner.with_header("idempotency-key", "k");
    let first = tried(&keyed, "userSuspend", input.clone()).await.ok();
    let again = tried(&keyed, "userSuspend", input).await.ok();
    assert_eq!(*again.at("/receipt/isReplay"), true);
    assert_eq!(first.at("/receipt/auditLogId"), again.at("/receipt/auditLogId"));
    assert_eq!(gateway.recorded().await, seen + 1);
}

#[tokio::test]
async fn an_organization_sees_its_members_and_does_not_decide_about_them() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let member = Prefix("usr").encode(gateway.member("Ada", acme).await);
    let partner = gateway.partner(&["*"], acme).await;
    let seen = gateway.recorded().await;
    for (mutation, input) in [
        ("userSuspend", json!({ "id": member, "reason": "x" })),
        ("userReinstate", json!({ "id": member, "reason": "x" })),
        ("userVerify", json!({ "id": member })),
    ] {
        refused(&tried(&partner, mutation, input).await, "NOT_ALLOWED", "id");
    }
    // That it was tried is on the record, and nothing else.
    let facts = gateway.facts(seen).await;
    let denied: Vec<_> = facts.iter().map(|fact| (&*fact.event.event_type, &*fact.event.entity_id)).collect();
    let expected = ["userSuspend", "userReinstate", "userVerify"].map(|field| ("admin.access.denied", field));
    assert_eq!(denied, expected);
    assert_eq!(read(&partner, &member).await["name"], "Ada");
}
