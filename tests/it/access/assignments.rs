//! Who has which role, until when, and by whom.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::{access::ROLE, kernel::actor::ADMIN_USER};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};
use uuid::Uuid;

use super::{permissions, refused};

const ASSIGNMENT: &str = "id uuid role { name } roleName adminUser { id } isEffective grantedBy { kind name } \
     grantedAt expiresAt revokedBy { kind name } revokedAt createdAt updatedAt version";

/// A role that only gives this.
const KEY: &str = "incidents.manage";

async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("roleAssignment {{ {ASSIGNMENT} }}")).await
}

async fn assign(client: &Client, role: Uuid, account: Uuid, expires_at: Value) -> Answer {
    let mut input = json!({ "roleId": ROLE.encode(role), "adminUserId": ADMIN_USER.encode(account) });
    if !expires_at.is_null() {
        input["expiresAt"] = expires_at;
    }
    tried(client, "roleAssign", input).await
}

/// So long from now.
fn after(gateway: &TestGateway, by: TimeDelta) -> Value {
    json!((gateway.kernel().clock().now() + by).to_rfc3339())
}

async fn read(client: &Client, id: &Value) -> Value {
    let document = format!(
        "query($id: ID!) {{ node(id: $id) {{ ... on RoleAssignment {{ {ASSIGNMENT} }} }} \
         roleAssignments(first: 100) {{ nodes {{ {ASSIGNMENT} }} }} }}"
    );
    let answer = client.run_with(&document, json!({ "id": id })).await.ok();
    let node = answer.at("/node").clone();
    assert!(answer.at("/roleAssignments/nodes").as_array().unwrap().contains(&node));
    node
}

async fn may(client: &Client) -> bool {
    permissions(client).await.contains(&KEY.to_owned())
}

#[tokio::test]
async fn a_role_is_given_and_taken_away() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = gateway.role("on call", &[KEY]).await;
    let ada = gateway.signed_in(account);
    assert!(!may(&ada).await);

    let answer = assign(owner, role, account, Value::Null).await.ok();
    gateway.rights_read().await;
    let given = answer.at("/roleAssignment").clone();
    let id = given["id"].clone();
    assert_eq!(read(owner, &id).await, given);
    assert!(may(&ada).await);
    let expected = json!({ "kind": "ADMIN_USER", "name": "Owner" });
    assert_eq!((&given["grantedBy"], &given["revokedBy"]), (&expected, &Value::Null));
    assert_eq!((&given["isEffective"], &given["roleName"]), (&json!(true), &json!("on call")));
    assert_eq!((&given["role"]["name"], &given["expiresAt"]), (&json!("on call"), &Value::Null));
    assert_eq!(given["adminUser"]["id"], ADMIN_USER.encode(account));
    let fact = gateway.proved(&answer).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("admin.role.granted", "ROLE_GRANT"));
    let payload = json!({
        "adminUserId": ADMIN_USER.encode(account), "roleId": ROLE.encode(role), "role": "on call", "expiresAt": null,
    });
    assert_eq!(fact.event.payload, payload);
    assert!(fact.body.get("subject").is_some(), "it is about the person");

    // On both sides of it, and in what the account may.
    let document = "query($role: ID!, $account: ID!) { role(id: $role) { assignments { nodes { id } } } \
        adminUser(id: $account) { effectivePermissions roleAssignments { nodes { id } } } }";
    let variables = json!({ "role": ROLE.encode(role), "account": ADMIN_USER.encode(account) });
    let both = owner.run_with(document, variables.clone()).await.ok();
    assert_eq!(*both.at("/role/assignments/nodes"), json!([{ "id": id }]));
    assert_eq!(*both.at("/adminUser/roleAssignments/nodes"), json!([{ "id": id }]));
    assert_eq!(*both.at("/adminUser/effectivePermissions"), json!(permissions(&ada).await));

    let stale = tried(owner, "roleRevoke", json!({ "id": id, "expectedVersion": 2 })).await;
    refused(&stale, "CONFLICT", "expectedVersion");
    let answer = tried(owner, "roleRevoke", json!({ "id": id, "expectedVersion": 1 })).await.ok();
    gateway.rights_read().await;
    assert!(!may(&ada).await);
    let revoked = answer.at("/roleAssignment").clone();
    assert_eq!(read(owner, &id).await, revoked);
    assert_eq!((&revoked["isEffective"], &revoked["revokedBy"]), (&json!(false), &expected));
    assert_eq!((&revoked["revokedAt"], &revoked["version"]), (&given["grantedAt"], &json!(2)));
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "admin.role.revoked");
    refused(&tried(owner, "roleRevoke", json!({ "id": id })).await, "INVALID_TRANSITION", "id");

    // The role can go by now, and who had it is still told.
    owner.mutate("roleDelete", json!({ "id": ROLE.encode(role) }), "").await.ok();
    let left = read(owner, &id).await;
    assert_eq!((&left["role"], &left["roleName"]), (&Value::Null, &json!("on call")));
}

