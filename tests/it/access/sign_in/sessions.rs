//! Sessions: begun, kept up, raised, listed, ended.

use std::sync::Arc;

use chrono::TimeDelta;
use entity::{
    admin_user::{self, AdminLevel},
    session,
};
use futures_util::future::{join, join3};
use opsgate::{
    config::Overrides,
    kernel::{
        actor::{ADMIN_USER, SESSION},
        clock::Clock,
    },
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, TransactionTrait, sea_query::Expr};
use serde_json::{Value, json};
use tests::{Answer, Database, TestGateway};
use uuid::Uuid;

use super::enrolled;
use crate::access::{is_let_in, permissions, refused, turned_away};

#[tokio::test]
async fn a_session_begins_and_is_on_the_record() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let begun = ada.sign_in_again(&gateway).await.ok();
    assert_eq!(*begun.at("/tokens/isEnrolmentRequired"), false);
    let fact = gateway.proved(&begun).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("admin.session.started", "AUTH_LOGIN"));
    assert_eq!(fact.event.actor_id, ADMIN_USER.encode(ada.person.account));
    assert_eq!(fact.event.entity_id, begun.text("/tokens/sessionId"));

    let client = gateway.holder(&begun);
    assert!(permissions(&client).await.contains(&"incidents.read".to_owned()));
    let viewer = client.run("{ viewer { expiresAt adminUser { id lastLoginAt } } }").await.ok();
    assert_eq!(viewer.at("/viewer/expiresAt"), begun.at("/tokens/accessTokenExpiresAt"));
    assert!(viewer.at("/viewer/adminUser/lastLoginAt").is_string());

    let listed = client.run("{ sessions { nodes { id isCurrent isActive endedBy } } }").await.ok();
    let listed = listed.at("/sessions/nodes").as_array().unwrap();
    let current: Vec<_> = listed.iter().filter(|session| session["isCurrent"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], *begun.at("/tokens/sessionId"));
}

#[tokio::test]
async fn an_access_token_ends_and_a_refresh_token_gives_the_next() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let begun = ada.sign_in_again(&gateway).await.ok();
    gateway.advance(TimeDelta::minutes(15));
    gateway.rights_read().await;
    turned_away(&gateway.holder(&begun).run("{ viewer { permissions } }").await);

    let next = gateway.refresh(begun.text("/tokens/refreshToken")).await.ok();
    assert_eq!(next.at("/tokens/sessionId"), begun.at("/tokens/sessionId"));
    assert_ne!(next.at("/tokens/refreshToken"), begun.at("/tokens/refreshToken"));
    assert!(is_let_in(&gateway.holder(&next)).await);
    assert_eq!(gateway.proved(&next).await.event.event_type, "admin.session.refreshed");
}

#[tokio::test]
async fn a_refresh_token_that_is_shown_twice_ends_the_family() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let begun = ada.sign_in_again(&gateway).await.ok();
    let stolen = begun.text("/tokens/refreshToken").to_owned();
    let next = gateway.refresh(&stolen).await.ok();
    let client = gateway.holder(&next);
    assert!(is_let_in(&client).await);

    let again = gateway.refresh(&stolen).await;
    assert_eq!(again.user_error_codes(), ["INVALID"]);
    assert!(again.at("/tokens").is_null());
    let fact = gateway.proved(&again).await;
    assert_eq!(fact.event.event_type, "admin.session.revoked");
    assert_eq!(fact.event.payload["endedBy"], "REUSED");
    gateway.rights_read().await;
    assert!(!is_let_in(&client).await);
    // The good one of the family is no good any more, either.
    refused(&gateway.refresh(next.text("/tokens/refreshToken")).await, "INVALID", "refreshToken");
    // Her other session goes on.
    assert!(is_let_in(&ada.client).await);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused_and_changes_nothing() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let begun = ada.sign_in_again(&gateway).await.ok();
    let good = begun.text("/tokens/refreshToken").to_owned();
    let seen = gateway.recorded().await;
    let cut = &good[..good.len() - 1];
    for token in ["", "opsr_", "opsr_AAAA", begun.text("/tokens/accessToken"), cut, &good[1..]] {
        refused(&gateway.refresh(token).await, "INVALID", "refreshToken");
    }
    assert_eq!(gateway.recorded().await, seen);
    gateway.refresh(&good).await.ok();
    gateway.advance(TimeDelta::hours(12));
    let next = ada.sign_in_again(&gateway).await.ok();
    gateway.advance(TimeDelta::hours(12));
    refused(&gateway.refresh(next.text("/tokens/refreshToken")).await, "INVALID", "refreshToken");
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_others_whom_one_manages() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let bob = enrolled(&gateway, "Bob", AdminLevel::Support).await;
    let seen = gateway.recorded().await;
    let of_ada = json!({ "id": ada.confirmed.at("/tokens/sessionId") });
    let revoked = "session { id endedBy isActive }";
    refused(&bob.client.mutate("sessionRevoke", of_ada.clone(), revoked).await, "NOT_ALLOWED", "id");
    crate::access::only_denied(&gateway, seen, &["sessionRevoke"]).await;

    let answer = bob.client.mutate("sessionRevoke", json!({}), revoked).await.ok();
    let own = bob.confirmed.at("/tokens/sessionId");
    assert_eq!(*answer.at("/session"), json!({ "id": own, "endedBy": "REVOKED", "isActive": false }));
    gateway.rights_read().await;
    assert!(!is_let_in(&bob.client).await);

    gateway.owner().mutate("sessionRevoke", of_ada.clone(), revoked).await.ok();
    gateway.rights_read().await;
    assert!(!is_let_in(&ada.client).await);
    refused(&gateway.owner().mutate("sessionRevoke", of_ada, revoked).await, "INVALID_TRANSITION", "id");
}

