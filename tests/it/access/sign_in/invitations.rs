//! The way in for who has no password yet, the owner after the first start among them.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use futures_util::future::join_all;
use opsgate::{
    access::{self, AdminUserChanges, Granter, NewAssignment},
    kernel::{actor::ADMIN_USER, tx::Tx},
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{Answer, Authenticator, Mailbox, TestGateway};
use uuid::Uuid;

use super::{Enrolled, enrolled};
use crate::access::{is_let_in, only_denied, permissions, refused};

const PASSWORD: &str = "correct 17 gazelles";

async fn invite(ada: &Enrolled, account: Uuid, email: Value) -> Answer {
    let input = json!({ "adminUserId": ADMIN_USER.encode(account), "email": email });
    ada.client.mutate("adminUserInvite", input, "invitation { token expiresAt }").await
}

async fn accept(gateway: &TestGateway, token: &str, password: &str) -> Answer {
    let input = json!({ "token": token, "password": password });
    let selection = "tokens { accessToken refreshToken isEnrolmentRequired } enrolment { uri }";
    gateway.nobody().mutate("invitationAccept", input, selection).await
}

#[tokio::test]
async fn after_the_first_start_the_owner_enrols_before_anything_else() {
    let gateway = TestGateway::start().await;
    let invitation = gateway.invitation().unwrap();
    let accepted = accept(&gateway, invitation, PASSWORD).await.ok();
    assert_eq!(*accepted.at("/tokens/isEnrolmentRequired"), true);
    let client = gateway.holder(&accepted);
    let answer = client.run("{ viewer { permissions } }").await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["isEnrolmentRequired"], true);

    let app = Authenticator::read(accepted.text("/enrolment/uri"));
    let code = json!({ "code": app.code(gateway.kernel().clock().now()) });
    let confirmed = client.mutate("mfaConfirm", code, "tokens { accessToken } recoveryCodes").await.ok();
    assert_eq!(confirmed.at("/recoveryCodes").as_array().unwrap().len(), 10);
    assert!(permissions(&gateway.holder(&confirmed)).await.contains(&"access.manage_accounts".to_owned()));
    // The refresh token of the beginning is good for the session as it is now.
    let next = gateway.refresh(accepted.text("/tokens/refreshToken")).await.ok();
    assert!(is_let_in(&gateway.holder(&next)).await);

    gateway.advance(TimeDelta::seconds(30));
    let factor = json!({ "totp": app.code(gateway.kernel().clock().now()) });
    let input = json!({ "email": "owner@localhost", "password": PASSWORD, "secondFactor": factor });
    gateway.sign_in(input).await.ok();
    refused(&accept(&gateway, invitation, "another 17 gazelles").await, "INVALID", "token");
}

#[tokio::test]
async fn somebody_is_invited_and_the_last_invitation_alone_works_once() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = gateway.account("Bob", AdminLevel::Admin).await;
    let first = invite(&ada, bob, Value::Null).await.ok();
    let answer = invite(&ada, bob, json!("Bob@Example.com")).await.ok();
    let fact = gateway.proved(&answer).await;
    assert_eq!((&*fact.event.event_type, &*fact.entry.action), ("admin.user.invited", "ADMIN_USER_INVITE"));
    assert_eq!(fact.event.entity_id, ADMIN_USER.encode(bob));
    let token = answer.text("/invitation/token");
    refused(&accept(&gateway, first.text("/invitation/token"), PASSWORD).await, "INVALID", "token");
    // What can't be a password doesn't use it up.
    for unfit in ["short", "password1234!", "bob@example.com"] {
        refused(&accept(&gateway, token, unfit).await, "INVALID", "password");
    }
    let accepted = accept(&gateway, &format!(" {token}\n"), PASSWORD).await.ok();
    let fact = gateway.proved(&accepted).await;
    assert_eq!(fact.event.actor_id, ADMIN_USER.encode(bob));
    refused(&accept(&gateway, token, PASSWORD).await, "INVALID", "token");
    let input = json!({ "email": "bob@example.com", "password": PASSWORD });
    assert_eq!(*gateway.sign_in(input).await.ok().at("/tokens/isEnrolmentRequired"), true);

    let types: Vec<_> = gateway.facts(0).await.into_iter().map(|fact| fact.event.event_type).collect();
    assert_eq!(types.iter().filter(|ty| *ty == "admin.invitation.accepted").count(), 1);
    for fact in gateway.facts(0).await {
        let said = format!("{:?} {:?}", fact.event, fact.entry);
        assert!(!said.contains(token) && !said.contains(PASSWORD), "{said}");
    }
}

