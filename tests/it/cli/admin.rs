//! `opsgate admin`, beside a running gateway.

use entity::{admin_user::AdminLevel, audit_log::AuditSurface};
use opsgate::{
    access::{ROLE, ROLE_ASSIGNMENT},
    config::Overrides,
    kernel::{actor::ADMIN_USER, clock::Clock, id::Prefix},
};
use serde_json::json;
use tests::{Database, Program, TestGateway};
use uuid::Uuid;

use super::{opsgate, refused, said};

async fn beside() -> (TestGateway, Program) {
    let database = Database::create().await;
    let program = opsgate(&database);
    (TestGateway::start_on(database.into(), Overrides::default(), Clock::system()).await, program)
}

/// The id that a command prints, alone.
async fn made(program: &Program, arguments: &[&str]) -> String {
    let finished = program.run(&[&["admin"], arguments].concat()).await;
    assert_eq!(finished.stderr, "", "there is nothing else to say");
    said(finished).strip_suffix('\n').unwrap().to_owned()
}

#[tokio::test]
async fn what_is_sensitive_is_given_at_the_machine() {
    let (gateway, program) = beside().await;
    let person = Prefix("usr").encode(gateway.user("Ada").await);
    let account = made(&program, &["create", "--user", &person, "--level", "admin", "--no-invitation"]).await;
    let role = ROLE.encode(gateway.role("personal", &["audit.read_personal"]).await);
    let assignment = made(&program, &["grant", &account, &role, "--expires", "30d"]).await;
    ROLE_ASSIGNMENT.parse(&assignment).unwrap();
    gateway.rights_read().await;
    let ada = gateway.signed_in(ADMIN_USER.parse(&account).unwrap());
    let viewer = ada.run("{ viewer { permissions } }").await.ok();
    assert!(viewer.at("/viewer/permissions").as_array().unwrap().contains(&json!("audit.read_personal")));
    let given =
        "query($id: ID!) { node(id: $id) { ... on RoleAssignment { isEffective grantedBy { kind name } } } }";
    let given = gateway.owner().run_with(given, json!({ "id": assignment })).await.ok();
    let expected = json!({ "isEffective": true, "grantedBy": { "kind": "SYSTEM", "name": "opsgate admin" } });
    assert_eq!(*given.at("/node"), expected);

    assert_eq!(made(&program, &["level", &account, "super-admin"]).await, account);
    // It is so already, and that is no change.
    let seen = gateway.recorded().await;
    assert_eq!(made(&program, &["level", &account, "super-admin"]).await, account);
    assert_eq!(gateway.recorded().await, seen);
    let facts = gateway.facts(0).await;
    let of_ours = facts.iter().filter(|fact| fact.event.actor_id == "opsgate admin");
    let types: Vec<_> = of_ours.map(|fact| (&*fact.event.event_type, fact.entry.surface)).collect();
    let cli = AuditSurface::Cli;
    let expected = [("admin.user.created", cli), ("admin.role.granted", cli), ("admin.user.updated", cli)];
    assert_eq!(types, expected);

    // The owner, Ada and one more are enough to approve each other.
    gateway.account("Bea", AdminLevel::SuperAdmin).await;
    let person = Prefix("usr").encode(gateway.user("Cleo").await);
    for arguments in [
        &["create", "--user", &person, "--level", "super-admin"][..],
        &["create", "--user", &person, "--level", "support", "--permission", "access.*"],
    ] {
        let message = refused(program.run(&[&["admin"], arguments].concat()).await);
        assert!(message.contains("it takes the approval of a second person"), "{message}");
    }
    made(&program, &["create", "--user", &person, "--level", "support"]).await;
}

#[tokio::test]
async fn whoever_gets_an_account_gets_the_link_to_it() {
    let (gateway, program) = beside().await;
    let program = program.with("public_url", "https://opsgate.example/");
    let person = Prefix("usr").encode(gateway.user("Ada").await);
    let create = ["create", "--user", &person, "--level", "admin", "--email", "Ada@Example.com"];
    let printed = made(&program, &create).await;
    let (account, link) = printed.split_once('\n').unwrap();
    let token = link.strip_prefix("https://opsgate.example/graphql#invitation=").unwrap();
    let input = json!({ "token": token, "password": "correct 17 gazelles" });
    gateway.nobody().mutate("invitationAccept", input, "tokens { accessToken }").await.ok();
    let input = json!({ "email": "ada@example.com", "password": "correct 17 gazelles" });
    gateway.sign_in(input).await.ok();
    let facts = gateway.facts(0).await;
    let of_ours = facts.iter().filter(|fact| fact.event.actor_id == "opsgate admin");
    let said: Vec<_> = of_ours.map(|fact| (&*fact.event.event_type, &*fact.event.entity_id)).collect();
    assert_eq!(said, [("admin.user.created", account), ("admin.user.invited", account)]);
    assert!(facts.iter().all(|fact| !fact.shows(token)));

    // The address is somebody's: neither the account nor the invitation is made.
    let seen = gateway.recorded().await;
    let person = Prefix("usr").encode(gateway.user("Bob").await);
    let taken = ["admin", "create", "--user", &person, "--level", "admin", "--email", "ada@example.com"];
    let message = refused(program.run(&taken).await);
    assert!(message.contains("another account signs in by this address"), "{message}");
    assert_eq!(gateway.recorded().await, seen, "nothing was done");
}

