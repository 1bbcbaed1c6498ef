//! Accounts: made, changed, taken out of use and back.

use entity::admin_user::AdminLevel;
use futures_util::future::{join, join_all};
use opsgate::{
    access::{self, AdminUserChanges, Granter},
    directory,
    kernel::{actor::ADMIN_USER, id::Prefix, tx::Tx},
};
use serde_json::{Value, json};
use tests::{Answer, Client, Database, TestGateway};
use uuid::Uuid;

use super::{is_let_in, only_denied, permissions, refused};

const ACCOUNT: &str =
    "id uuid user { id } name email level permissions isActive lastLoginAt createdAt updatedAt version";

async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("adminUser {{ {ACCOUNT} }}")).await
}

async fn read(client: &Client, id: &Value) -> Value {
    let document = format!("query($id: ID!) {{ adminUser(id: $id) {{ {ACCOUNT} }} }}");
    client.run_with(&document, json!({ "id": id })).await.ok().at("/adminUser").clone()
}

fn user_id(id: Uuid) -> String {
    Prefix("usr").encode(id)
}

fn account_id(id: Uuid) -> Value {
    json!(ADMIN_USER.encode(id))
}

#[tokio::test]
async fn an_account_is_made_and_changed() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let user = user_id(gateway.user("Ada").await);
    let input = json!({ "userId": user, "level": "SUPPORT", "permissions": ["incidents.manage"] });
    let answer = tried(owner, "adminUserCreate", input.clone()).await.ok();
    let account = answer.at("/adminUser").clone();
    let id = account["id"].clone();
    assert_eq!(read(owner, &id).await, account);
    assert_eq!((&account["level"], &account["isActive"]), (&json!("SUPPORT"), &json!(true)));
    assert_eq!((&account["permissions"], &account["name"]), (&json!(["incidents.manage"]), &json!("Ada")));
    let fact = gateway.proved(&answer).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("admin.user.created", "ADMIN_USER_CREATE"));
    let made = json!({ "level": "SUPPORT", "permissions": ["incidents.manage"], "isActive": true });
    assert_eq!(fact.event.payload, made);
    refused(&tried(owner, "adminUserCreate", input).await, "TAKEN", "userId");

    gateway.rights_read().await;
    let ada = gateway.signed_in(ADMIN_USER.parse(id.as_str().unwrap()).unwrap());
    let has = async |key: &str| permissions(&ada).await.contains(&key.to_owned());
    assert!(has("incidents.manage").await && !has("audit.read").await);
    let input = json!({ "id": id, "level": "ADMIN", "permissions": [], "expectedVersion": 1 });
    let answer = tried(owner, "adminUserUpdate", input.clone()).await.ok();
    let account = answer.at("/adminUser").clone();
    assert_eq!(read(owner, &id).await, account);
    assert_eq!((&account["level"], &account["version"]), (&json!("ADMIN"), &json!(2)));
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "admin.user.updated");
    let expected = json!({ "level": "ADMIN", "permissions": [], "isActive": true, "before": made });
    assert_eq!(fact.event.payload, expected);
    gateway.rights_read().await;
    assert!(has("audit.read").await);

    let answer = tried(owner, "adminUserUpdate", input).await;
    refused(&answer, "CONFLICT", "expectedVersion");
    assert_eq!(*answer.at("/adminUser"), account);
    let same = tried(owner, "adminUserUpdate", json!({ "id": id, "level": "ADMIN" })).await.ok();
    assert!(same.at("/receipt").is_null(), "what changes nothing is no change");
}

#[tokio::test]
async fn an_account_that_is_taken_out_of_use_is_turned_away() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let id = account_id(account);
    let ada = gateway.signed_in(account);
    assert!(is_let_in(&ada).await);
    refused(&tried(owner, "adminUserReactivate", json!({ "id": id })).await, "INVALID_TRANSITION", "id");
    let answer = tried(owner, "adminUserDeactivate", json!({ "id": id, "expectedVersion": 1 })).await.ok();
    gateway.rights_read().await;
    assert!(!is_let_in(&ada).await);
    assert_eq!(read(owner, &id).await, *answer.at("/adminUser"));
    assert_eq!(*answer.at("/adminUser/isActive"), false);
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "admin.user.deactivated");
    refused(&tried(owner, "adminUserDeactivate", json!({ "id": id })).await, "INVALID_TRANSITION", "id");

    let answer = tried(owner, "adminUserReactivate", json!({ "id": id, "expectedVersion": 2 })).await.ok();
    gateway.rights_read().await;
    assert!(is_let_in(&ada).await);
    assert_eq!(read(owner, &id).await, *answer.at("/adminUser"));
    assert_eq!(gateway.proved(&answer).await.event.event_type, "admin.user.reactivated");
}

