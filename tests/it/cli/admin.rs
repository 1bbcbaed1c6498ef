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
    let account = made(&program, &["create", "--user", &person, "--level", "admin"]).await;
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
