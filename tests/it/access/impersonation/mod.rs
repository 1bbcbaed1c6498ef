//! Acting in another one's place.

mod ends;

use chrono::{DateTime, TimeDelta, Utc};
use entity::admin_user::AdminLevel;
use opsgate::{
    directory::USER,
    kernel::{
        actor::{ADMIN_USER, IMPERSONATION, ORGANIZATION},
        scalar::Timestamp,
    },
};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};
use uuid::Uuid;

use super::{is_let_in, only_denied, permissions, refused, turned_away};

const FIELDS: &str = "id uuid impersonator { id } user { id } adminUser { id } organization { id } reason isReadOnly \
     isActive expiresAt endedAt endedBy createdAt updatedAt version";

/// What a support agent is given who acts in other people's places.
const ROLE_OF: [&str; 2] = ["access.impersonate", "access.read"];

async fn tried(client: &Client, input: Value) -> Answer {
    client.mutate("impersonationStart", input, &format!("impersonation {{ {FIELDS} }} credential")).await
}

async fn end(client: &Client, id: &Value) -> Answer {
    client.mutate("impersonationEnd", json!({ "id": id }), &format!("impersonation {{ {FIELDS} }}")).await
}

fn of(user: Uuid) -> Value {
    json!({ "userId": USER.encode(user), "reason": " They can't see their incidents " })
}

/// The same, and something is to be changed.
fn writing(user: Uuid) -> Value {
    let mut input = of(user);
    input["isReadOnly"] = json!(false);
    input
}

fn at(time: DateTime<Utc>) -> Value {
    json!(Timestamp(time).to_string())
}

/// Begins one: it, and whoever acts so.
async fn begun(gateway: &TestGateway, client: &Client, input: Value) -> (Value, Client) {
    let answer = tried(client, input).await.ok();
    gateway.rights_read().await;
    (answer.at("/impersonation").clone(), gateway.client(answer.text("/credential")))
}

/// Ada, an admin who acts in other people's places: her account, and herself.
async fn ada(gateway: &TestGateway, permissions: &[&str]) -> (Uuid, Uuid, Client) {
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let role = gateway.role("acting", permissions).await;
    let assignment = gateway.assign(role, account, None).await;
    (account, assignment, gateway.in_person(account))
}

/// The directory user behind an account.
async fn user_of(gateway: &TestGateway, account: Uuid) -> Uuid {
    let document = "query($id: ID!) { adminUser(id: $id) { user { id } } }";
    let id = json!({ "id": ADMIN_USER.encode(account) });
    let answer = gateway.owner().run_with(document, id).await.ok();
    USER.parse(answer.text("/adminUser/user/id")).unwrap()
}

async fn create_incident(client: &Client, title: &str) -> Answer {
    let input = json!({ "title": title, "severity": "LOW" });
    client.mutate("incidentCreate", input, "incident { id }").await
}

