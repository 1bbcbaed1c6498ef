//! Who tries too often, and what is said to whom.

use chrono::TimeDelta;
use entity::{
    admin_user::AdminLevel,
    audit_log::{AuditOutcome, AuditSurface},
    sign_in_attempt,
};
use futures_util::future::join_all;
use opsgate::{config::Overrides, kernel::actor::ADMIN_USER};
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::{Value, json};
use tests::{TestGateway, until};

use super::enrolled;
use crate::access::refused;

#[tokio::test]
async fn a_wrong_password_and_an_account_that_is_not_there_are_alike() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let bob = enrolled(&gateway, "Bob", AdminLevel::Admin).await;
    gateway.deactivate(bob.person.account).await;
    let mut answers = Vec::new();
    for (email, password) in [
        (&*ada.person.email, "gqv wkrm 81pz"),
        ("nobody@example.com", "gqv wkrm 81pz"),
        (&*bob.person.email, &*bob.person.password),
        ("", ""),
        ("ada\0@example.com", "\0"),
    ] {
        let answer = gateway.sign_in(json!({ "email": email, "password": password })).await;
        refused(&answer, "INVALID", "");
        answers.push(answer.at("").clone());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // Of accounts alone: a stranger doesn't fill the record with names.
    until("both accounts' are on the record", async || denied(&gateway).await.len() == 2).await;
}

