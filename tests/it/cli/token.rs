//! `opsgate token create`, `rotate` and `revoke`, beside a running gateway.

use chrono::{DateTime, TimeDelta, Utc};
use entity::admin_user::AdminLevel;
use opsgate::{
    access::OWNER_EMAIL,
    config::Overrides,
    kernel::{
        actor::{API_TOKEN, ORGANIZATION},
        clock::Clock,
    },
};
use serde_json::json;
use tests::{Client, Database, Program, TestGateway, until};

use super::{opsgate, refused, said};

/// A gateway in this process, and the command beside it.
async fn beside() -> (TestGateway, Program) {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = TestGateway::start_on(database.into(), Overrides::default(), Clock::system()).await;
    (gateway, program)
}

/// Makes a token; a running gateway knows it soon.
async fn create(gateway: &TestGateway, program: &Program, arguments: &[&str]) -> Client {
    let finished = program.run(&[&["token", "create"], arguments].concat()).await;
    assert_eq!(finished.stderr, "", "there is nothing else to say");
    let printed = said(finished);
    let token = printed.strip_suffix('\n').unwrap();
    assert!(token.starts_with("opsk_") && !token.contains(char::is_whitespace), "it stands alone");
    let client = gateway.client(token);
    until("the token is known", async || client.run("{ viewer { permissions } }").await.codes().is_empty())
        .await;
    client
}

#[tokio::test]
async fn a_token_is_printed_alone_and_works() {
    let (gateway, program) = beside().await;
    let arguments =
        ["--name", "support", "--permission", "incidents.read", "--permission", "incidents.acknowledge"];
    let client = create(&gateway, &program, &arguments).await;
    let viewer =
        client.run("{ viewer { permissions expiresAt organization { id } actor { kind name } } }").await.ok();
    let expected = json!({
        "permissions": ["incidents.acknowledge", "incidents.read"],
        "expiresAt": null,
        "organization": null,
        "actor": { "kind": "API_TOKEN", "name": "support" },
    });
    assert_eq!(*viewer.at("/viewer"), expected);
    // Who made it is on the record, and its text isn't.
    let facts = gateway.facts(0).await;
    let made = facts.iter().rfind(|fact| fact.event.event_type == "admin.token.created").unwrap();
    assert_eq!(made.event.actor_id, "opsgate token");
    assert_eq!(made.event.payload["name"], "support");
    assert!(!made.shows(client.credential().unwrap()));
}

#[tokio::test]
async fn a_token_may_be_limited_to_an_organization_and_a_time() {
    let (gateway, program) = beside().await;
    let acme = ORGANIZATION.encode(gateway.organization("acme").await);
    let limited = ["--name", "acme", "--permission", "directory.read", "--organization", &acme, "--expires"];
    let before = gateway.kernel().clock().now();
    let client = create(&gateway, &program, &[&limited[..], &["90d"]].concat()).await;
    let viewer = client.run("{ viewer { expiresAt organization { id } } }").await.ok();
    assert_eq!(viewer.text("/viewer/organization/id"), acme);
    let ends: DateTime<Utc> = viewer.text("/viewer/expiresAt").parse().unwrap();
    let from_now = ends - before - TimeDelta::days(90);
    assert!(from_now >= TimeDelta::zero() && from_now < TimeDelta::hours(1), "{ends}");

    let client = create(&gateway, &program, &[&limited[..], &["2100-01-01T00:00:00Z"]].concat()).await;
    let viewer = client.run("{ viewer { expiresAt } }").await.ok();
    assert_eq!(viewer.text("/viewer/expiresAt"), "2100-01-01T00:00:00.000000Z");
}

