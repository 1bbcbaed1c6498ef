//! Who is a member of an organization, by whom it is said and who hears of it.

use opsgate::kernel::{actor::ORGANIZATION, id::Prefix};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};
use uuid::Uuid;

use super::refused;

const FIELDS: &str = "member { id role version user { id name } organization { slug } }";
const MANAGE: [&str; 2] = ["directory.manage_organizations", "directory.read"];

fn user(id: Uuid) -> String {
    Prefix("usr").encode(id)
}

async fn add(client: &Client, organization: Uuid, user_id: Uuid, role: &str) -> Answer {
    let input = json!({
        "organizationId": ORGANIZATION.encode(organization), "userId": user(user_id), "role": role,
    });
    client.mutate("organizationMemberAdd", input, FIELDS).await
}

/// The members of an organization: name and role, the latest first.
async fn members(client: &Client, organization: Uuid) -> Vec<(String, String)> {
    let document = "query($id: ID!) { organization(id: $id) { members(first: 100) { totalCount nodes { \
                    role user { name } } } } }";
    let answer = client.run_with(document, json!({ "id": ORGANIZATION.encode(organization) })).await.ok();
    let nodes = answer.at("/organization/members/nodes").as_array().unwrap();
    assert_eq!(*answer.at("/organization/members/totalCount"), nodes.len());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    nodes.iter().map(|node| (text(&node["user"]["name"]), text(&node["role"]))).collect()
}

#[tokio::test]
async fn members_come_change_and_go() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    let ada = gateway.user("Ada").await;
    let clerk = gateway.with_scopes(&MANAGE).await;
    let before = gateway.recorded().await;

    let added = add(&clerk, acme, ada, " owner ").await.ok();
    let member = added.at("/member");
    assert_eq!(
        [&member["role"], &member["version"], &member["user"]["name"], &member["organization"]["slug"]],
        [&json!("owner"), &json!(1), &json!("Ada"), &json!("acme")]
    );
    let id = member["id"].as_str().unwrap().to_owned();
    // The same again is no other thing.
    let again = add(&clerk, acme, ada, "owner").await.ok();
    assert_eq!((again.at("/member/id"), again.at("/receipt")), (&json!(id), &Value::Null));
    refused(&add(&clerk, acme, ada, "vet").await, "TAKEN", "userId");

    let changed =
        clerk.mutate("organizationMemberUpdate", json!({ "id": id, "role": "vet" }), FIELDS).await.ok();
    assert_eq!((changed.text("/member/role"), changed.at("/member/version")), ("vet", &json!(2)));
    assert_eq!(members(&clerk, acme).await, [("Ada".to_owned(), "vet".to_owned())]);
    let stale = json!({ "id": id, "expectedVersion": 1 });
    let stale = clerk.mutate("organizationMemberRemove", stale, FIELDS).await;
    assert_eq!(stale.user_error_codes(), ["CONFLICT"]);
    assert_eq!(*stale.at("/member/version"), 2, "with it as it is");

    let rehearsal = clerk.with_header("x-dry-run", "true");
    let gone = rehearsal.mutate("organizationMemberRemove", json!({ "id": id }), FIELDS).await.ok();
    assert_eq!((gone.at("/receipt/isDryRun"), members(&clerk, acme).await.len()), (&json!(true), 1));
    let keyed = clerk.with_header("idempotency-key", "out");
    let gone = keyed.mutate("organizationMemberRemove", json!({ "id": id }), FIELDS).await.ok();
    assert_eq!(gone.text("/member/user/name"), "Ada", "as they were");
    let replayed = keyed.mutate("organizationMemberRemove", json!({ "id": id }), FIELDS).await.ok();
    assert_eq!(replayed.at("/receipt/auditLogId"), gone.at("/receipt/auditLogId"));
    assert_eq!(members(&clerk, acme).await, []);
    let unknown = clerk.mutate("organizationMemberRemove", json!({ "id": id }), FIELDS).await;
    refused(&unknown, "NOT_FOUND", "id");

    let facts = gateway.facts(before).await;
    let types: Vec<_> = facts.iter().map(|fact| &*fact.event.event_type).collect();
    assert_eq!(types, ["directory.member.added", "directory.member.updated", "directory.member.removed"]);
    for (fact, version) in facts.iter().zip(1..) {
        assert_eq!(fact.event.entity_id, id);
        assert_eq!(fact.event.entity_version, Some(version));
        assert_eq!(fact.event.organization_id, acme);
        assert_eq!(fact.event.payload["userId"], user(ada));
        assert!(fact.entry.subject.is_some() && !fact.shows("Ada"));
    }
    assert_eq!(facts[1].event.payload["role"], "vet");
    assert_eq!(facts[1].event.payload["before"], "owner");
}

#[tokio::test]
async fn what_is_not_right_is_refused() {
    let gateway = TestGateway::start().await;
    let (acme, globex) = (gateway.organization("acme").await, gateway.organization("globex").await);
    let merged = gateway.merged_organization("initech", acme).await;
    let (ada, gus) = (gateway.member("Ada", acme).await, gateway.member("Gus", globex).await);
    let clerk = gateway.with_scopes(&MANAGE).await;
    refused(&add(&clerk, acme, gus, " ").await, "REQUIRED", "role");
    refused(&add(&clerk, acme, gus, &"x".repeat(101)).await, "TOO_LONG", "role");
    refused(&add(&clerk, ada, gus, "vet").await, "NOT_FOUND", "organizationId");
    refused(&add(&clerk, acme, acme, "vet").await, "NOT_FOUND", "userId");
    refused(&add(&clerk, merged, gus, "vet").await, "NOT_ALLOWED", "organizationId");
    // Whoever is limited to an organization adds nobody whom they don't see, and learns nothing of them.
    let partner = gateway.partner(&MANAGE, acme).await;
    refused(&add(&partner, acme, gus, "vet").await, "NOT_FOUND", "userId");
    refused(&add(&partner, globex, ada, "vet").await, "NOT_FOUND", "organizationId");
    let reader = gateway.with_scopes(&["directory.read"]).await;
    assert_eq!(add(&reader, acme, gus, "vet").await.codes(), ["FORBIDDEN"]);
}

#[tokio::test]
async fn a_page_of_organizations_shows_the_members_of_each_in_one_statement() {
    let gateway = TestGateway::start().await;
    for slug in ["acme", "globex", "initech"] {
        let organization = gateway.organization(slug).await;
        for number in 0..3 {
            gateway.member(&format!("{slug} {number}"), organization).await;
        }
    }
    let document = |first: u32| {
        format!(
            "{{ organizations(first: {first}) {{ nodes {{ members(first: 2) {{ nodes {{ user {{ name }} }} }} }} }} }}"
        )
    };
    let (one, three) = (document(1), document(3));
    let answer = gateway.owner().run(&three).await.ok();
    assert_eq!(*answer.at("/organizations/nodes/0/members/nodes/0/user/name"), "initech 2");
    let cost = gateway.cost(gateway.owner(), &one, Value::Null).await;
    assert_eq!(gateway.cost(gateway.owner(), &three, Value::Null).await, cost);
}
