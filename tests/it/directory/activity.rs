//! What the record has of a person.

use entity::admin_user::AdminLevel;
use opsgate::kernel::{actor::ADMIN_USER, id::Prefix};
use serde_json::{Value, json};
use tests::{Client, Database, TestGateway};

use super::person;

const ACTIVITY: &str = "query($id: ID!, $first: Int, $after: Cursor) { user(id: $id) { \
     activity(first: $first, after: $after) { nodes { eventType } totalCount pageInfo { hasNextPage endCursor } } \
     activitySummary { total isTotalExact lastAt byType { eventType count } } } }";

async fn activity(client: &Client, id: &str) -> Value {
    client.run_with(ACTIVITY, json!({ "id": id })).await.ok().at("/user").clone()
}

fn types(activity: &Value) -> Vec<&str> {
    let nodes = activity["activity"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["eventType"].as_str().unwrap()).collect()
}

async fn suspend(client: &Client, id: &str) {
    let input = json!({ "id": id, "reason": "x" });
    client.mutate("userSuspend", input, "user { id }").await.ok();
}

#[tokio::test]
async fn a_person_s_activity_is_what_they_did_and_what_was_done_to_them() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let ada = person(&gateway, "Ada", true).await;
    let bo = person(&gateway, "Bo", true).await;
    suspend(owner, &bo).await;
    let nobody = Prefix("usr").encode(gateway.user("Nobody").await);
    let empty = activity(owner, &nobody).await;
    assert_eq!(empty["activity"]["totalCount"], 0);
    let nothing = json!({ "total": 0, "isTotalExact": true, "lastAt": null, "byType": [] });
    assert_eq!(empty["activitySummary"], nothing);
    assert_eq!(types(&activity(owner, &bo).await), ["directory.user.suspended", "directory.user.created"]);

    // With an account: what she does is hers, and what she does to herself comes once.
    let input = json!({ "userId": ada, "level": "ADMIN" });
    let answer =
        gateway.owner_in_person().await.mutate("adminUserCreate", input, "adminUser { id }").await.ok();
    let account = ADMIN_USER.parse(answer.text("/adminUser/id")).unwrap();
    gateway.rights_read().await;
    let acting = gateway.signed_in(account);
    let input = json!({ "id": bo, "reason": "x" });
    acting.mutate("userReinstate", input, "user { id }").await.ok();
    suspend(&acting, &ada).await;
    let shown = activity(owner, &ada).await;
    let expected = [
        "directory.user.suspended",
        "directory.user.reinstated",
        "admin.user.created",
        "directory.user.created",
    ];
    assert_eq!(types(&shown), expected);
    assert_eq!(shown["activity"]["totalCount"], 4);
    let summary = &shown["activitySummary"];
    assert_eq!((&summary["total"], &summary["isTotalExact"]), (&json!(4), &json!(true)));
    assert!(!summary["lastAt"].is_null());
    let counts: Vec<_> = expected.iter().map(|ty| json!({ "eventType": ty, "count": 1 })).collect();
    let mut by_type = summary["byType"].as_array().unwrap().clone();
    by_type.sort_by_key(|count| expected.iter().position(|ty| count["eventType"] == *ty));
    assert_eq!(by_type, counts);

    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut after = Value::Null;
    loop {
        let variables = json!({ "id": ada, "first": 1, "after": after });
        let answer = owner.run_with(ACTIVITY, variables).await.ok();
        paged.push(answer.text("/user/activity/nodes/0/eventType").to_owned());
        after = answer.at("/user/activity/pageInfo/endCursor").clone();
        if *answer.at("/user/activity/pageInfo/hasNextPage") == false {
            break;
        }
    }
    assert_eq!(paged, expected);
}

#[tokio::test]
async fn activity_is_for_those_who_may_read_the_record_and_within_their_boundary() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let member = Prefix("usr").encode(gateway.member("Ada", acme).await);
    suspend(gateway.owner(), &member).await;
    let reader = gateway.with_scopes(&["directory.read"]).await;
    let answer = reader.run_with(ACTIVITY, json!({ "id": member })).await;
    assert_eq!(answer.codes(), ["FORBIDDEN", "FORBIDDEN"]);
    assert_eq!(answer.body["data"]["user"], json!({ "activity": null, "activitySummary": null }));
    // The suspension is the platform's entry, not the organization's.
    let partner = gateway.partner(&["directory.read", "audit.read"], acme).await;
    let shown = activity(&partner, &member).await;
    assert_eq!(
        (&shown["activity"]["totalCount"], &shown["activitySummary"]["total"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn activity_goes_by_indexes_whoever_it_is_of() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let ours = ADMIN_USER.encode(account);
    let actor = format!("CASE n % 3 WHEN 0 THEN '{ours}' ELSE 'actor_' || (n % 200) END");
    gateway
        .fill(
            "audit_logs",
            20_000,
            &[
                ("id", "ID()"),
                ("event_id", "ID()"),
                ("service_name", "'shop'"),
                ("event_type", "'type.' || (n % 7)"),
                ("category", "'SYSTEM'"),
                ("severity", "0"),
                ("action", "'ACT'"),
                ("outcome", "'SUCCESS'"),
                ("actor_kind", "'ADMIN_USER'"),
                ("actor_id", &actor),
                ("organization_id", "ID()"),
                ("environment", "'test'"),
                ("surface", "'JOB'"),
                ("occurred_at", "AT()"),
                ("received_at", "AT()"),
                ("body", "'{}'"),
                ("leaf_hash", "BYTES()"),
            ],
        )
        .await;
    let owner = gateway.owner();
    let user = owner.run(&format!("{{ adminUser(id: \"{ours}\") {{ user {{ id }} }} }}")).await.ok();
    let user = user.text("/adminUser/user/id");
    suspend(owner, user).await;
    let document = format!("{{ user(id: \"{user}\") {{ activity {{ nodes {{ id }} }} }} }}");
    let plan = gateway.plan(owner, &document, "audit_logs").await;
    for index in ["idx_audit_logs_actor_id_id", "idx_audit_logs_subject_id"] {
        assert!(plan.contains(index), "by {index}:\n{plan}");
    }
    // Each is read in order. PostgreSQL merges them; SQLite sorts what it has read, a page of each.
    let sorts = plan.matches("Sort  (").count() + plan.matches("TEMP B-TREE").count();
    let expected = if Database::is_postgres() { 0 } else { 2 };
    assert_eq!(sorts, expected, "{plan}");
    let shown = activity(owner, user).await;
    assert_eq!(shown["activitySummary"]["total"], 6_667);
    assert_eq!(shown["activitySummary"]["byType"].as_array().unwrap().len(), 8);
}
