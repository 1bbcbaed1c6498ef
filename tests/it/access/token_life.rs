//! API tokens over the API: made by people who have what they give.

use chrono::{DateTime, TimeDelta, Utc};
use entity::admin_user::AdminLevel;
use opsgate::kernel::{
    actor::{ADMIN_USER, API_TOKEN, ORGANIZATION},
    scalar::Timestamp,
};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};
use uuid::Uuid;

use super::{is_let_in, only_denied, permissions, refused};

pub(super) const TOKEN: &str = "id uuid name hint scopes actsAs { id } organization { id } networks documentIds \
     costBudget { bucket perSecond } isActive lastUsedAt createdBy { id } previousUntil expiresAt revokedAt \
     createdAt updatedAt version";

pub(super) async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    let secret = if mutation == "apiTokenRevoke" { "" } else { "secret" };
    client.mutate(mutation, input, &format!("apiToken {{ {TOKEN} }} {secret}")).await
}

/// A super admin who has signed in.
pub(super) async fn mara(gateway: &TestGateway) -> (Uuid, Client) {
    let account = gateway.account("Mara", AdminLevel::SuperAdmin).await;
    (account, gateway.signed_in(account))
}

/// Makes one: its id, and whoever has its text.
pub(super) async fn made(gateway: &TestGateway, maker: &Client, input: Value) -> (Value, Client) {
    let answer = tried(maker, "apiTokenCreate", input).await.ok();
    gateway.rights_read().await;
    (answer.at("/apiToken/id").clone(), gateway.client(answer.text("/secret")))
}

pub(super) fn script(scopes: &[&str]) -> Value {
    json!({ "name": "a script", "scopes": scopes })
}

pub(super) fn at(time: DateTime<Utc>) -> Value {
    json!(Timestamp(time).to_string())
}

pub(super) async fn read(client: &Client, id: &Value) -> Value {
    let document = format!(
        "query($id: ID!) {{ apiToken(id: $id) {{ {TOKEN} }} node(id: $id) {{ ... on ApiToken {{ {TOKEN} }} }} \
         apiTokens(first: 50) {{ nodes {{ {TOKEN} }} }} }}"
    );
    let answer = client.run_with(&document, json!({ "id": id })).await.ok();
    let token = answer.at("/apiToken").clone();
    assert_eq!(*answer.at("/node"), token);
    assert!(answer.at("/apiTokens/nodes").as_array().unwrap().contains(&token), "{}", answer.body);
    token
}

#[tokio::test]
async fn a_token_is_made_and_its_text_is_shown_once() {
    let gateway = TestGateway::start().await;
    let (account, mara) = mara(&gateway).await;
    let acme = gateway.organization("acme").await;
    let end = gateway.kernel().clock().now() + TimeDelta::days(90);
    let input = json!({
        "name": " acme ", "scopes": ["incidents.read", "directory.read"], "organizationId": ORGANIZATION.encode(acme),
        "expiresAt": at(end),
    });
    let answer = tried(&mara, "apiTokenCreate", input).await.ok();
    let (token, secret) = (answer.at("/apiToken").clone(), answer.text("/secret").to_owned());
    for (field, expected) in [
        ("name", json!("acme")),
        ("hint", json!(secret[..9])),
        ("scopes", json!(["incidents.read", "directory.read"])),
        ("actsAs", Value::Null),
        ("organization", json!({ "id": ORGANIZATION.encode(acme) })),
        ("networks", Value::Null),
        ("documentIds", Value::Null),
        ("costBudget", Value::Null),
        ("isActive", json!(true)),
        ("lastUsedAt", Value::Null),
        ("createdBy", json!({ "id": ADMIN_USER.encode(account) })),
        ("previousUntil", Value::Null),
        ("expiresAt", at(end)),
        ("revokedAt", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(token[field], expected, "{field}");
    }
    gateway.rights_read().await;
    assert_eq!(read(&mara, &token["id"]).await, token);
    let fact = gateway.proved(&answer).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("admin.token.created", "API_TOKEN_CREATE"));
    for fact in gateway.facts(0).await {
        assert!(!fact.shows(&secret) && !fact.shows(&secret[9..]), "{fact:?}");
    }

    let partner = gateway.client(&secret);
    let viewer = partner.run("{ viewer { actor { kind id } organization { id } expiresAt } }").await.ok();
    let actor = json!({ "kind": "API_TOKEN", "id": token["id"] });
    assert_eq!((viewer.at("/viewer/actor"), viewer.at("/viewer/expiresAt")), (&actor, &at(end)));
    assert_eq!(permissions(&partner).await, ["directory.read", "incidents.read"]);
    gateway.advance(TimeDelta::days(90));
    assert!(!is_let_in(&partner).await);
}