#[tokio::test]
async fn what_is_sensitive_takes_a_second_factor_that_was_proved_lately() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let regenerate = "mutation { recoveryCodesRegenerate { recoveryCodes userErrors { code } } }";
    ada.client.run(regenerate).await.ok();
    gateway.advance(TimeDelta::seconds(300));
    gateway.rights_read().await;
    let answer = ada.client.run(regenerate).await;
    assert_eq!(answer.codes(), ["STEP_UP_REQUIRED"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["maxAgeSeconds"], 300);

    let code = json!({ "code": ada.fresh_code(&gateway) });
    let selection = "tokens { sessionId accessToken refreshToken }";
    let raised = ada.client.mutate("sessionStepUp", code.clone(), selection).await.ok();
    assert_eq!(raised.at("/tokens/sessionId"), ada.confirmed.at("/tokens/sessionId"));
    assert_eq!(*raised.at("/tokens/refreshToken"), Value::Null, "the one from before stays good");
    gateway.holder(&raised).run(regenerate).await.ok();
    // The token from before says what it said.
    assert_eq!(ada.client.run(regenerate).await.codes(), ["STEP_UP_REQUIRED"]);
    refused(&ada.client.mutate("sessionStepUp", code, selection).await, "INVALID", "code");
    // A script has no second factor.
    assert_eq!(gateway.owner().run(regenerate).await.codes(), ["STEP_UP_REQUIRED"]);
}

#[tokio::test]
async fn a_token_that_was_made_up_lets_nobody_in() {
    let gateway = TestGateway::start().await;
    let other = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let bob = enrolled(&other, "Bob", AdminLevel::Admin).await;
    let good = ada.confirmed.text("/tokens/accessToken");
    let begun = ada.sign_in_again(&gateway).await.ok();
    assert!(is_let_in(&gateway.client(good)).await);
    let middle = good.len() / 2;
    let flipped = if good.as_bytes()[middle] == b'A' { "B" } else { "A" };
    for token in [
        format!("{}{flipped}{}", &good[..middle], &good[middle + 1..]),
        good[..good.len() - 1].to_owned(),
        format!("{good}AAAA"),
        good.replace("opsa_", "opsr_"),
        // Another gateway's, and one that isn't for requests.
        bob.confirmed.text("/tokens/accessToken").to_owned(),
        begun.text("/tokens/refreshToken").to_owned(),
    ] {
        turned_away(&gateway.client(&token).run("{ viewer { permissions } }").await);
    }
}