#[tokio::test]
async fn who_has_no_account_is_seen_with_the_eyes_of_their_organization() {
    let gateway = TestGateway::start().await;
    let (account, _, ada) = ada(&gateway, &ROLE_OF).await;
    let [acme, globex] = [gateway.organization("acme").await, gateway.organization("globex").await];
    let user = gateway.member("Uma", acme).await;
    for (organization, title) in [(acme, "theirs"), (globex, "others")] {
        create_incident(&gateway.partner(&["*"], organization).await, title).await.ok();
    }
    let answer = tried(&ada, of(user)).await.ok();
    let impersonation = answer.at("/impersonation").clone();
    let now = gateway.kernel().clock().now();
    for (field, expected) in [
        ("impersonator", json!({ "id": ADMIN_USER.encode(account) })),
        ("adminUser", Value::Null),
        ("organization", json!({ "id": ORGANIZATION.encode(acme) })),
        ("reason", json!("They can't see their incidents")),
        ("isReadOnly", json!(true)),
        ("isActive", json!(true)),
        ("expiresAt", at(now + TimeDelta::hours(1))),
        ("endedAt", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(impersonation[field], expected, "{field}");
    }
    // What began is on the record: who, in whose place, why. What it is shown by isn't.
    let fact = gateway.proved(&answer).await;
    assert_eq!(
        (&*fact.event.event_type, &*fact.entry.action),
        ("admin.impersonation.started", "IMPERSONATION_START")
    );
    assert_eq!(fact.event.actor_id, ADMIN_USER.encode(account));
    assert_eq!(fact.event.impersonator_id, None, "it is her own doing");
    assert_eq!(fact.personal("$.reason"), Some(&json!("They can't see their incidents")));
    let credential = answer.text("/credential");
    assert!(!fact.shows(credential) && !fact.shows(credential.rsplit('.').next().unwrap()));

    gateway.rights_read().await;
    let uma = gateway.client(credential);
    let viewer = "{ viewer { actor { kind id name impersonatedBy { kind id name } } organization { id } expiresAt } \
                  incidents { nodes { title } } }";
    let seen = uma.run(viewer).await.ok();
    let by = json!({ "kind": "ADMIN_USER", "id": ADMIN_USER.encode(account), "name": "Operations" });
    let actor = json!({ "kind": "USER", "id": USER.encode(user), "name": "Uma", "impersonatedBy": by });
    assert_eq!(*seen.at("/viewer/actor"), actor);
    assert_eq!(seen.text("/viewer/organization/id"), ORGANIZATION.encode(acme));
    assert_eq!(*seen.at("/viewer/expiresAt"), at(now + TimeDelta::hours(1)));
    assert_eq!(*seen.at("/incidents/nodes"), json!([{ "title": "theirs" }]));
    // Nothing that she may change is left, and nothing is that she may not.
    let (hers, left) = (permissions(&ada).await, permissions(&uma).await);
    assert!(left.contains(&"incidents.read".to_owned()) && left.iter().all(|key| hers.contains(key)));
    assert!(!left.contains(&"incidents.manage".to_owned()) && !left.contains(&ROLE_OF[0].to_owned()));
}

#[tokio::test]
async fn who_has_an_account_is_seen_as_that_and_both_must_be_allowed() {
    let gateway = TestGateway::start().await;
    let (_, _, ada) = ada(&gateway, &[&ROLE_OF[..], &["audit.read_personal"]].concat()).await;
    let sue = gateway.account("Sue", AdminLevel::Support).await;
    let user = user_of(&gateway, sue).await;
    let (impersonation, as_sue) = begun(&gateway, &ada, of(user)).await;
    assert_eq!(impersonation["adminUser"]["id"], ADMIN_USER.encode(sue));
    let (hers, sues, left) =
        (permissions(&ada).await, permissions(&gateway.signed_in(sue)).await, permissions(&as_sue).await);
    assert!(left.iter().all(|key| hers.contains(key) && sues.contains(key)), "{left:?}");
    assert!(left.contains(&"incidents.read".to_owned()));
    // What the one is given later isn't the other one's, and what the one loses is lost.
    let scoped = gateway.signed_in_within(
        ADMIN_USER.parse(&gateway.owner_id().await).unwrap(),
        "access.impersonate access.read directory.read incidents.read",
    );
    let (_, narrow) = begun(&gateway, &scoped, of(user)).await;
    assert_eq!(permissions(&narrow).await, ["access.read", "directory.read", "incidents.read"]);
    gateway.deactivate(sue).await;
    assert!(!is_let_in(&as_sue).await && !is_let_in(&narrow).await);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let gateway = TestGateway::start().await;
    let (account, _, ada) = ada(&gateway, &ROLE_OF).await;
    let own = user_of(&gateway, account).await;
    let above = user_of(&gateway, ADMIN_USER.parse(&gateway.owner_id().await).unwrap()).await;
    let [acme, globex] = [gateway.organization("acme").await, gateway.organization("globex").await];
    let (uma, nobody) = (gateway.member("Uma", acme).await, gateway.user("Nobody").await);
    let sue = gateway.account("Sue", AdminLevel::Support).await;
    let sues = user_of(&gateway, sue).await;
    gateway.deactivate(sue).await;
    let seen = gateway.recorded().await;
    let with = |user, field: &str, value: Value| {
        let mut input = of(user);
        input[field] = value;
        input
    };
    for (input, code, field) in [
        (of(own), "NOT_ALLOWED", "userId"),
        (of(above), "NOT_ALLOWED", "userId"),
        (of(sues), "NOT_ALLOWED", "userId"),
        (of(nobody), "NOT_ALLOWED", "organizationId"),
        (of(Uuid::now_v7()), "NOT_FOUND", "userId"),
        (writing(uma), "NOT_ALLOWED", "isReadOnly"),
        (with(uma, "organizationId", json!(ORGANIZATION.encode(globex))), "NOT_ALLOWED", "organizationId"),
        (with(uma, "organizationId", json!(USER.encode(uma))), "INVALID", "organizationId"),
        (with(uma, "reason", json!(" ")), "REQUIRED", "reason"),
        (with(uma, "reason", json!("x".repeat(1_001))), "TOO_LONG", "reason"),
        (with(uma, "minutes", json!(0)), "OUT_OF_RANGE", "minutes"),
        (with(uma, "minutes", json!(61)), "OUT_OF_RANGE", "minutes"),
    ] {
        let answer = tried(&ada, input).await;
        refused(&answer, code, field);
        assert!(answer.at("/credential").is_null());
    }
    only_denied(&gateway, seen, &["impersonationStart"]).await;
    // A token has no second factor, and whoever may not, may not.
    let by_token = tried(&gateway.acting(account, &["*"]).await, of(uma)).await;
    assert_eq!(by_token.codes(), ["STEP_UP_REQUIRED"]);
    let bob = gateway.signed_in(gateway.account("Bob", AdminLevel::Admin).await);
    assert_eq!(tried(&bob, of(uma)).await.codes(), ["FORBIDDEN"]);
    refused(&end(&ada, &json!(IMPERSONATION.encode(Uuid::now_v7()))).await, "NOT_FOUND", "id");
}

#[tokio::test]
async fn who_changes_something_is_on_the_record_with_whom_they_act_for() {
    let gateway = TestGateway::start().await;
    let (account, _, ada) = ada(&gateway, &[&ROLE_OF[..], &["access.impersonate_writing"]].concat()).await;
    let acme = gateway.organization("acme").await;
    let user = gateway.member("Uma", acme).await;
    let (_, looking) = begun(&gateway, &ada, of(user)).await;
    let (_, acting) = begun(&gateway, &ada, writing(user)).await;
    let seen = gateway.recorded().await;
    assert_eq!(create_incident(&looking, "x").await.codes(), ["FORBIDDEN"]);
    only_denied(&gateway, seen, &["incidentCreate"]).await;
    let answer = create_incident(&acting, "x").await.ok();
    let fact = gateway.proved(&answer).await;
    let (by, whose) = (ADMIN_USER.encode(account), USER.encode(user));
    for (actor, impersonator) in [
        (&fact.event.actor_id, &fact.event.impersonator_id),
        (&fact.entry.actor_id, &fact.entry.impersonator_id),
    ] {
        assert_eq!((actor, impersonator.as_ref()), (&whose, Some(&by)));
    }
    assert_eq!((&fact.body["actor"]["id"], &fact.body["impersonator"]), (&json!(whose), &json!(by)));
    assert_eq!(fact.event.organization_id, acme);
    let document = "{ auditLogs(first: 1) { nodes { actor { kind id impersonatedBy { id name } } } } }";
    let entry = gateway.owner().run(document).await.ok();
    let expected = json!({ "kind": "USER", "id": whose, "impersonatedBy": { "id": by, "name": "Ada" } });
    assert_eq!(*entry.at("/auditLogs/nodes/0/actor"), expected);
}

#[tokio::test]
async fn its_credential_is_shown_once_and_nobody_makes_one_up() {
    let gateway = TestGateway::start().await;
    let (_, _, ada) = ada(&gateway, &ROLE_OF).await;
    let user = gateway.member("Uma", gateway.organization("acme").await).await;
    let seen = gateway.recorded().await;
    let rehearsed = tried(&ada.with_header("x-dry-run", "true"), of(user)).await.ok();
    assert!(rehearsed.at("/credential").is_null());
    assert_eq!(gateway.recorded().await, seen);
    let repeating = ada.with_header("idempotency-key", "once");
    let [first, again] = [tried(&repeating, of(user)).await.ok(), tried(&repeating, of(user)).await.ok()];
    assert_eq!(first.text("/credential"), again.text("/credential"));
    assert_eq!(gateway.recorded().await, seen + 1);
    gateway.rights_read().await;
    let text = first.text("/credential");
    assert!(is_let_in(&gateway.client(text)).await);

    // Whoever signs JWTs for the gateway makes none that names who acts.
    let (owner, id) = (gateway.owner_id().await, first.text("/impersonation/id"));
    assert!(is_let_in(&gateway.with_jwt(json!({ "sub": owner }))).await);
    for subject in [&USER.encode(user), &owner] {
        let claims = json!({ "sub": subject, "act": { "sub": owner }, "jti": id });
        turned_away(&gateway.with_jwt(claims).run("{ viewer { permissions } }").await);
    }
    let (said, signature) = text.rsplit_once('.').unwrap();
    for forged in [said.to_owned(), format!("{said}."), format!("{said}.{}", &signature[1..])] {
        turned_away(&gateway.client(&forged).run("{ viewer { permissions } }").await);
    }
}
