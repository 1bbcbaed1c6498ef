//! API tokens.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::{
    access::{self, NewToken},
    kernel::{actor::PLATFORM, error::Error, token::ApiToken, tx::Tx},
};
use serde_json::json;
use tests::{Client, TestGateway};
use uuid::Uuid;

use super::{is_let_in, permissions, turned_away};

#[tokio::test]
async fn a_token_that_is_not_whole_or_not_known_is_turned_away() {
    let gateway = TestGateway::start().await;
    let good = gateway.owner().credential().unwrap().to_owned();
    assert!(is_let_in(gateway.owner()).await);
    let mut flipped = good.clone();
    let last = if flipped.pop() == Some('0') { '1' } else { '0' };
    flipped.push(last);
    for token in [
        &*flipped,
        &good[..good.len() - 1],
        &good.to_uppercase(),
        &good.replace("opsk_", "opsk-"),
        &format!("{good}0"),
        "opsk_",
        ApiToken::generate().expose(),
    ] {
        assert!(!is_let_in(&gateway.client(token)).await, "{token}");
    }
}

#[tokio::test]
async fn a_token_ends_when_it_says() {
    let gateway = TestGateway::start().await;
    let end = gateway.kernel().clock().now() + TimeDelta::hours(1);
    let client = gateway.token(&["incidents.read"], PLATFORM, Some(end)).await;
    let viewer = client.run("{ viewer { expiresAt } }").await.ok();
    assert_eq!(viewer.text("/viewer/expiresAt"), "2026-11-21T04:00:00.000000Z");
    gateway.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
    assert!(is_let_in(&client).await);
    gateway.advance(TimeDelta::microseconds(1));
    turned_away(&client.run("{ viewer { expiresAt } }").await);
}

#[tokio::test]
async fn a_revoked_token_is_good_for_less_than_a_second_more() {
    let gateways = TestGateway::start_replicas().await;
    let token = gateways[0].with_scopes(&["incidents.read"]).await.credential().unwrap().to_owned();
    let clients: Vec<Client> = gateways.iter().map(|gateway| gateway.client(&token)).collect();
    for (gateway, client) in gateways.iter().zip(&clients) {
        gateway.rights_read().await;
        assert!(is_let_in(client).await);
    }
    gateways[0].revoke(&clients[0]).await;
    let revoked_at = Instant::now();
    for client in &clients {
        loop {
            let asked_at = Instant::now();
            let answer = client.run("{ viewer { permissions } }").await;
            match answer.status.as_u16() {
                // No speed, but a promise: a gateway that can't read rights for a second answers nobody.
                200 => assert!(asked_at - revoked_at < Duration::from_secs(1), "asked a second after"),
                401 => break turned_away(&answer),
                503 => assert_eq!(answer.codes(), ["UNAVAILABLE"]),
                _ => panic!("{} {}", answer.status, answer.body),
            }
        }
    }
}

#[tokio::test]
async fn a_token_that_acts_as_an_account_may_what_both_may() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let client = gateway.acting(account, &["incidents.*", "audit.read"]).await;
    let expected = ["incidents.acknowledge", "incidents.read", "incidents.read_internal"];
    assert_eq!(permissions(&client).await, expected, "Support manages no incidents and reads no audit");
    let viewer = client.run("{ viewer { actor { kind name } } }").await.ok();
    assert_eq!(*viewer.at("/viewer/actor"), json!({ "kind": "ADMIN_USER", "name": "Operations" }));
    gateway.deactivate(account).await;
    assert!(!is_let_in(&client).await);
}

#[tokio::test]
async fn a_token_is_made_of_what_there_is() {
    let gateway = TestGateway::start().await;
    let now = gateway.kernel().clock().now();
    let good = new_token(&["incidents.*"]);
    for (new, field) in [
        (NewToken { name: " ".to_owned(), ..good.clone() }, "name"),
        (NewToken { name: "n".repeat(101), ..good.clone() }, "name"),
        (new_token(&[]), "scopes"),
        (new_token(&["incidents.read", "incident.*"]), "scopes"),
        (new_token(&["incidents"]), "scopes"),
        (new_token(&[""]), "scopes"),
        (NewToken { expires_at: Some(now), ..good.clone() }, "expiresAt"),
        (NewToken { organization_id: Uuid::from_u128(7), ..good.clone() }, "organizationId"),
    ] {
        let mut tx = Tx::system(gateway.kernel(), "test").await.unwrap();
        let Err(Error::Invalid(error)) = access::create_token(&mut tx, new.clone()).await else {
            panic!("{new:?} was accepted")
        };
        assert_eq!(error.violations[0].field.as_deref().unwrap(), ["input", field], "{new:?}");
        tx.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn the_text_of_a_token_is_kept_nowhere() {
    let gateway = TestGateway::start().await;
    let client = gateway.with_scopes(&["incidents.read"]).await;
    let token = client.credential().unwrap();
    let facts = gateway.facts(0).await;
    let made = facts.iter().filter(|fact| fact.event.event_type == "admin.token.created");
    assert_eq!(made.count(), 2, "the owner's and this one");
    for fact in &facts {
        assert!(!fact.shows(token) && !fact.shows(&token[9..]), "{fact:?}");
    }
}

fn new_token(scopes: &[&str]) -> NewToken {
    NewToken {
        name: "a script".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        ..NewToken::default()
    }
}