#[tokio::test]
async fn who_is_invited_is_seen_and_what_by_is_not() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = gateway.account("Bob", AdminLevel::Admin).await;
    let document = "query($id: ID!) { adminUser(id: $id) { invitation { invitedBy { kind name } email createdAt expiresAt } } }";
    let of = async |id: String| {
        owner.run_with(document, json!({ "id": id })).await.ok().at("/adminUser/invitation").clone()
    };
    let its = async || of(ADMIN_USER.encode(bob)).await;
    assert_eq!(its().await, Value::Null);
    // The owner's is from the first start.
    assert_eq!(of(gateway.owner_id().await).await["invitedBy"], Value::Null);
    let answer = invite(&ada, bob, json!("Bob@Example.com")).await.ok();
    let shown = its().await;
    assert_eq!(shown["invitedBy"], json!({ "kind": "ADMIN_USER", "name": "Ada" }));
    assert_eq!(
        (&shown["email"], &shown["expiresAt"]),
        (&json!("bob@example.com"), answer.at("/invitation/expiresAt"))
    );
    // A page of them costs what one does.
    let page = "{ adminUsers { nodes { invitation { email } } } }";
    let cost = gateway.cost(owner, page, json!({})).await;
    let cleo = gateway.account("Cleo", AdminLevel::Admin).await;
    invite(&ada, cleo, Value::Null).await.ok();
    assert_eq!(gateway.cost(owner, page, json!({})).await, cost);

    accept(&gateway, answer.text("/invitation/token"), PASSWORD).await.ok();
    assert_eq!(its().await, Value::Null);
    gateway.advance(TimeDelta::hours(72));
    assert_eq!(of(ADMIN_USER.encode(cleo)).await, Value::Null);
}

#[tokio::test]
async fn of_many_at_once_one_gets_in() {
    let gateway = TestGateway::start().await;
    let token = gateway.invitation().unwrap();
    let answers = join_all((0..8).map(|_| accept(&gateway, token, PASSWORD))).await;
    let accepted = answers.iter().filter(|answer| answer.user_error_codes().is_empty()).count();
    assert_eq!(accepted, 1, "{answers:?}");
}

#[tokio::test]
async fn an_invitation_ends_after_three_days_and_with_its_account() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = gateway.account("Bob", AdminLevel::Support).await;
    let answer = invite(&ada, bob, Value::Null).await.ok();
    gateway.deactivate(bob).await;
    refused(&accept(&gateway, answer.text("/invitation/token"), PASSWORD).await, "INVALID", "token");
    gateway.advance(TimeDelta::hours(72));
    refused(&accept(&gateway, gateway.invitation().unwrap(), PASSWORD).await, "INVALID", "token");
}