#[tokio::test]
async fn a_role_counts_until_it_ends_and_nobody_needs_to_be_told() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = gateway.role("on call", &[KEY]).await;
    let ada = gateway.signed_in(account);
    let first = assign(owner, role, account, after(&gateway, TimeDelta::minutes(1))).await.ok();
    let id = first.at("/roleAssignment/id").clone();
    gateway.rights_read().await;
    let epoch = gateway.kernel().rights().last().epoch;

    // As the explanation has it, too.
    let explained = async || {
        let document = "query($account: ID!) { authorizationExplanation( \
            document: \"mutation { incidentReopen(input: {id: \\\"x\\\", reason: \\\"x\\\"}) { receipt { isDryRun } } }\", \
            as: { adminUser: $account }) { isAllowed obstacle } }";
        let variables = json!({ "account": ADMIN_USER.encode(account) });
        owner.run_with(document, variables).await.ok().at("/authorizationExplanation/0").clone()
    };
    gateway.advance(TimeDelta::minutes(1) - TimeDelta::microseconds(1));
    assert!(may(&ada).await);
    assert_eq!(read(owner, &id).await["isEffective"], true);
    assert_eq!(explained().await, json!({ "isAllowed": true, "obstacle": null }));
    gateway.advance(TimeDelta::microseconds(1));
    assert!(!may(&ada).await);
    assert_eq!(read(owner, &id).await["isEffective"], false);
    assert_eq!(explained().await, json!({ "isAllowed": false, "obstacle": "LEVEL" }));
    assert_eq!(gateway.kernel().rights().last().epoch, epoch, "nothing was read anew");
    let over = tried(owner, "roleRevoke", json!({ "id": id })).await;
    refused(&over, "INVALID_TRANSITION", "id");

    // Given again, for longer and longer.
    for minutes in [1, 2] {
        assign(owner, role, account, after(&gateway, TimeDelta::minutes(minutes))).await.ok();
    }
    let shorter = assign(owner, role, account, after(&gateway, TimeDelta::seconds(90))).await;
    refused(&shorter, "TAKEN", "roleId");
    gateway.rights_read().await;
    gateway.advance(TimeDelta::seconds(100));
    assert!(may(&ada).await);
    gateway.advance(TimeDelta::seconds(20));
    assert!(!may(&ada).await);
}