#[tokio::test]
async fn the_last_active_super_admin_stays_one() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let id = json!(gateway.owner_id().await);
    let other = gateway.account("Ada", AdminLevel::SuperAdmin).await;
    gateway.deactivate(other).await;
    let seen = gateway.recorded().await;
    let demotion = json!({ "id": id, "level": "ADMIN" });
    for (mutation, input) in
        [("adminUserDeactivate", json!({ "id": id })), ("adminUserUpdate", demotion.clone())]
    {
        let said = refused(&tried(owner, mutation, input).await, "NOT_ALLOWED", "id");
        assert_eq!(said, "this is the last active super admin: make another one first");
    }
    only_denied(&gateway, seen, &["adminUserDeactivate", "adminUserUpdate"]).await;
    tried(owner, "adminUserReactivate", json!({ "id": account_id(other) })).await.ok();
    tried(owner, "adminUserUpdate", demotion).await.ok();
    gateway.rights_read().await;
    assert!(!permissions(owner).await.contains(&"access.manage_accounts".to_owned()));
}

#[tokio::test]
async fn two_who_demote_each_other_do_not_both_succeed() {
    let gateway = TestGateway::start().await;
    let owner_id = json!(gateway.owner_id().await);
    for round in 0..5 {
        let other = gateway.account(&format!("Ada {round}"), AdminLevel::SuperAdmin).await;
        let [ada, first] = [gateway.in_person(other), gateway.owner_in_person().await];
        let [down, up] = ["ADMIN", "SUPER_ADMIN"];
        let demote = |id: &Value| json!({ "id": id, "level": down });
        let answers = join_all([
            tried(&ada, "adminUserUpdate", demote(&owner_id)),
            tried(&first, "adminUserUpdate", demote(&account_id(other))),
        ])
        .await;
        // Whoever comes late is refused by the rules, or isn't even asked what they want any more.
        for answer in &answers {
            let refusals = [answer.codes(), answer.user_error_codes()].concat();
            assert!(matches!(refusals[..], [] | ["NOT_ALLOWED"] | ["FORBIDDEN"]), "{}", answer.body);
        }
        let done: Vec<_> = answers.iter().map(|answer| *answer.at("/adminUser/level") == down).collect();
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{answers:?}");
        gateway.rights_read().await;
        // Whoever is left is alone, and the next round begins with the owner.
        if done[0] {
            let owner = ADMIN_USER.parse(owner_id.as_str().unwrap()).unwrap();
            gateway.set_level(owner, AdminLevel::SuperAdmin).await;
            tried(&first, "adminUserUpdate", demote(&account_id(other))).await.ok();
        }
        assert_eq!(read(gateway.owner(), &owner_id).await["level"], up);
        gateway.rights_read().await;
    }
}

#[tokio::test]
async fn of_three_who_demote_each_other_in_a_circle_one_stays() {
    let gateway = TestGateway::start().await;
    let owner: Uuid = ADMIN_USER.parse(&gateway.owner_id().await).unwrap();
    let [ada, bea] = [
        gateway.account("Ada", AdminLevel::SuperAdmin).await,
        gateway.account("Bea", AdminLevel::SuperAdmin).await,
    ];
    let circle = [owner, ada, bea];
    let reader = gateway.with_scopes(&["access.read", "directory.read"]).await;
    for _ in 0..3 {
        let demotions = circle.iter().zip([ada, bea, owner]).map(async |(by, whom)| {
            let input = json!({ "id": account_id(whom), "level": "ADMIN" });
            tried(&gateway.in_person(*by), "adminUserUpdate", input).await
        });
        let answers = join_all(demotions).await;
        let mut left = 0;
        for id in circle {
            left += usize::from(read(&reader, &account_id(id)).await["level"] == "SUPER_ADMIN");
        }
        // Who was demoted first demotes nobody any more.
        assert!((1..=2).contains(&left), "{answers:?}");
        for id in circle {
            gateway.set_level(id, AdminLevel::SuperAdmin).await;
        }
    }
}

/// Three super admins, of whom one is demoted while the next thing that they do already waits for their account.
async fn demoted_meanwhile(mutation: &str, input: impl FnOnce(&str, &str) -> Value) {
    let gateway = TestGateway::start().await;
    let owner_id = gateway.owner_id().await;
    let [ada_id, _] = [
        gateway.account("Ada", AdminLevel::SuperAdmin).await,
        gateway.account("Bea", AdminLevel::SuperAdmin).await,
    ];
    let ada = gateway.in_person(ada_id);
    let sue = ADMIN_USER.encode(gateway.account("Sue", AdminLevel::Support).await);
    let seen = gateway.recorded().await;
    let mut tx = Tx::system(gateway.kernel(), "test").await.unwrap();
    let demotion = AdminUserChanges { level: Some(AdminLevel::Admin), permissions: None };
    access::update_admin_user(&mut tx, &Granter::Machine, ada_id, demotion, None).await.unwrap();
    let struck = ada.mutate(mutation, input(&owner_id, &sue), "");
    let committed = async {
        if Database::is_postgres() {
            gateway.somebody_waits().await;
        }
        tx.commit().await.unwrap();
    };
    let (answer, ()) = join(struck, committed).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"], "{mutation}: {}", answer.body);
    let types: Vec<_> = gateway.facts(seen).await.into_iter().map(|fact| fact.event.event_type).collect();
    assert_eq!(types, ["admin.user.updated", "admin.access.denied"], "{mutation}");
}

