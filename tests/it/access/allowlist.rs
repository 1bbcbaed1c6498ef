//! Where accounts are accepted from, by their level.

use entity::admin_user::AdminLevel;
use opsgate::{access::IP_ALLOW_ENTRY, config::Overrides, kernel::actor::ADMIN_USER};
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};
use uuid::Uuid;

use super::{is_let_in, only_denied, refused};

const ENTRY: &str = "id uuid level network description createdBy { id } createdAt updatedAt version";

async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("ipAllowEntry {{ {ENTRY} }}")).await
}

async fn listed(client: &Client) -> Value {
    let document = format!("{{ ipAllowEntries {{ nodes {{ {ENTRY} }} }} }}");
    client.run(&document).await.ok().at("/ipAllowEntries/nodes").clone()
}

/// A gateway behind a proxy, whose clients are where they say.
async fn behind_a_proxy() -> TestGateway {
    TestGateway::start_with(Overrides::default().with("trusted_proxies", "127.0.0.0/8")).await
}

fn at(client: &Client, address: &str) -> Client {
    client.with_header("x-forwarded-for", address)
}

#[tokio::test]
async fn accounts_of_a_level_are_accepted_from_its_networks_alone() {
    let gateway = behind_a_proxy().await;
    let [ada, sue] =
        [gateway.account("Ada", AdminLevel::Admin).await, gateway.account("Sue", AdminLevel::Support).await];
    let (token, itself) = (gateway.acting(ada, &["*"]).await, gateway.with_scopes(&["*"]).await);
    let (ada, sue) = (gateway.signed_in(ada), gateway.signed_in(sue));
    let owner = gateway.owner();
    let input = json!({ "level": "ADMIN", "network": "203.0.113.0/24", "description": " The office " });
    let answer = tried(owner, "ipAllowEntryAdd", input.clone()).await.ok();
    let entry = answer.at("/ipAllowEntry").clone();
    for (field, expected) in [
        ("level", json!("ADMIN")),
        ("network", json!("203.0.113.0/24")),
        ("description", json!("The office")),
        ("createdBy", json!({ "id": gateway.owner_id().await })),
    ] {
        assert_eq!(entry[field], expected, "{field}");
    }
    assert_eq!(listed(owner).await, json!([entry]));
    let fact = gateway.proved(&answer).await;
    assert_eq!(
        (&*fact.event.event_type, &*fact.entry.action),
        ("admin.ip_allow_entry.added", "IP_ALLOW_ENTRY_ADD")
    );
    refused(&tried(owner, "ipAllowEntryAdd", input).await, "TAKEN", "network");
    let other = json!({ "level": "ADMIN", "network": "2001:db8::/32" });
    let other = tried(owner, "ipAllowEntryAdd", other).await.ok().at("/ipAllowEntry/id").clone();
    gateway.rights_read().await;

    // As a person and by a token that acts as one; whoever isn't of the level isn't meant.
    for (client, address, expected) in [
        (&ada, "203.0.113.7", true),
        (&ada, "2001:db8::7", true),
        (&ada, "198.51.100.1", false),
        (&ada, "203.0.113.7, 198.51.100.1", false),
        (&token, "203.0.113.7", true),
        (&token, "198.51.100.1", false),
        (&sue, "198.51.100.1", true),
        (&itself, "198.51.100.1", true),
        (owner, "198.51.100.1", true),
    ] {
        assert_eq!(is_let_in(&at(client, address)).await, expected, "{address}");
    }

    for id in [&entry["id"], &other] {
        tried(owner, "ipAllowEntryRemove", json!({ "id": id, "expectedVersion": 1 })).await.ok();
    }
    gateway.rights_read().await;
    assert_eq!(listed(owner).await, json!([]));
    assert!(is_let_in(&at(&ada, "198.51.100.1")).await, "without any it is from anywhere");
    let gone = tried(owner, "ipAllowEntryRemove", json!({ "id": other })).await;
    refused(&gone, "NOT_FOUND", "id");
}

#[tokio::test]
async fn who_is_turned_away_is_on_the_record_and_their_streams_end() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let ada = gateway.signed_in(account);
    let mut socket = ada.socket().await;
    let input = json!({ "level": "ADMIN", "network": "203.0.113.0/24" });
    tried(gateway.owner(), "ipAllowEntryAdd", input).await.ok();
    assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
    gateway.rights_read().await;
    let seen = gateway.recorded().await;
    assert!(!is_let_in(&ada).await);
    only_denied(&gateway, seen, &["(address)"]).await;
    let facts = gateway.facts(seen).await;
    assert_eq!(facts[0].body["actor"]["id"], ADMIN_USER.encode(account));
}

