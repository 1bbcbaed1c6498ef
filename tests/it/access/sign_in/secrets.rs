//! Passwords: changed by whose they are; and no secret is in the database as it is, or in the record.

use entity::{admin_user::AdminLevel, credential, recovery_code};
use sea_orm::EntityTrait;
use serde_json::json;
use tests::TestGateway;

use super::enrolled;
use crate::access::{is_let_in, refused};

#[tokio::test]
async fn a_password_is_changed_by_whose_it_is() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let other = gateway.holder(&ada.sign_in_again(&gateway).await.ok());
    let update = async |current: &str, new: &str| {
        let input = json!({ "currentPassword": current, "newPassword": new });
        ada.client.mutate("passwordUpdate", input, "adminUser { id }").await
    };
    let (current, new) = (&*ada.person.password, "correct 17 gazelles");
    refused(&update("gqv wkrm 81pz", new).await, "INVALID", "currentPassword");
    for unfit in ["short", "password1234!", "ada@example.com", current] {
        refused(&update(current, unfit).await, "INVALID", "newPassword");
    }
    let answer = update(current, new).await.ok();
    assert_eq!(gateway.proved(&answer).await.event.event_type, "admin.password.updated");
    gateway.rights_read().await;
    assert!(is_let_in(&ada.client).await);
    assert!(!is_let_in(&other).await, "her other sessions end");
    let code = json!({ "totp": ada.fresh_code(&gateway) });
    refused(&gateway.sign_in(ada.person.input(code.clone())).await, "INVALID", "");
    let input = json!({ "email": ada.person.email, "password": new, "secondFactor": code });
    gateway.sign_in(input).await.ok();
}

#[tokio::test]
async fn no_secret_is_kept_as_it_is() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::Admin).await;
    let db = gateway.kernel().db().reader();
    let kept = credential::Entity::find().one(db).await.unwrap().unwrap();
    for sealed in [Some(&kept.sealed_password), kept.sealed_totp.as_ref()] {
        assert!(sealed.unwrap().starts_with("v1."), "{sealed:?}");
    }
    assert_eq!((kept.sealed_new_totp, kept.new_totp_at), (None, None));
    assert_eq!(recovery_code::Entity::find().all(db).await.unwrap().len(), 10);

    let secrets = [
        ada.person.password.clone(),
        ada.confirmed.text("/recoveryCodes/0").to_owned(),
        ada.confirmed.text("/tokens/accessToken").to_owned(),
    ];
    for fact in gateway.facts(0).await {
        let said = format!("{:?} {:?}", fact.event, fact.entry);
        assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
    }
}
