//! Second factors: wanted before anything else, enrolled, replaced, lost.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::kernel::actor::ADMIN_USER;
use qrcode::{EcLevel, QrCode, render::svg};
use serde_json::{Value, json};
use tests::TestGateway;

use super::enrolled;
use crate::access::{is_let_in, permissions, refused};

#[tokio::test]
async fn without_a_second_factor_a_session_can_only_enrol() {
    let gateway = TestGateway::start().await;
    // The first super admin, too.
    let owner = ADMIN_USER.parse(&gateway.owner_id().await).unwrap();
    let person = gateway.person(owner, "owner@localhost").await;
    let begun = gateway.sign_in(person.input(Value::Null)).await.ok();
    assert_eq!(*begun.at("/tokens/isEnrolmentRequired"), true);
    let client = gateway.holder(&begun);
    for document in [
        "{ viewer { permissions } }",
        "{ incidents { nodes { id } } }",
        "{ sessions { nodes { id } } }",
        "{ nodes(ids: []) { id } }",
        "{ eventCursor }",
        "mutation { recoveryCodesRegenerate { recoveryCodes } }",
    ] {
        let answer = client.run(document).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{document}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["extensions"]["isEnrolmentRequired"], true, "{document}");
    }
    let (app, confirmed) = gateway.enrol(&client).await;
    assert_eq!(confirmed.at("/recoveryCodes").as_array().unwrap().len(), 10);
    let client = gateway.holder(&confirmed);
    assert!(permissions(&client).await.contains(&"access.manage_accounts".to_owned()));
    // From now on the password alone isn't enough.
    refused(&gateway.sign_in(person.input(Value::Null)).await, "REQUIRED", "secondFactor");
    gateway.advance(TimeDelta::seconds(30));
    let code = app.code(gateway.kernel().clock().now());
    gateway.sign_in(person.input(json!({ "totp": code }))).await.ok();
    // That code was used, and it works once.
    let again = gateway.sign_in(person.input(json!({ "totp": code }))).await;
    refused(&again, "INVALID", "secondFactor.totp");
}

#[tokio::test]
async fn the_picture_and_the_secret_are_the_same_and_shown_once() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let person = gateway.person(account, "Ada@Example.com").await;
    // However it is typed.
    let typed = json!({ "email": " ADA@example.COM ", "password": person.password });
    let client = gateway.holder(&gateway.sign_in(typed).await.ok());
    let document = "mutation { mfaEnroll { enrolment { secret uri qrSvg expiresAt } userErrors { code } } }";
    let first = client.run(document).await.ok();
    let enrolment = first.at("/mfaEnroll/enrolment");
    let secret = enrolment["secret"].as_str().unwrap();
    assert!(enrolment["uri"].as_str().unwrap().contains(&format!("secret={secret}&")), "{enrolment}");
    let picture =
        QrCode::with_error_correction_level(enrolment["uri"].as_str().unwrap(), EcLevel::M).unwrap();
    let picture = picture.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    assert_eq!(enrolment["qrSvg"], picture);
    let second = client.run(document).await.ok();
    assert_ne!(second.at("/mfaEnroll/enrolment/secret"), secret);
    // A code of the first is of no use any more, and after ten minutes one of the second isn't, either.
    let app = tests::Authenticator::read(second.text("/mfaEnroll/enrolment/uri"));
    let wrong = json!({ "code": "000000" });
    refused(&client.mutate("mfaConfirm", wrong, "recoveryCodes").await, "INVALID", "code");
    gateway.advance(TimeDelta::minutes(10));
    gateway.rights_read().await;
    let late = json!({ "code": app.code(gateway.kernel().clock().now()) });
    refused(&client.mutate("mfaConfirm", late, "recoveryCodes").await, "NOT_ALLOWED", "code");
}

#[tokio::test]
async fn a_session_from_before_cannot_replace_the_second_factor() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let person = gateway.person(account, "ada@example.com").await;
    let thief = gateway.holder(&gateway.sign_in(person.input(Value::Null)).await.ok());
    let begun = gateway.sign_in(person.input(Value::Null)).await.ok();
    let (_, confirmed) = gateway.enrol(&gateway.holder(&begun)).await;
    gateway.rights_read().await;
    let answer = thief.run("mutation { mfaEnroll { enrolment { uri } } }").await;
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "the account's other sessions have ended");
    // Who has proved it lately can replace it.
    gateway.enrol(&gateway.holder(&confirmed)).await;
    gateway.advance(TimeDelta::minutes(6));
    gateway.rights_read().await;
    let answer = gateway.holder(&confirmed).run("mutation { mfaEnroll { enrolment { uri } } }").await;
    assert_eq!(answer.codes(), ["STEP_UP_REQUIRED"]);
}

#[tokio::test]
async fn a_recovery_code_works_once() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let codes = ada.confirmed.at("/recoveryCodes").as_array().unwrap().clone();
    let by = |code: &Value| ada.person.input(json!({ "recoveryCode": code }));
    assert!(is_let_in(&gateway.holder(&gateway.sign_in(by(&codes[3])).await.ok())).await);
    refused(&gateway.sign_in(by(&codes[3])).await, "INVALID", "secondFactor.recoveryCode");
    let typed = json!(codes[4].as_str().unwrap().replace('-', " ").to_uppercase());
    gateway.sign_in(by(&typed)).await.ok();

    let again = ada.client.run("mutation { recoveryCodesRegenerate { recoveryCodes userErrors { code } } }");
    let again = again.await.ok();
    let fresh = again.at("/recoveryCodesRegenerate/recoveryCodes/0");
    refused(&gateway.sign_in(by(&codes[5])).await, "INVALID", "secondFactor.recoveryCode");
    gateway.sign_in(by(fresh)).await.ok();
}

#[tokio::test]
async fn who_has_lost_it_is_helped_by_somebody_else() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = enrolled(&gateway, "Bob", AdminLevel::Support).await;
    let id = |of: uuid::Uuid| json!({ "adminUserId": ADMIN_USER.encode(of) });
    let reset = "adminUser { id }";
    let own = ada.client.mutate("mfaReset", id(ada.person.account), reset).await;
    refused(&own, "NOT_ALLOWED", "adminUserId");
    let answer = bob.client.mutate("mfaReset", id(ada.person.account), reset).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    // A token has no second factor to prove.
    let answer = gateway.owner().mutate("mfaReset", id(bob.person.account), reset).await;
    assert_eq!(answer.codes(), ["STEP_UP_REQUIRED"]);

    let answer = ada.client.mutate("mfaReset", id(bob.person.account), reset).await.ok();
    assert_eq!(gateway.proved(&answer).await.event.event_type, "admin.mfa.reset");
    gateway.rights_read().await;
    assert!(!is_let_in(&bob.client).await);
    let begun = gateway.sign_in(bob.person.input(Value::Null)).await.ok();
    assert_eq!(*begun.at("/tokens/isEnrolmentRequired"), true);
    gateway.enrol(&gateway.holder(&begun)).await;
}