#[tokio::test]
async fn an_invitation_is_good_for_what_the_account_was_while_who_made_it_could() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let managers = gateway.role("managers", &["access.manage_accounts", "access.read"]).await;
    let eve = enrolled(&gateway, "Eve", AdminLevel::Admin).await;
    gateway.assign(managers, eve.person.account, None).await;
    gateway.rights_read().await;
    let guest = async |name: &str| {
        let account = gateway.account(name, AdminLevel::Support).await;
        (account, invite(&eve, account, Value::Null).await.ok().text("/invitation/token").to_owned())
    };
    let is_no_good = async |token: &str, why: &str| {
        let answer = accept(&gateway, token, PASSWORD).await;
        assert_eq!(answer.user_error_codes(), ["INVALID"], "{why}: {}", answer.body);
    };
    // Eve, who has seen the text, would be a super admin.
    let (raised, token) = guest("Raised").await;
    gateway.set_level(raised, AdminLevel::SuperAdmin).await;
    is_no_good(&token, "above who invited").await;
    gateway.set_level(raised, AdminLevel::Support).await;
    let cleo = gateway.account("Cleo", AdminLevel::Support).await;
    let answer = invite(&eve, cleo, Value::Null).await.ok();
    let personal = gateway.role("personal", &["access.approve"]).await;
    let mut tx = Tx::system(gateway.kernel(), "test").await.unwrap();
    let new = NewAssignment { role_id: personal, admin_user_id: cleo, expires_at: None };
    access::assign(&mut tx, &Granter::Machine, new).await.unwrap();
    tx.commit().await.unwrap();
    is_no_good(answer.text("/invitation/token"), "given a role by others").await;
    // And Ada two people, of whom one approves what the other asks for.
    let bob = gateway.account("Bob", AdminLevel::Support).await;
    let seen_by_ada = invite(&ada, bob, Value::Null).await.ok();
    let mut tx = Tx::system(gateway.kernel(), "test").await.unwrap();
    let raise = AdminUserChanges { level: Some(AdminLevel::SuperAdmin), permissions: None };
    access::update_admin_user(&mut tx, &Granter::Machine, bob, raise, None).await.unwrap();
    tx.commit().await.unwrap();
    is_no_good(seen_by_ada.text("/invitation/token"), "raised by others").await;

    let (_, good) = guest("Good").await;
    let (_, late) = guest("Late").await;
    accept(&gateway, &good, PASSWORD).await.ok();
    gateway.deactivate(eve.person.account).await;
    is_no_good(&late, "who invited was taken out of use").await;
}

#[tokio::test]
async fn an_invitation_is_mailed_where_who_invites_says() {
    let mailbox = Mailbox::open().await;
    let gateway = TestGateway::start_with(mailbox.settings()).await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = gateway.account("Bob", AdminLevel::Support).await;
    let selection = "invitation { token email }";
    // What the directory has as his address, whoever synchronizes it says.
    let input = json!({ "adminUserId": ADMIN_USER.encode(bob), "byMail": true });
    refused(&ada.client.mutate("adminUserInvite", input, selection).await, "REQUIRED", "email");
    let input = json!({ "adminUserId": ADMIN_USER.encode(bob), "byMail": true, "email": "Bob@Example.com" });
    let answer = ada.client.mutate("adminUserInvite", input, selection).await.ok();
    assert_eq!(*answer.at("/invitation/email"), "bob@example.com");
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.personal("$.email"), Some(&json!("bob@example.com")));
    assert!(!fact.shows("bob@example.com"));
}

#[tokio::test]
async fn nobody_invites_to_more_than_they_have_nor_who_has_a_password() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let owner = ADMIN_USER.parse(&gateway.owner_id().await).unwrap();
    let managers = gateway.role("managers", &["access.manage_accounts", "access.read"]).await;
    let eve = enrolled(&gateway, "Eve", AdminLevel::Admin).await;
    gateway.assign(managers, eve.person.account, None).await;
    let cleo = gateway.account("Cleo", AdminLevel::Admin).await;
    let auditors = gateway.role("auditors", &["audit.read_personal"]).await;
    gateway.assign(auditors, cleo, None).await;
    let gone = gateway.account("Gone", AdminLevel::Support).await;
    gateway.deactivate(gone).await;
    let seen = gateway.recorded().await;
    refused(&invite(&eve, owner, Value::Null).await, "NOT_ALLOWED", "adminUserId");
    refused(&invite(&eve, cleo, Value::Null).await, "NOT_ALLOWED", "adminUserId");
    refused(&invite(&eve, eve.person.account, Value::Null).await, "NOT_ALLOWED", "adminUserId");
    refused(&invite(&eve, gone, Value::Null).await, "NOT_ALLOWED", "adminUserId");
    only_denied(&gateway, seen, &["adminUserInvite"]).await;
    let seen = gateway.recorded().await;
    refused(&invite(&ada, eve.person.account, Value::Null).await, "NOT_ALLOWED", "adminUserId");
    refused(&invite(&ada, Uuid::now_v7(), Value::Null).await, "NOT_FOUND", "adminUserId");
    refused(&invite(&ada, cleo, json!("nobody")).await, "INVALID", "email");
    refused(&invite(&ada, cleo, json!("EVE@example.com")).await, "TAKEN", "email");
    only_denied(&gateway, seen, &["adminUserInvite"]).await;
    // A token proves no second factor.
    let input = json!({ "adminUserId": ADMIN_USER.encode(cleo) });
    let answer = gateway.owner().mutate("adminUserInvite", input, "invitation { token }").await;
    assert_eq!(answer.codes(), ["STEP_UP_REQUIRED"]);
}