#[tokio::test]
async fn a_session_that_is_ended_ends_its_streams_in_every_process() {
    let replicas = TestGateway::start_replicas().await;
    let ada = enrolled(&replicas[0], "Ada", AdminLevel::Admin).await;
    let mut streams = Vec::new();
    for replica in &replicas {
        replica.rights_read().await;
        let mut socket = replica.holder(&ada.confirmed).socket().await;
        socket.subscribe("1", "subscription { incidentChanged { type } }", json!({})).await;
        streams.push(socket);
    }
    let input = json!({ "id": ada.confirmed.at("/tokens/sessionId") });
    replicas[0].owner().mutate("sessionRevoke", input, "session { id }").await.ok();
    for socket in &mut streams {
        assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
    }
}

#[tokio::test]
async fn an_account_that_may_be_used_again_begins_without_its_sessions() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Support).await;
    let begun = ada.sign_in_again(&gateway).await.ok();
    let account = json!({ "id": ADMIN_USER.encode(ada.person.account) });
    for mutation in ["adminUserDeactivate", "adminUserReactivate"] {
        gateway.owner_in_person().await.mutate(mutation, account.clone(), "adminUser { id }").await.ok();
    }
    gateway.rights_read().await;
    assert!(!is_let_in(&gateway.holder(&begun)).await);
    refused(&gateway.refresh(begun.text("/tokens/refreshToken")).await, "INVALID", "refreshToken");
    assert!(is_let_in(&gateway.holder(&ada.sign_in_again(&gateway).await.ok())).await);
}

/// So many more sessions of whoever has this one.
async fn plant_sessions(gateway: &TestGateway, like: &Answer, count: usize) {
    let db = gateway.database().sql().await;
    let id = SESSION.parse(like.text("/tokens/sessionId")).unwrap();
    let row = session::Entity::find_by_id(id).one(db).await.unwrap().unwrap();
    let rows = (0..count).map(|_| session::Model { id: Uuid::now_v7(), ..row.clone() });
    gateway.plant_all::<session::ActiveModel, _>(rows.collect()).await;
}

/// How often rights have changed.
async fn epoch(gateway: &TestGateway) -> i64 {
    let db = gateway.database().sql().await;
    entity::authz_epoch::Entity::find_by_id(1).one(db).await.unwrap().unwrap().epoch
}

#[tokio::test]
async fn of_more_than_fifty_sessions_the_oldest_end() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Support).await;
    plant_sessions(&gateway, &ada.confirmed, 49).await;
    let before = epoch(&gateway).await;
    let begun = ada.sign_in_again(&gateway).await.ok();
    gateway.rights_read().await;
    assert!(!is_let_in(&ada.client).await, "hers was the first");
    assert!(is_let_in(&gateway.holder(&begun)).await);
    let bob = gateway.owner_in_person().await;
    let document = "{ sessions(first: 100) { nodes { isActive endedBy } } }";
    let listed = bob.run(document).await.ok();
    let listed = listed.at("/sessions/nodes").as_array().unwrap().clone();
    assert_eq!(listed.iter().filter(|session| session["isActive"] == true).count(), 50);
    assert_eq!(listed.iter().filter(|session| session["endedBy"] == "DISPLACED").count(), 1);
    assert_eq!(epoch(&gateway).await, before + 1);

    // However many they are, they end in two statements.
    let account = json!({ "id": ADMIN_USER.encode(ada.person.account) });
    let seen = gateway.recorded().await;
    bob.mutate("adminUserDeactivate", account, "adminUser { id }").await.ok();
    assert_eq!(epoch(&gateway).await, before + 2);
    assert_eq!(gateway.recorded().await, seen + 51);
    let left = bob.run(document).await.ok();
    let left = left.at("/sessions/nodes").as_array().unwrap().clone();
    assert!(left.iter().all(|session| session["isActive"] == false), "{left:?}");
}

#[tokio::test]
async fn a_sign_in_does_not_outlive_its_account() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Support).await;
    let code = ada.fresh_code(&gateway);
    // Somebody has just taken it out of use, and seen all its sessions.
    let tx = gateway.database().connect().await.begin().await.unwrap();
    admin_user::Entity::update_many()
        .col_expr(admin_user::Column::IsActive, Expr::value(false))
        .filter(admin_user::Column::Id.eq(ada.person.account))
        .exec(&tx)
        .await
        .unwrap();
    let signing_in = gateway.sign_in(ada.person.input(json!({ "totp": code })));
    let committed = async {
        if Database::is_postgres() {
            gateway.somebody_waits().await;
        }
        tx.commit().await.unwrap();
    };
    let (answer, ()) = join(signing_in, committed).await;
    assert_eq!(answer.user_error_codes(), ["INVALID"], "{}", answer.body);
    let sessions = session::Entity::find()
        .filter(session::Column::AdminUserId.eq(ada.person.account))
        .all(gateway.database().sql().await)
        .await
        .unwrap();
    // Those from before: the one that enrolled.
    assert_eq!(sessions.len(), 1, "{sessions:?}");
}