#[tokio::test]
async fn nobody_locks_themselves_out_unless_they_say_so() {
    let gateway = behind_a_proxy().await;
    let owner = at(gateway.owner(), "198.51.100.1");
    let in_person = at(&gateway.owner_in_person().await, "198.51.100.1");
    let elsewhere = json!({ "level": "SUPER_ADMIN", "network": "203.0.113.0/24" });
    let seen = gateway.recorded().await;
    let said = refused(&tried(&owner, "ipAllowEntryAdd", elsewhere.clone()).await, "NOT_ALLOWED", "network");
    assert!(said.starts_with("this would lock you out: you are at 198.51.100.1"), "{said}");
    only_denied(&gateway, seen, &["ipAllowEntryAdd"]).await;

    // First where one is, then the rest; and the first is the one to keep.
    let here = json!({ "level": "SUPER_ADMIN", "network": "198.51.100.1" });
    let here = tried(&owner, "ipAllowEntryAdd", here).await.ok().at("/ipAllowEntry/id").clone();
    let there = tried(&owner, "ipAllowEntryAdd", elsewhere).await.ok().at("/ipAllowEntry/id").clone();
    gateway.rights_read().await;
    refused(&tried(&owner, "ipAllowEntryRemove", json!({ "id": here })).await, "NOT_ALLOWED", "id");
    let forced = json!({ "id": here, "isForced": true });
    // That takes somebody who is there, not their token.
    assert_eq!(tried(&owner, "ipAllowEntryRemove", forced.clone()).await.codes(), ["STEP_UP_REQUIRED"]);
    tried(&in_person, "ipAllowEntryRemove", forced).await.ok();
    gateway.rights_read().await;
    assert!(!is_let_in(&owner).await);
    let owner = at(gateway.owner(), "203.0.113.7");
    assert_eq!(listed(&owner).await[0]["id"], there);
    // The last one opens it.
    tried(&owner, "ipAllowEntryRemove", json!({ "id": there })).await.ok();
    gateway.rights_read().await;
    assert!(is_let_in(&at(&owner, "198.51.100.1")).await);
}

#[tokio::test]
async fn nobody_says_it_of_those_above_them_and_nothing_wrong_is_added() {
    let gateway = TestGateway::start().await;
    let allowing = gateway.role("allowing", &["access.manage_allowlist"]).await;
    let ada = gateway.account("Ada", AdminLevel::Admin).await;
    gateway.assign(allowing, ada, None).await;
    let ada = gateway.signed_in(ada);
    let entry = gateway.allow(AdminLevel::SuperAdmin, "127.0.0.0/8", "here").await;
    let acme = gateway.organization("acme").await;
    let partner = gateway.partner(&["*"], acme).await;
    let add = |level: &str, network: &str| json!({ "level": level, "network": network, "isForced": true });
    let removal = json!({ "id": IP_ALLOW_ENTRY.encode(entry), "isForced": true });
    let unforced = json!({ "id": IP_ALLOW_ENTRY.encode(entry) });
    let long = json!({ "level": "SUPPORT", "network": "::1", "description": "x".repeat(1_001) });
    for (client, mutation, input, code, field) in [
        (&ada, "ipAllowEntryAdd", add("SUPER_ADMIN", "203.0.113.0/24"), "NOT_ALLOWED", "network"),
        (&ada, "ipAllowEntryRemove", removal.clone(), "NOT_ALLOWED", "id"),
        (&partner, "ipAllowEntryAdd", json!({ "level": "SUPPORT", "network": "::1" }), "NOT_ALLOWED", ""),
        (&partner, "ipAllowEntryRemove", unforced, "NOT_FOUND", "id"),
        (&ada, "ipAllowEntryAdd", add("SUPPORT", "203.0.113.7/24"), "INVALID", "network"),
        (&ada, "ipAllowEntryAdd", add("SUPPORT", ""), "INVALID", "network"),
        (&ada, "ipAllowEntryAdd", long, "TOO_LONG", "description"),
        (
            &ada,
            "ipAllowEntryRemove",
            json!({ "id": IP_ALLOW_ENTRY.encode(Uuid::now_v7()) }),
            "NOT_FOUND",
            "id",
        ),
    ] {
        refused(&tried(client, mutation, input).await, code, field);
    }
    tried(&ada, "ipAllowEntryAdd", add("SUPPORT", "203.0.113.0/24")).await.ok();
}
