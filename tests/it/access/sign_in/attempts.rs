//! Who tries too often, and what is said to whom.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::TestGateway;

use super::enrolled;
use crate::access::refused;

#[tokio::test]
async fn a_wrong_password_and_an_account_that_is_not_there_are_alike() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let bob = enrolled(&gateway, "Bob", AdminLevel::Admin).await;
    gateway.deactivate(bob.person.account).await;
    let seen = gateway.recorded().await;
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
    assert_eq!(gateway.recorded().await, seen, "nobody fills the record by knocking");
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