#[tokio::test]
async fn who_was_demoted_does_not_strike_back() {
    demoted_meanwhile("adminUserUpdate", |owner, _| json!({ "id": owner, "level": "ADMIN" })).await;
    demoted_meanwhile("adminUserDeactivate", |_, sue| json!({ "id": sue })).await;
    demoted_meanwhile("roleCreate", |_, _| json!({ "name": "mine", "permissions": ["incidents.*"] })).await;
    demoted_meanwhile("adminUserInvite", |_, sue| json!({ "adminUserId": sue })).await;
}

#[tokio::test]
async fn each_change_of_a_document_is_for_who_may_do_it_when_it_begins() {
    if !Database::is_postgres() {
        // On SQLite nobody else could write while the first one waits.
        return;
    }
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let ada = gateway.in_person(account);
    let input = json!({ "title": "x", "severity": "LOW" });
    let created = gateway.owner().mutate("incidentCreate", input, "incident { uuid id }").await.ok();
    let hold = gateway.hold(created.text("/incident/uuid").parse().unwrap()).await;
    let document = "mutation($id: ID!) {
        first: incidentAcknowledge(input: { id: $id }) { userErrors { code } }
        second: incidentCreate(input: { title: \"y\", severity: LOW }) { userErrors { code } }
    }";
    let both = ada.run_with(document, json!({ "id": created.text("/incident/id") }));
    let deactivated = async {
        gateway.somebody_waits().await;
        gateway.deactivate(account).await;
        gateway.rights_read().await;
        drop(hold);
    };
    let (answer, ()) = join(both, deactivated).await;
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["path"], json!(["second"]));
}

#[tokio::test]
async fn nobody_makes_or_changes_what_is_above_them() {
    let gateway = TestGateway::start().await;
    let managing = gateway.role("managing", &["access.manage_accounts"]).await;
    let [admin, support, top] = [
        gateway.account("Ada", AdminLevel::Admin).await,
        gateway.account("Sue", AdminLevel::Support).await,
        gateway.account("Top", AdminLevel::SuperAdmin).await,
    ];
    gateway.assign(managing, admin, None).await;
    let ada = gateway.signed_in(admin);
    let person = user_id(gateway.user("Person").await);
    let seen = gateway.recorded().await;
    let create = |level: &str, permissions: &[&str]| json!({ "userId": person, "level": level, "permissions": permissions });
    let update = |id: Uuid, level: &str| json!({ "id": account_id(id), "level": level });
    for (mutation, input, field) in [
        ("adminUserCreate", create("SUPER_ADMIN", &[]), "level"),
        ("adminUserCreate", create("SUPPORT", &["audit.read_personal"]), "permissions"),
        ("adminUserUpdate", update(support, "SUPER_ADMIN"), "level"),
        ("adminUserUpdate", json!({ "id": account_id(support), "permissions": ["*"] }), "permissions"),
        ("adminUserUpdate", json!({ "id": account_id(admin), "permissions": ["audit.read_personal"] }), "id"),
        ("adminUserUpdate", update(top, "SUPPORT"), "id"),
        ("adminUserDeactivate", json!({ "id": account_id(top) }), "id"),
    ] {
        refused(&tried(&ada, mutation, input).await, "NOT_ALLOWED", field);
    }
    gateway.deactivate(top).await;
    let reactivation = json!({ "id": account_id(top) });
    refused(&tried(&ada, "adminUserReactivate", reactivation).await, "NOT_ALLOWED", "id");
    // Who is of a level below, and has by a role what Ada hasn't.
    let personal = gateway.role("personal", &["audit.read_personal"]).await;
    gateway.assign(personal, support, None).await;
    for (mutation, input) in [
        ("adminUserUpdate", update(support, "SUPPORT")),
        ("adminUserDeactivate", json!({ "id": account_id(support) })),
    ] {
        let said = refused(&tried(&ada, mutation, input).await, "NOT_ALLOWED", "id");
        assert!(said.ends_with("what they may not themselves: audit.read_personal"), "{said}");
    }
    gateway.deactivate(support).await;
    let reactivation = json!({ "id": account_id(support) });
    refused(&tried(&ada, "adminUserReactivate", reactivation).await, "NOT_ALLOWED", "id");
    only_denied(
        &gateway,
        seen,
        &["adminUserCreate", "adminUserUpdate", "adminUserDeactivate", "adminUserReactivate"],
    )
    .await;

    // What is within reach.
    tried(&ada, "adminUserCreate", create("ADMIN", &["incidents.*"])).await.ok();
    let plain = gateway.account("Pat", AdminLevel::Support).await;
    tried(&ada, "adminUserUpdate", update(plain, "ADMIN")).await.ok();
    // One's own level can be given up.
    tried(&ada, "adminUserUpdate", update(admin, "SUPPORT")).await.ok();
}