/// Whose sign-in failed, by what and how often, as the record has it.
async fn denied(gateway: &TestGateway) -> Vec<(String, String, u64)> {
    let facts = gateway.facts(0).await;
    let of_ours = facts.iter().filter(|fact| fact.event.event_type == "admin.session.denied");
    of_ours
        .map(|fact| {
            assert_eq!((fact.entry.outcome, fact.entry.surface), (AuditOutcome::Failure, AuditSurface::Api));
            assert_eq!((&*fact.event.actor_id, &*fact.entry.action), ("sign-in", "AUTH_LOGIN_FAILED"));
            assert_eq!(fact.personal("$request.ipAddress"), Some(&json!("127.0.0.1")));
            assert!(fact.entry.subject.is_some(), "it is about a person");
            let shown = fact.event.payload["shown"].as_str().unwrap().to_owned();
            (fact.event.entity_id.clone(), shown, fact.event.payload["attempts"].as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn failed_sign_ins_are_on_the_record_and_nobody_fills_it_with_them() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let id = ADMIN_USER.encode(ada.person.account);
    let entry = |shown: &str, attempts| (id.clone(), shown.to_owned(), attempts);
    let wrong = json!({ "email": ada.person.email, "password": "gqv wkrm 81pz" });
    for _ in 0..5 {
        refused(&gateway.sign_in(wrong.clone()).await, "INVALID", "");
        refused(
            &gateway.sign_in(json!({ "email": "eve@example.com", "password": "x" })).await,
            "INVALID",
            "",
        );
    }
    // What has to wait isn't made, and so isn't counted.
    assert_eq!(gateway.sign_in(wrong.clone()).await.codes(), ["THROTTLED"]);
    until("the first is on the record", async || denied(&gateway).await == [entry("PASSWORD", 1)]).await;
    gateway.advance(TimeDelta::minutes(1));
    until("the others are counted", async || denied(&gateway).await.len() == 2).await;
    assert_eq!(denied(&gateway).await, [entry("PASSWORD", 1), entry("PASSWORD", 4)]);

    // Whoever has the password and no second factor is worth more than a glance.
    gateway.advance(TimeDelta::minutes(15));
    let factor = json!({ "totp": "000000" });
    refused(&gateway.sign_in(ada.person.input(factor)).await, "INVALID", "secondFactor.totp");
    until("so is the code", async || denied(&gateway).await.len() == 3).await;
    assert_eq!(denied(&gateway).await[2], entry("TOTP", 1));
    ada.sign_in_again(&gateway).await.ok();
    assert_eq!(denied(&gateway).await.len(), 3, "who gets in isn't on this list");
}

#[tokio::test]
async fn each_attempt_waits_longer_whether_there_is_an_account_or_not() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    for email in ["nobody@example.com", &*ada.person.email] {
        let wrong = json!({ "email": email, "password": "gqv wkrm 81pz" });
        for _ in 0..5 {
            refused(&gateway.sign_in(wrong.clone()).await, "INVALID", "");
        }
        for seconds in [1, 2, 4] {
            let answer = gateway.sign_in(wrong.clone()).await;
            assert_eq!(answer.codes(), ["THROTTLED"], "{email} {seconds}");
            assert_eq!(answer.body["errors"][0]["extensions"]["retryAfterMs"], seconds * 1000);
            gateway.advance(TimeDelta::seconds(seconds));
            refused(&gateway.sign_in(wrong.clone()).await, "INVALID", "");
        }
    }
    // Who has the right one waits, too, and then is in.
    gateway.advance(TimeDelta::seconds(8));
    ada.sign_in_again(&gateway).await.ok();
}

#[tokio::test]
async fn many_at_once_are_as_many_attempts() {
    let gateway = TestGateway::start().await;
    let wrong = json!({ "email": "nobody@example.com", "password": "gqv wkrm 81pz" });
    let answers = join_all((0..20).map(|_| gateway.sign_in(wrong.clone()))).await;
    let looked_at = answers.iter().filter(|answer| answer.user_error_codes() == ["INVALID"]).count();
    let throttled = answers.iter().filter(|answer| answer.codes() == ["THROTTLED"]).count();
    assert_eq!((looked_at, throttled), (5, 15), "{answers:?}");
}

/// How many tallies there are.
async fn tallies(gateway: &TestGateway) -> usize {
    sign_in_attempt::Entity::find().all(gateway.database().sql().await).await.unwrap().len()
}

#[tokio::test]
async fn strangers_learn_nothing_and_whoever_is_known_does_not_wait_for_them() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let bob = enrolled(&gateway, "Bob", AdminLevel::Admin).await;
    let wrong = |email: &str| json!({ "email": email, "password": "gqv wkrm 81pz" });
    let of_ada = ada.sign_in_again(&gateway).await.ok().at("/tokens/refreshToken").clone();
    let of_bob = bob.sign_in_again(&gateway).await.ok().at("/tokens/refreshToken").clone();
    let code = ada.fresh_code(&gateway);
    for number in 0..30 {
        refused(&gateway.sign_in(wrong(&format!("p{number}@example.com"))).await, "INVALID", "");
    }
    // Somebody who signed in from here, and nobody.
    let before = tallies(&gateway).await;
    for email in [&*ada.person.email, "nobody@example.com", "someone@example.com"] {
        assert_eq!(gateway.sign_in(wrong(email)).await.codes(), ["THROTTLED"], "{email}");
    }
    assert_eq!(tallies(&gateway).await, before, "names that are made up leave nothing");
    let mut input = ada.person.input(json!({ "totp": code }));
    for shown in [json!("opsr_AAAA"), of_bob] {
        input["lastRefreshToken"] = shown;
        assert_eq!(gateway.sign_in(input.clone()).await.codes(), ["THROTTLED"]);
    }
    // It proves no more than that: the password has to be right.
    let guess = json!({ "email": ada.person.email, "password": "gqv wkrm 81pz", "lastRefreshToken": of_ada });
    refused(&gateway.sign_in(guess).await, "INVALID", "");
    input["lastRefreshToken"] = of_ada.clone();
    gateway.sign_in(input.clone()).await.ok();

    // Of a session that has ended, too; not of one whose token was shown twice, nor for longer than a month.
    let next = gateway.refresh(of_ada.as_str().unwrap()).await.ok();
    let of_ada = next.at("/tokens/refreshToken").clone();
    gateway.holder(&next).mutate("sessionRevoke", json!({}), "").await.ok();
    let mut again = ada.person.input(json!({ "totp": ada.fresh_code(&gateway) }));
    again["lastRefreshToken"] = of_ada;
    let begun = gateway.sign_in(again).await.ok();
    let copied = begun.at("/tokens/refreshToken").clone();
    gateway.refresh(copied.as_str().unwrap()).await.ok();
    assert_eq!(gateway.refresh(copied.as_str().unwrap()).await.user_error_codes(), ["INVALID"]);
    let attempts = sign_in_attempt::Entity::update_many()
        .col_expr(sign_in_attempt::Column::Count, Expr::value(40))
        .col_expr(sign_in_attempt::Column::LastAt, Expr::value(gateway.kernel().clock().now()));
    attempts.exec(gateway.database().sql().await).await.unwrap();
    let mut late = ada.person.input(Value::Null);
    late["lastRefreshToken"] = copied;
    assert_eq!(gateway.sign_in(late).await.codes(), ["THROTTLED"]);
}

#[tokio::test]
async fn the_networks_of_a_site_are_counted_together() {
    let gateway = TestGateway::start_with(Overrides::default().with("trusted_proxies", "127.0.0.0/8")).await;
    let from = async |address: &str, name: &str| {
        let input = json!({ "email": format!("{name}@example.com"), "password": "gqv wkrm 81pz" });
        let client = gateway.nobody().with_header("x-forwarded-for", address);
        client.mutate("sessionCreate", input, "").await
    };
    refused(&from("2001:db8:1:2::1", "one").await, "INVALID", "");
    assert_eq!(tallies(&gateway).await, 4, "the pair's, the network's, the site's and the name's");
    // As if there had been many.
    sign_in_attempt::Entity::update_many()
        .col_expr(sign_in_attempt::Column::Count, Expr::value(300))
        .exec(gateway.database().sql().await)
        .await
        .unwrap();
    assert_eq!(from("2001:db8:1:3::1", "two").await.codes(), ["THROTTLED"]);
    refused(&from("2001:db8:2:3::1", "two").await, "INVALID", "");
}

#[tokio::test]
async fn guessing_codes_takes_the_password_and_ever_longer() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let wrong = ada.person.input(json!({ "totp": "000000" }));
    for _ in 0..5 {
        refused(&gateway.sign_in(wrong.clone()).await, "INVALID", "secondFactor.totp");
    }
    assert_eq!(gateway.sign_in(wrong).await.codes(), ["THROTTLED"]);
    // Who doesn't know the password doesn't get there.
    let factor = json!({ "totp": "000000" });
    let stranger = json!({ "email": ada.person.email, "password": "gqv wkrm 81pz", "secondFactor": factor });
    refused(&gateway.sign_in(stranger).await, "INVALID", "");
    gateway.advance(TimeDelta::seconds(2));
    ada.sign_in_again(&gateway).await.ok();
}

#[tokio::test]
async fn an_attempt_is_no_dry_run() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let person = gateway.person(account, "ada@example.com").await;
    let rehearsing = gateway.nobody().with_header("x-dry-run", "true");
    let answer =
        rehearsing.mutate("sessionCreate", person.input(Value::Null), "tokens { accessToken }").await;
    refused(&answer, "NOT_ALLOWED", "");
}