#[tokio::test]
async fn a_role_of_an_account_that_is_not_active_counts_for_nothing() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = gateway.role("on call", &[KEY]).await;
    let id = assign(owner, role, account, Value::Null).await.ok().at("/roleAssignment/id").clone();
    let input = json!({ "id": ADMIN_USER.encode(account) });
    owner.mutate("adminUserDeactivate", input.clone(), "").await.ok();
    gateway.rights_read().await;
    assert_eq!(read(owner, &id).await["isEffective"], false);
    refused(&assign(owner, role, account, Value::Null).await, "NOT_ALLOWED", "adminUserId");
    let selection = "adminUser { effectivePermissions }";
    let answer =
        owner.mutate("adminUserUpdate", json!({ "id": input["id"], "level": "ADMIN" }), selection).await;
    assert_eq!(*answer.ok().at("/adminUser/effectivePermissions"), json!([]));

    owner.mutate("adminUserReactivate", input.clone(), "").await.ok();
    gateway.rights_read().await;
    assert_eq!(read(owner, &id).await["isEffective"], true);
    // It can be taken away while nobody has it in hand.
    owner.mutate("adminUserDeactivate", input, "").await.ok();
    tried(owner, "roleRevoke", json!({ "id": id })).await.ok();
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have_or_for_longer_or_to_themselves() {
    let gateway = TestGateway::start().await;
    let [ada, bob] = [("Ada", AdminLevel::Admin), ("Bob", AdminLevel::Support)];
    let (ada, bob) = (gateway.account(ada.0, ada.1).await, gateway.account(bob.0, bob.1).await);
    let giving = gateway.role("giving", &["access.assign_roles"]).await;
    gateway.assign(giving, ada, None).await;
    // Of this, Ada has one half for good, and one for two minutes.
    let personal = gateway.role("personal", &["audit.read_personal"]).await;
    let managing = gateway.role("managing", &["access.manage_roles", KEY]).await;
    let plain = gateway.role("plain", &["incidents.read", KEY]).await;
    let client = gateway.signed_in(ada);

    let said = refused(&assign(&client, personal, bob, Value::Null).await, "NOT_ALLOWED", "roleId");
    assert_eq!(said, "nobody gives what they don't have themselves for as long: audit.read_personal");
    refused(&assign(&client, managing, bob, Value::Null).await, "NOT_ALLOWED", "roleId");
    refused(&assign(&client, plain, ada, Value::Null).await, "NOT_ALLOWED", "adminUserId");
    let given = assign(&client, plain, bob, Value::Null).await.ok();

    let two_minutes = gateway.kernel().clock().now() + TimeDelta::minutes(2);
    let flow = gateway.role("flow", &["access.explain"]).await;
    let borrowed = gateway.role("borrowed", &["incidents.manage", "audit.read"]).await;
    let carl = gateway.account("Carl", AdminLevel::Support).await;
    gateway.assign(giving, carl, None).await;
    gateway.assign(borrowed, carl, Some(two_minutes)).await;
    let client = gateway.signed_in(carl);
    let longer = after(&gateway, TimeDelta::minutes(2) + TimeDelta::microseconds(1));
    refused(&assign(&client, borrowed, bob, Value::Null).await, "NOT_ALLOWED", "roleId");
    refused(&assign(&client, borrowed, bob, longer).await, "NOT_ALLOWED", "roleId");
    let as_long = after(&gateway, TimeDelta::minutes(2) - TimeDelta::microseconds(1));
    assign(&client, borrowed, bob, as_long).await.ok();
    assign(&client, flow, bob, Value::Null).await.ok();

    // Carl is no match for somebody above his level, and has a say below.
    let above = gateway.assign(plain, ada, None).await;
    let above = json!({ "id": opsgate::access::ROLE_ASSIGNMENT.encode(above) });
    refused(&tried(&client, "roleRevoke", above).await, "NOT_ALLOWED", "id");
    tried(&client, "roleRevoke", json!({ "id": given.at("/roleAssignment/id") })).await.ok();
}

#[tokio::test]
async fn what_is_sensitive_takes_a_second_person() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = gateway.role("personal", &["audit.*"]).await;
    let seen = gateway.recorded().await;
    let said = refused(&assign(owner, role, account, Value::Null).await, "APPROVAL_REQUIRED", "roleId");
    assert_eq!(
        said,
        "this gives what is sensitive (audit.read_personal): while there are fewer than 3 active super admins, \
         whoever runs the gateway gives it at the machine, by `opsgate admin`"
    );
    for name in ["Bea", "Cleo"] {
        gateway.account(name, AdminLevel::SuperAdmin).await;
    }
    // Whoever is behind a token that acts as itself could be the one who approves: it doesn't even ask.
    let token = gateway.with_scopes(&["*"]).await;
    assert_eq!(assign(&token, role, account, Value::Null).await.codes(), ["STEP_UP_REQUIRED"]);
    let types: Vec<_> = gateway.facts(seen).await.into_iter().map(|fact| fact.event.event_type).collect();
    assert_eq!(types, ["admin.access.denied", "admin.token.created", "admin.access.denied"]);
}

