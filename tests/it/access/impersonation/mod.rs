//! Acting in another one's place.

use chrono::{DateTime, TimeDelta, Utc};
use entity::admin_user::AdminLevel;
use opsgate::{
    access::ROLE_ASSIGNMENT,
    directory::USER,
    kernel::{
        actor::{ADMIN_USER, IMPERSONATION, ORGANIZATION},
        scalar::Timestamp,
    },
};
use serde_json::{Value, json};
use tests::{Answer, Client, Socket, TestGateway};
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

async fn follow(client: &Client) -> Socket {
    let mut socket = client.socket().await;
    socket.subscribe("1", "subscription { incidentChanged { cursor } }", json!({})).await;
    // It is heard: what was said before was, too.
    socket.subscribe("2", "{ __typename }", json!({})).await;
    socket.payload("2").await;
    socket
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
async fn one_that_is_ended_is_turned_away_and_its_streams_end() {
    let gateway = TestGateway::start().await;
    let (account, _, ada) = ada(&gateway, &ROLE_OF).await;
    let user = gateway.member("Uma", gateway.organization("acme").await).await;
    let bob = gateway.account("Bob", AdminLevel::Admin).await;
    let managing = gateway.owner_in_person().await;
    for by in [&ada, &managing] {
        let (impersonation, uma) = begun(&gateway, &ada, of(user)).await;
        let mut socket = follow(&uma).await;
        let id = &impersonation["id"];
        refused(&end(&gateway.signed_in(bob), id).await, "NOT_ALLOWED", "id");
        let ended = end(by, id).await.ok();
        assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
        gateway.rights_read().await;
        turned_away(&uma.run("{ viewer { permissions } }").await);
        let after = ended.at("/impersonation");
        for (field, expected) in [
            ("isActive", json!(false)),
            ("endedBy", json!("ENDED")),
            ("endedAt", after["updatedAt"].clone()),
            ("version", json!(2)),
        ] {
            assert_eq!(after[field], expected, "{field}");
        }
        let fact = gateway.proved(&ended).await;
        assert_eq!(
            (&*fact.event.event_type, &*fact.entry.action),
            ("admin.impersonation.ended", "IMPERSONATION_END")
        );
        refused(&end(by, id).await, "INVALID_TRANSITION", "id");
    }
    let found = async |filter: Value| {
        let document =
            "query($filter: ImpersonationFilter) { impersonations(filter: $filter) { nodes { id } } }";
        let answer = gateway.owner().run_with(document, json!({ "filter": filter })).await.ok();
        answer.at("/impersonations/nodes").as_array().unwrap().len()
    };
    assert_eq!(found(json!({ "userId": { "eq": USER.encode(user) } })).await, 2);
    assert_eq!(found(json!({ "impersonatorId": { "eq": ADMIN_USER.encode(account) } })).await, 2);
    assert_eq!(found(json!({ "endedAt": { "isNull": true } })).await, 0);
}

#[tokio::test]
async fn it_ends_with_its_time_with_the_right_to_it_and_with_its_session() {
    let gateway = TestGateway::start().await;
    let (account, assignment, ada) = ada(&gateway, &ROLE_OF).await;
    let user = gateway.member("Uma", gateway.organization("acme").await).await;
    let mut input = of(user);
    input["minutes"] = json!(1);
    let (short, uma) = begun(&gateway, &ada, input).await;
    let mut socket = follow(&uma).await;
    let seen = gateway.recorded().await;
    gateway.advance(TimeDelta::minutes(1));
    assert_eq!(socket.closed().await, (4403, "expired".to_owned()));
    assert!(!is_let_in(&uma).await);
    gateway.run_until_idle().await;
    let facts = gateway.facts(seen).await;
    let [fact] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(fact.event.event_type, "admin.impersonation.ended");
    assert_eq!(
        (&fact.event.entity_id, &fact.event.payload["endedBy"]),
        (&short["id"].as_str().unwrap().to_owned(), &json!("EXPIRED"),)
    );

    // By a session of ours.
    let person = gateway.person(account, "ada@example.com").await;
    let begun_by = gateway.sign_in(person.input(Value::Null)).await.ok();
    let (_, confirmed) = gateway.enrol(&gateway.holder(&begun_by)).await;
    let signed_in = gateway.holder(&confirmed);
    let (of_session, uma) = begun(&gateway, &signed_in, of(user)).await;
    let mut socket = follow(&uma).await;
    signed_in.mutate("sessionRevoke", json!({}), "").await.ok();
    assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
    let document = "query($id: ID!) { impersonation(id: $id) { isActive endedBy } }";
    let after = gateway.owner().run_with(document, json!({ "id": of_session["id"] })).await.ok();
    assert_eq!(*after.at("/impersonation"), json!({ "isActive": false, "endedBy": "SESSION_ENDED" }));

    // And with the role that gave the right to it.
    let (_, uma) = begun(&gateway, &ada, of(user)).await;
    let mut socket = follow(&uma).await;
    let input = json!({ "id": ROLE_ASSIGNMENT.encode(assignment) });
    gateway.owner().mutate("roleRevoke", input, "").await.ok();
    assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
    gateway.rights_read().await;
    assert!(!is_let_in(&uma).await);
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

#[tokio::test]
async fn nobody_acts_in_the_place_of_somebody_who_has_risen_above_them() {
    let gateway = TestGateway::start().await;
    let (_, _, ada) = ada(&gateway, &ROLE_OF).await;
    let sue = gateway.account("Sue", AdminLevel::Support).await;
    let (_, as_sue) = begun(&gateway, &ada, of(user_of(&gateway, sue).await)).await;
    assert!(is_let_in(&as_sue).await);
    gateway.set_level(sue, AdminLevel::SuperAdmin).await;
    assert!(!is_let_in(&as_sue).await);
}