#[tokio::test]
async fn an_organization_sees_its_own_tokens() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let [acme, globex] = [gateway.organization("acme").await, gateway.organization("globex").await];
    let of =
        |id| json!({ "name": "its", "scopes": ["access.read"], "organizationId": ORGANIZATION.encode(id) });
    let (own, partner) = made(&gateway, &mara, of(acme)).await;
    let (other, _) = made(&gateway, &mara, of(globex)).await;
    let document = "query($id: ID!) { apiToken(id: $id) { id } apiTokens { nodes { id } totalCount } }";
    let seen = partner.run_with(document, json!({ "id": other })).await.ok();
    assert!(seen.at("/apiToken").is_null());
    assert_eq!(*seen.at("/apiTokens"), json!({ "nodes": [{ "id": own }], "totalCount": 1 }));
    let found = async |filter: Value| {
        let document = "query($filter: ApiTokenFilter) { apiTokens(filter: $filter) { nodes { id } } }";
        let answer = mara.run_with(document, json!({ "filter": filter })).await.ok();
        answer.at("/apiTokens/nodes").as_array().unwrap().len()
    };
    assert_eq!(found(json!({ "organizationId": { "eq": ORGANIZATION.encode(globex) } })).await, 1);
    assert_eq!(found(json!({ "name": { "eq": "its" } })).await, 2);
    assert_eq!(found(json!({ "actsAsId": { "eq": gateway.owner_id().await } })).await, 1, "the owner's");
    assert_eq!(found(json!({ "revokedAt": { "isNull": false } })).await, 0);
}

#[tokio::test]
async fn it_may_nothing_that_its_maker_may_not() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    // Ada may make tokens for good, and look into what is personal until noon.
    let ada = gateway.account("Ada", AdminLevel::Admin).await;
    let [making, personal] = [
        gateway.role("making", &["access.manage_tokens"]).await,
        gateway.role("personal", &["audit.read_personal"]).await,
    ];
    let now = gateway.kernel().clock().now();
    gateway.assign(making, ada, None).await;
    gateway.assign(personal, ada, Some(now + TimeDelta::hours(9))).await;
    let ada_now = gateway.signed_in(ada);
    let narrow = gateway.signed_in_within(ada, "access.read access.manage_tokens incidents.read");
    let lasting = gateway.acting(ada, &["*"]).await;
    let itself = gateway.with_scopes(&["*"]).await;
    let seen = gateway.recorded().await;
    let own = |scopes: &[&str]| json!({ "name": "own", "scopes": scopes, "isPersonal": true });
    for (client, input, code, field) in [
        // Nobody gives what they don't have, and what is sensitive to nobody in particular.
        (&ada_now, script(&["*"]), "NOT_ALLOWED", "scopes"),
        (&ada_now, own(&["*"]), "NOT_ALLOWED", "scopes"),
        (&ada_now, script(&["access.manage_accounts"]), "NOT_ALLOWED", "scopes"),
        (&narrow, script(&["incidents.manage"]), "NOT_ALLOWED", "scopes"),
        (&narrow, own(&["incidents.manage"]), "NOT_ALLOWED", "scopes"),
        (&mara, script(&["audit.read_personal"]), "APPROVAL_REQUIRED", "scopes"),
        (&mara, script(&["*"]), "APPROVAL_REQUIRED", "scopes"),
        // Nor for longer.
        (&ada_now, script(&["audit.read_personal"]), "NOT_ALLOWED", "scopes"),
    ] {
        refused(&tried(client, "apiTokenCreate", input).await, code, field);
    }
    // And a token makes none, whatever it may: it has no second factor to prove.
    for (client, input) in [
        (&lasting, script(&["incidents.read"])),
        (&lasting, own(&["incidents.read"])),
        (&itself, script(&["incidents.read"])),
    ] {
        assert_eq!(tried(client, "apiTokenCreate", input).await.codes(), ["STEP_UP_REQUIRED"]);
    }
    let facts = gateway.facts(seen).await;
    assert!(facts.iter().all(|fact| fact.event.event_type == "admin.access.denied"), "{facts:?}");
    assert_eq!(facts.len(), 3, "one for each of those who tried, and minute");

    // What is within reach: as itself, and as its maker, with what that may in time.
    let (_, narrowed) = made(&gateway, &narrow, script(&["incidents.read"])).await;
    assert_eq!(permissions(&narrowed).await, ["incidents.read"]);
    let (_, own) = made(&gateway, &ada_now, own(&["audit.read_personal", "incidents.manage"])).await;
    assert_eq!(permissions(&own).await, ["audit.read_personal", "incidents.manage"]);
    gateway.advance(TimeDelta::hours(9));
    assert_eq!(permissions(&own).await, ["incidents.manage"]);
    gateway.deactivate(ada).await;
    assert!(!is_let_in(&own).await);
    assert!(is_let_in(&narrowed).await, "it acts as itself");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let now = gateway.kernel().clock().now();
    let seen = gateway.recorded().await;
    let with = |field: &str, value: Value| {
        let mut input = script(&["incidents.read"]);
        input[field] = value;
        input
    };
    for (input, code, field) in [
        (with("name", json!(" ")), "REQUIRED", "name"),
        (with("name", json!("n".repeat(101))), "TOO_LONG", "name"),
        (with("name", json!("a\0")), "INVALID", "name"),
        (script(&[]), "REQUIRED", "scopes"),
        (script(&["incident.*"]), "INVALID", "scopes"),
        (with("expiresAt", at(now)), "OUT_OF_RANGE", "expiresAt"),
        (with("organizationId", json!(ORGANIZATION.encode(Uuid::now_v7()))), "NOT_FOUND", "organizationId"),
        (with("organizationId", json!(ORGANIZATION.encode(Uuid::nil()))), "NOT_FOUND", "organizationId"),
        (with("organizationId", json!(API_TOKEN.encode(Uuid::now_v7()))), "INVALID", "organizationId"),
        (with("networks", json!([])), "REQUIRED", "networks"),
        (with("networks", json!(["10.0.0.0/8", "10.1.2.3/8"])), "INVALID", "networks"),
        (with("documents", json!([])), "REQUIRED", "documents"),
        (with("documents", json!(["{ viewer { permissions } }", "{ nothing }"])), "INVALID", "documents.1"),
        (with("documents", json!(["{"])), "INVALID", "documents.0"),
        (with("costBudget", json!({ "bucket": 0, "perSecond": 1 })), "OUT_OF_RANGE", "costBudget"),
        (with("costBudget", json!({ "bucket": 1, "perSecond": -1 })), "OUT_OF_RANGE", "costBudget"),
    ] {
        let answer = tried(&mara, "apiTokenCreate", input).await;
        refused(&answer, code, field);
        assert!(answer.at("/secret").is_null());
    }
    let nothing = json!({ "id": API_TOKEN.encode(Uuid::now_v7()) });
    for mutation in ["apiTokenRotate", "apiTokenRevoke"] {
        refused(&tried(&mara, mutation, nothing.clone()).await, "NOT_FOUND", "id");
    }
    assert_eq!(gateway.recorded().await, seen);
}