#[tokio::test]
async fn a_token_is_rotated_and_revoked() {
    let (gateway, program) = beside().await;
    let limits =
        ["--network", "127.0.0.0/8", "--network", "::1", "--cost-bucket", "500", "--cost-per-second", "5"];
    let plain = ["--name", "a script", "--permission", "incidents.read", "--permission", "access.read"];
    let first = create(&gateway, &program, &[&plain[..], &limits[..]].concat()).await;
    let id = API_TOKEN.encode(gateway.token_id(&first).await);
    let document =
        "query($id: ID!) { apiToken(id: $id) { networks costBudget { bucket perSecond } createdBy { id } } }";
    let token = first.run_with(document, json!({ "id": id })).await.ok();
    let expected = json!({
        "networks": ["127.0.0.0/8", "::1/128"],
        "costBudget": { "bucket": 500, "perSecond": 5 },
        "createdBy": null,
    });
    assert_eq!(*token.at("/apiToken"), expected);

    let rotated = said(program.run(&["token", "rotate", &id, "--overlap", "1h"]).await);
    let second = gateway.client(rotated.trim_end());
    let works = async |client: &Client| client.run("{ viewer { permissions } }").await.codes().is_empty();
    until("the new text is known", async || works(&second).await).await;
    assert!(works(&first).await);
    let third = gateway.client(said(program.run(&["token", "rotate", &id]).await).trim_end());
    until("the old text is forgotten", async || !works(&second).await).await;
    assert!(works(&third).await && !works(&first).await);

    assert_eq!(program.run(&["token", "revoke", &id]).await.stderr, format!("{id} is revoked\n"));
    until("the token is forgotten", async || !works(&third).await).await;
    let facts = gateway.facts(0).await;
    let of_it = facts.iter().filter(|fact| fact.event.entity_id == id);
    let types: Vec<_> = of_it.map(|fact| &*fact.event.event_type).skip(1).collect();
    assert_eq!(types, ["admin.token.rotated", "admin.token.rotated", "admin.token.revoked"]);
    for (arguments, why) in [
        (&["rotate", &id][..], "this token is revoked"),
        (&["revoke", &id], "this token is revoked"),
        (&["rotate", &id, "--overlap", "31d"], "this token is revoked"),
        (&["rotate", &id, "--overlap", "soon"], "--overlap soon: say 2027-01-01T00:00:00Z"),
        (&["revoke", "org_1"], "org_1: "),
    ] {
        let message = refused(program.run(&[&["token"], arguments].concat()).await);
        assert!(message.starts_with("opsgate: ") && message.contains(why), "{arguments:?}: {message}");
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_on_standard_error() {
    let (gateway, program) = beside().await;
    let [unknown, nil] = [uuid::Uuid::new_v4(), uuid::Uuid::nil()].map(|id| ORGANIZATION.encode(id));
    let made = gateway.recorded().await;
    for (arguments, why) in [
        (&["--permission", "incidents.reed"][..], "incidents.reed"),
        (&["--permission", "*", "--organization", "acme"], "--organization acme: "),
        (&["--permission", "*", "--organization", &unknown], "there is no organization with this id"),
        (&["--permission", "*", "--organization", &nil], "there is no such organization"),
        (
            &["--permission", "*", "--expires", "soon"],
            "--expires soon: say 2027-01-01T00:00:00Z, or 90m, 12h, 30d from now",
        ),
        (&["--permission", "*", "--expires", "2020-01-01T00:00:00Z"], "the end lies in the past"),
        (&["--permission", "*", "--network", "10.1.2.3/8"], "10.1.2.3/8 isn't a network"),
        (&["--permission", "*", "--cost-bucket", "0", "--cost-per-second", "1"], "at least one"),
    ] {
        let message = refused(program.run(&[&["token", "create", "--name", "a"], arguments].concat()).await);
        assert!(message.starts_with("opsgate: ") && message.contains(why), "{arguments:?}: {message}");
    }
    assert_eq!(gateway.recorded().await, made, "nothing was made");
}

#[tokio::test]
async fn what_is_sensitive_is_given_to_a_token_while_nobody_could_approve_it() {
    let (gateway, program) = beside().await;
    let sensitive = ["token", "create", "--name", "a", "--permission", "audit.read_personal"];
    said(program.run(&sensitive).await);
    // The owner and these two are enough to approve each other.
    for name in ["Ada", "Bea"] {
        gateway.account(name, AdminLevel::SuperAdmin).await;
    }
    let made = gateway.recorded().await;
    let message = refused(program.run(&sensitive).await);
    assert!(message.contains("(audit.read_personal): it takes the approval of a second person"), "{message}");
    assert_eq!(gateway.recorded().await, made, "nothing was made");
    // What isn't sensitive is made as before, and one that acts as an account may no more than that.
    said(program.run(&["token", "create", "--name", "a", "--permission", "incidents.read"]).await);
    said(program.run(&[&sensitive[..], &["--as", OWNER_EMAIL]].concat()).await);
}

#[tokio::test]
async fn no_token_is_made_where_there_is_no_database() {
    let database = Database::create().await;
    let nowhere = database.dir.path().join("nowhere");
    let url = format!("sqlite:{}", nowhere.join("opsgate.db").display());
    let program = opsgate(&database).with("database_url", &url).with("data_dir", nowhere.to_str().unwrap());
    let message = refused(program.run(&["token", "create", "--name", "a", "--permission", "*"]).await);
    assert!(message.starts_with("opsgate: there is no database "), "{message}");
    assert!(!nowhere.exists(), "and none is made");
}