#[tokio::test]
async fn what_cannot_be_given_is_refused() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = gateway.role("on call", &[KEY]).await;
    let seen = gateway.recorded().await;
    let nothing = Uuid::now_v7();
    refused(&assign(owner, nothing, account, Value::Null).await, "NOT_FOUND", "roleId");
    refused(&assign(owner, role, nothing, Value::Null).await, "NOT_FOUND", "adminUserId");
    for ago in [TimeDelta::zero(), TimeDelta::days(-1)] {
        refused(&assign(owner, role, account, after(&gateway, ago)).await, "OUT_OF_RANGE", "expiresAt");
    }
    let id = json!({ "id": opsgate::access::ROLE_ASSIGNMENT.encode(nothing) });
    refused(&tried(owner, "roleRevoke", id).await, "NOT_FOUND", "id");
    assert_eq!(gateway.recorded().await, seen);
    let denied = gateway.with_scopes(&["access.read", "access.manage_roles", "access.manage_accounts"]).await;
    assert_eq!(assign(&denied, role, account, Value::Null).await.codes(), ["FORBIDDEN"]);
}

#[tokio::test]
async fn assignments_are_found_by_account_and_role() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let (ada, bob) = (
        gateway.account("Ada", AdminLevel::Support).await,
        gateway.account("Bob", AdminLevel::Support).await,
    );
    let (one, two) = (gateway.role("one", &[KEY]).await, gateway.role("two", &[KEY]).await);
    for (role, account) in [(one, ada), (two, ada), (one, bob)] {
        assign(owner, role, account, Value::Null).await.ok();
        gateway.advance(TimeDelta::seconds(1));
    }
    let found = async |filter: String| {
        let document = format!(
            "{{ roleAssignments(filter: {filter}) {{ nodes {{ roleName adminUser {{ name }} }} totalCount }} }}"
        );
        let answer = owner.run(&document).await.ok();
        let nodes = answer.at("/roleAssignments/nodes").as_array().unwrap().iter();
        let words = nodes.map(|node| format!("{} {}", node["roleName"], node["adminUser"]["name"]));
        words.map(|words| words.replace('"', "")).collect::<Vec<_>>()
    };
    let (ada, two, one) = (ADMIN_USER.encode(ada), ROLE.encode(two), ROLE.encode(one));
    assert_eq!(found("{}".to_owned()).await, ["one Bob", "two Ada", "one Ada"]);
    assert_eq!(found(format!("{{adminUserId: {{eq: \"{ada}\"}}}}")).await, ["two Ada", "one Ada"]);
    assert_eq!(found(format!("{{roleId: {{eq: \"{one}\"}}}}")).await, ["one Bob", "one Ada"]);
    assert_eq!(
        found(format!("{{roleId: {{eq: \"{two}\"}}, revokedAt: {{isNull: true}}}}")).await,
        ["two Ada"]
    );
    assert_eq!(found("{expiresAt: {isNull: false}}".to_owned()).await, [""; 0]);
}

#[tokio::test]
async fn a_revoked_role_is_good_for_less_than_a_second_more() {
    let gateways = TestGateway::start_replicas().await;
    let owner = &gateways[0].owner_in_person().await;
    let account = gateways[0].account("Ada", AdminLevel::Support).await;
    let role = gateways[0].role("on call", &[KEY]).await;
    let id = assign(owner, role, account, Value::Null).await.ok().at("/roleAssignment/id").clone();
    let token = gateways[0].acting(account, &["*"]).await.credential().unwrap().to_owned();
    let clients: Vec<Client> = gateways.iter().map(|gateway| gateway.client(&token)).collect();
    for (gateway, client) in gateways.iter().zip(&clients) {
        gateway.rights_read().await;
        assert!(may(client).await);
    }
    tried(owner, "roleRevoke", json!({ "id": id })).await.ok();
    let revoked_at = Instant::now();
    for client in &clients {
        loop {
            let asked_at = Instant::now();
            let answer = client.run("{ viewer { permissions } }").await;
            match answer.status.as_u16() {
                200 if !answer.body.to_string().contains(KEY) => break,
                // No speed, but a promise: a gateway that can't read rights for a second answers nobody.
                200 => assert!(asked_at - revoked_at < Duration::from_secs(1), "asked a second after"),
                503 => assert_eq!(answer.codes(), ["UNAVAILABLE"]),
                _ => panic!("{} {}", answer.status, answer.body),
            }
        }
    }
}