#[tokio::test]
async fn a_repetition_shows_the_text_again_and_a_rehearsal_none() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let seen = gateway.recorded().await;
    let rehearsing = mara.with_header("x-dry-run", "true");
    let answer = tried(&rehearsing, "apiTokenCreate", script(&["incidents.read"])).await.ok();
    assert_eq!((answer.at("/secret"), answer.at("/receipt/isDryRun")), (&Value::Null, &json!(true)));
    assert_eq!(answer.text("/apiToken/name"), "a script");
    assert_eq!(gateway.recorded().await, seen);

    let repeating = mara.with_header("idempotency-key", "once");
    let first = tried(&repeating, "apiTokenCreate", script(&["incidents.read"])).await.ok();
    let again = tried(&repeating, "apiTokenCreate", script(&["incidents.read"])).await.ok();
    assert_eq!(again.text("/secret"), first.text("/secret"));
    assert_eq!(
        (again.at("/apiToken/id"), again.at("/receipt/isReplay")),
        (first.at("/apiToken/id"), &json!(true))
    );
    assert_eq!(gateway.recorded().await, seen + 1);
    gateway.rights_read().await;
    assert!(is_let_in(&gateway.client(first.text("/secret"))).await);
    // What is kept for that isn't the text.
    use sea_orm::EntityTrait;
    let db = gateway.database().sql().await;
    let kept = entity::idempotency_key::Entity::find().one(db).await.unwrap().unwrap();
    assert!(!format!("{kept:?}").contains(&first.text("/secret")[9..]));
}

#[tokio::test]
async fn when_a_token_was_last_used_is_written_by_the_minute() {
    let gateway = TestGateway::start().await;
    let (_, mara) = mara(&gateway).await;
    let (id, client) = made(&gateway, &mara, script(&["incidents.read"])).await;
    gateway.advance(TimeDelta::seconds(1));
    let used_at = gateway.kernel().clock().now();
    for _ in 0..3 {
        assert!(is_let_in(&client).await);
    }
    assert!(read(&mara, &id).await["lastUsedAt"].is_null());
    gateway.advance(TimeDelta::minutes(1));
    let written = async || !read(&mara, &id).await["lastUsedAt"].is_null();
    tests::until("it is written", written).await;
    let token = read(&mara, &id).await;
    assert_eq!((&token["lastUsedAt"], &token["version"]), (&at(used_at), &json!(1)));
    let owners = API_TOKEN.encode(gateway.token_id(gateway.owner()).await);
    assert!(is_let_in(gateway.owner()).await);
    let (again, mara) = (gateway.kernel().clock().now(), gateway.owner());
    assert!(is_let_in(&client).await);
    gateway.advance(TimeDelta::minutes(1));
    tests::until("it is written again", async || read(mara, &id).await["lastUsedAt"] == at(again)).await;
    assert!(!read(mara, &json!(owners)).await["lastUsedAt"].is_null());
}

#[tokio::test]
async fn only_who_manages_tokens_makes_any() {
    let gateway = TestGateway::start().await;
    let ada = gateway.signed_in(gateway.account("Ada", AdminLevel::Admin).await);
    let seen = gateway.recorded().await;
    let answer = tried(&ada, "apiTokenCreate", script(&["incidents.read"])).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    only_denied(&gateway, seen, &["apiTokenCreate"]).await;
}