#[tokio::test]
async fn a_token_that_acts_as_itself_changes_nobody_who_may_more() {
    let gateway = TestGateway::start().await;
    let support = account_id(gateway.account("Sue", AdminLevel::Support).await);
    gateway.account("Top", AdminLevel::SuperAdmin).await;
    let owner = json!(gateway.owner_id().await);
    let managing = gateway.with_scopes(&["access.manage_accounts", "access.read", "incidents.*"]).await;
    let everything = gateway.with_scopes(&["*"]).await;
    let seen = gateway.recorded().await;
    for id in [&owner, &support] {
        refused(&tried(&managing, "adminUserDeactivate", json!({ "id": id })).await, "NOT_ALLOWED", "id");
    }
    only_denied(&gateway, seen, &["adminUserDeactivate"]).await;
    for fact in gateway.facts(seen).await {
        let lacking = fact.event.payload["requiredPermissions"].as_array().unwrap();
        assert!(lacking.contains(&json!("audit.read_personal")), "{}", fact.event.payload);
        assert!(!lacking.contains(&json!("incidents.manage")), "{}", fact.event.payload);
    }
    tried(&everything, "adminUserDeactivate", json!({ "id": support })).await.ok();
    // What could give something takes a person.
    for (mutation, input) in [
        ("adminUserReactivate", json!({ "id": support })),
        ("adminUserUpdate", json!({ "id": owner, "level": "ADMIN" })),
    ] {
        assert_eq!(tried(&everything, mutation, input).await.codes(), ["STEP_UP_REQUIRED"]);
    }
}

#[tokio::test]
async fn a_super_admin_is_made_at_the_machine() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let person = user_id(gateway.user("Ada").await);
    let support = account_id(gateway.account("Sue", AdminLevel::Support).await);
    let seen = gateway.recorded().await;
    for (mutation, input, field) in [
        ("adminUserCreate", json!({ "userId": person, "level": "SUPER_ADMIN" }), "level"),
        (
            "adminUserCreate",
            json!({ "userId": person, "level": "ADMIN", "permissions": ["access.*"] }),
            "permissions",
        ),
        ("adminUserUpdate", json!({ "id": support, "level": "SUPER_ADMIN" }), "level"),
        ("adminUserUpdate", json!({ "id": support, "permissions": ["*"] }), "permissions"),
    ] {
        let said = refused(&tried(owner, mutation, input).await, "APPROVAL_REQUIRED", field);
        assert!(said.ends_with("gives it at the machine, by `opsgate admin`"), "{said}");
    }
    only_denied(&gateway, seen, &["adminUserCreate", "adminUserUpdate"]).await;
}

#[tokio::test]
async fn what_is_no_account_is_refused() {
    let gateway = TestGateway::start().await;
    let owner = &gateway.owner_in_person().await;
    let person = user_id(gateway.user("Ada").await);
    let nothing = Uuid::now_v7();
    let seen = gateway.recorded().await;
    for (input, code, field) in [
        (json!({ "userId": user_id(nothing), "level": "SUPPORT" }), "NOT_FOUND", "userId"),
        (json!({ "userId": ADMIN_USER.encode(nothing), "level": "SUPPORT" }), "INVALID", "userId"),
        (
            json!({ "userId": person, "level": "SUPPORT", "permissions": ["incident.*"] }),
            "INVALID",
            "permissions",
        ),
    ] {
        refused(&tried(owner, "adminUserCreate", input).await, code, field);
    }
    for mutation in ["adminUserUpdate", "adminUserDeactivate", "adminUserReactivate"] {
        let answer = tried(owner, mutation, json!({ "id": account_id(nothing) })).await;
        refused(&answer, "NOT_FOUND", "id");
    }
    assert_eq!(gateway.recorded().await, seen);
    let mut tx = Tx::system(gateway.kernel(), "test").await.unwrap();
    directory::suspend_user(&mut tx, Prefix("usr").parse(&person).unwrap(), "spam", None, None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let seen = gateway.recorded().await;
    let answer = tried(owner, "adminUserCreate", json!({ "userId": person, "level": "SUPPORT" })).await;
    refused(&answer, "NOT_ALLOWED", "userId");
    only_denied(&gateway, seen, &["adminUserCreate"]).await;
}