#[tokio::test]
async fn what_cannot_be_is_refused_on_standard_error() {
    let (gateway, program) = beside().await;
    let owner = gateway.owner_id().await;
    let nobody = Prefix("usr").encode(Uuid::now_v7());
    let nothing = ROLE.encode(Uuid::now_v7());
    let seen = gateway.recorded().await;
    for (arguments, why) in [
        (&["create", "--user", "ada", "--level", "admin"][..], "ada: "),
        (&["create", "--user", &nobody, "--level", "admin"], "there is no user with this id"),
        (&["grant", &owner, &owner], ": "),
        (&["grant", &owner, &nothing], "there is no role with this id"),
        (&["grant", &owner, &nothing, "--expires", "soon"], "--expires soon: say"),
        (&["level", &owner, "admin"], "this is the last active super admin"),
    ] {
        let message = refused(program.run(&[&["admin"], arguments].concat()).await);
        assert!(message.starts_with("opsgate: ") && message.contains(why), "{arguments:?}: {message}");
    }
    assert_eq!(gateway.recorded().await, seen, "nothing was done");
}

#[tokio::test]
async fn a_password_is_given_and_a_second_factor_taken_away_at_the_machine() {
    let (gateway, program) = beside().await;
    let owner = gateway.owner_id().await;
    let seen = gateway.recorded().await;
    let message = refused(program.run(&["admin", "reset-mfa", &owner]).await);
    assert!(message.contains("it has no password"), "{message}");
    assert_eq!(gateway.recorded().await, seen, "nothing was done");

    let password = made(&program, &["password", &owner, "--email", "owner@localhost"]).await;
    let input = json!({ "email": "owner@localhost", "password": password });
    let begun = gateway.sign_in(input.clone()).await.ok();
    let (_, confirmed) = gateway.enrol(&gateway.holder(&begun)).await;
    gateway.holder(&confirmed).run("{ viewer { permissions } }").await.ok();
    assert_eq!(made(&program, &["reset-mfa", &owner]).await, owner);
    gateway.rights_read().await;
    let answer = gateway.holder(&confirmed).run("{ viewer { permissions } }").await;
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "the sessions end");
    let again = gateway.sign_in(input).await.ok();
    assert_eq!(*again.at("/tokens/isEnrolmentRequired"), true);
    let facts = gateway.facts(seen).await;
    let of_ours = facts.iter().filter(|fact| fact.event.actor_id == "opsgate admin");
    let types: Vec<_> = of_ours.map(|fact| (&*fact.event.event_type, fact.entry.surface)).collect();
    let cli = AuditSurface::Cli;
    assert_eq!(types[..2], [("admin.password.updated", cli), ("admin.mfa.reset", cli)]);
    assert!(types[2..].iter().all(|(ty, _)| *ty == "admin.session.revoked"), "{types:?}");
}

#[tokio::test]
async fn an_invitation_is_printed_at_the_machine_and_a_password_ends_it() {
    let (gateway, program) = beside().await;
    let accept = async |token: &str| {
        let input = json!({ "token": token, "password": "correct 17 gazelles" });
        gateway.nobody().mutate("invitationAccept", input, "tokens { isEnrolmentRequired }").await
    };
    // By the address of the person, too.
    let lost = made(&program, &["invite", "owner@localhost"]).await;
    let owner = gateway.owner_id().await;
    let found = made(&program, &["invite", &owner, "--email", "ada@example.com"]).await;
    assert_eq!(accept(&lost).await.user_error_codes(), ["INVALID"]);
    let seen = gateway.recorded().await;
    for (arguments, why) in [
        (&["invite", "nobody@example.com"][..], "there is no admin user with this id"),
        (&["invite", &owner, "--email", "ada"], "an address looks like"),
    ] {
        let message = refused(program.run(&[&["admin"], arguments].concat()).await);
        assert!(message.contains(why), "{arguments:?}: {message}");
    }
    assert_eq!(gateway.recorded().await, seen, "nothing was done");
    made(&program, &["password", &owner, "--email", "owner@localhost"]).await;
    assert_eq!(accept(&found).await.user_error_codes(), ["INVALID"]);
    let message = refused(program.run(&["admin", "invite", &owner]).await);
    assert!(message.contains("this account has a password"), "{message}");
}

#[tokio::test]
async fn a_token_acts_as_an_account_where_it_is_made_so() {
    let (gateway, program) = beside().await;
    let create = [
        "token",
        "create",
        "--name",
        "script",
        "--permission",
        "incidents.*",
        "--permission",
        "access.read",
        "--as",
    ];
    let token = said(program.run(&[&create[..], &["owner@localhost"]].concat()).await);
    gateway.rights_read().await;
    let answer = gateway.client(token.trim()).run("{ viewer { permissions adminUser { id } } }").await.ok();
    assert_eq!(answer.text("/viewer/adminUser/id"), gateway.owner_id().await);
    let all = answer.at("/viewer/permissions").as_array().unwrap();
    let narrowed = |key: &str| key.starts_with("incidents.") || key == "access.read";
    assert!(all.iter().all(|key| narrowed(key.as_str().unwrap())), "{all:?}");
    let message = refused(program.run(&[&create[..], &["nobody@example.com"]].concat()).await);
    assert!(message.contains("there is no admin user"), "{message}");
}