#[tokio::test]
async fn what_is_no_invitation_is_refused_and_changes_nothing() {
    let gateway = TestGateway::start().await;
    let good = gateway.invitation().unwrap();
    let seen = gateway.recorded().await;
    for token in
        ["", "opsi_", "opsi_AAAA", &good[..good.len() - 1], &good[1..], &good.replace("opsi", "opsr")]
    {
        refused(&accept(&gateway, token, PASSWORD).await, "INVALID", "token");
    }
    let made_up = format!("opsi_{}", "A".repeat(32));
    refused(&accept(&gateway, &made_up, PASSWORD).await, "INVALID", "token");
    assert_eq!(gateway.recorded().await, seen);
    accept(&gateway, good, PASSWORD).await.ok();
}

#[tokio::test]
async fn an_invitation_goes_out_by_mail_and_is_nowhere_else() {
    let mailbox = Mailbox::open().await;
    let gateway = TestGateway::start_with(mailbox.settings()).await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = gateway.account("Bob", AdminLevel::Support).await;
    let input = json!({ "adminUserId": ADMIN_USER.encode(bob), "email": "Bob@Example.com", "byMail": true });
    let answer = ada.client.mutate("adminUserInvite", input, "invitation { token expiresAt }").await.ok();
    assert!(answer.at("/invitation/token").is_null(), "{}", answer.body);
    gateway.run_until_idle().await;
    let mail = mailbox.read();
    let [mail] = &mail[..] else { panic!("{mail:?}") };
    let (head, body) = mail.split_once("\n\n").unwrap();
    assert!(
        head.contains("\nTo: Bob <bob@example.com>\n") && head.contains("Subject: You are invited"),
        "{head}"
    );
    assert!(head.contains("From: Opsgate <opsgate@example.com>\n"), "{head}");
    // Quoted-printable (RFC 2045, section 6.7), as far as a link goes.
    let body = body.replace("=\n", "").replace("=3D", "=");
    let (_, rest) = body.split_once("https://opsgate.example/graphql#invitation=").unwrap();
    let token = rest.lines().next().unwrap();
    // Not in the task either, done as it is.
    let tasks = entity::task::Entity::find().all(gateway.kernel().db().reader()).await.unwrap();
    assert!(!format!("{tasks:?}").contains(token), "{tasks:?}");
    accept(&gateway, token, PASSWORD).await.ok();
}

#[tokio::test]
async fn without_a_mail_server_no_invitation_is_mailed() {
    let gateway = TestGateway::start().await;
    let ada = enrolled(&gateway, "Ada", AdminLevel::SuperAdmin).await;
    let bob = gateway.account("Bob", AdminLevel::Support).await;
    let input = json!({ "adminUserId": ADMIN_USER.encode(bob), "byMail": true });
    let answer = ada.client.mutate("adminUserInvite", input, "invitation { token expiresAt }").await;
    refused(&answer, "NOT_ALLOWED", "byMail");
}