#[tokio::test]
async fn whoever_signs_in_and_whoever_helps_do_not_wait_for_each_other_in_circles() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = enrolled(&gateway, "Bob", AdminLevel::Support).await;
    let codes = bob.confirmed.at("/recoveryCodes").as_array().unwrap().clone();
    let account = json!({ "adminUserId": ADMIN_USER.encode(bob.person.account) });
    for code in &codes[..8] {
        let steps = json!({ "code": bob.app.code(gateway.kernel().clock().now()) });
        let (signed_in, reset, stepped) = join3(
            gateway.sign_in(bob.person.input(json!({ "recoveryCode": code }))),
            ada.client.mutate("mfaReset", account.clone(), ""),
            bob.client.mutate("sessionStepUp", steps, ""),
        )
        .await;
        for answer in [&signed_in, &reset, &stepped] {
            assert!(!answer.codes().contains(&"UNAVAILABLE"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_is_shown_twice_at_once_counts_once() {
    let database = Arc::new(Database::create().await);
    let start = async || {
        let clock = Clock::manual(tests::START.parse().unwrap());
        TestGateway::start_on(database.clone(), Overrides::default(), clock).await
    };
    let first = start().await;
    // SQLite has one process.
    let second = if Database::is_postgres() { Some(start().await) } else { None };
    let other = second.as_ref().unwrap_or(&first);
    let ada = enrolled(&first, "Ada", AdminLevel::Admin).await;
    let code = ada.fresh_code(&first);
    if let Some(second) = &second {
        second.advance(TimeDelta::seconds(30));
    }
    let input = ada.person.input(json!({ "totp": code }));
    let (one, another) = join(first.sign_in(input.clone()), other.sign_in(input)).await;
    let mut codes = [one.user_error_codes(), another.user_error_codes()];
    codes.sort_unstable();
    assert_eq!(codes, [vec![], vec!["INVALID"]], "{} {}", one.body, another.body);

    let begun = if one.user_error_codes().is_empty() { one } else { another };
    let token = begun.text("/tokens/refreshToken");
    let (one, another) = join(first.refresh(token), other.refresh(token)).await;
    let mut codes = [one.user_error_codes(), another.user_error_codes()];
    codes.sort_unstable();
    assert_eq!(codes, [vec![], vec!["INVALID"]], "{} {}", one.body, another.body);
    // Somebody has a copy, and nobody knows who.
    let good = if one.user_error_codes().is_empty() { one } else { another };
    assert_eq!(first.refresh(good.text("/tokens/refreshToken")).await.user_error_codes(), ["INVALID"]);
}

#[tokio::test]
async fn a_session_is_known_and_ends_in_every_process_and_after_a_restart() {
    let database = Arc::new(Database::create().await);
    let start = async || {
        let clock = Clock::manual(tests::START.parse().unwrap());
        TestGateway::start_on(database.clone(), Overrides::default(), clock).await
    };
    let first = start().await;
    let ada = enrolled(&first, "Ada", AdminLevel::Admin).await;
    let begun = ada.sign_in_again(&first).await.ok();
    let end = async |gateway: &TestGateway| {
        let input = json!({ "id": ada.confirmed.at("/tokens/sessionId") });
        gateway.owner().mutate("sessionRevoke", input, "session { id }").await.ok();
    };
    let second = if Database::is_postgres() {
        let second = start().await;
        // At once, without having heard of it.
        assert!(is_let_in(&second.holder(&begun)).await && is_let_in(&second.holder(&ada.confirmed)).await);
        end(&first).await;
        second
    } else {
        // SQLite has one process.
        end(&first).await;
        first.stop().await;
        start().await
    };
    second.rights_read().await;
    assert!(!is_let_in(&second.holder(&ada.confirmed)).await);
    assert!(is_let_in(&second.holder(&begun)).await);
    second.refresh(begun.text("/tokens/refreshToken")).await.ok();
}
