//! Whoever gets into an account could be anybody: inviting to one that may what is sensitive is as giving that.

use entity::admin_user::AdminLevel;
use opsgate::kernel::actor::ADMIN_USER;
use serde_json::{Value, json};
use tests::{Answer, Client, Mailbox, TestGateway};
use uuid::Uuid;

use super::{Cast, approve};
use crate::access::{only_denied, refused};

async fn invite(client: &Client, account: Uuid, email: Value, by_mail: bool) -> Answer {
    let input = json!({ "adminUserId": ADMIN_USER.encode(account), "email": email, "byMail": by_mail });
    client.mutate("adminUserInvite", input, "invitation { token } approval { id payload summary }").await
}

async fn with_mail() -> (Mailbox, Cast) {
    let mailbox = Mailbox::open().await;
    let gateway = TestGateway::start_with(mailbox.settings()).await;
    (mailbox, Cast::on(gateway).await)
}

/// The invitation of the one mail that went out.
fn mailed(mailbox: &Mailbox) -> String {
    let mail = mailbox.read();
    let [mail] = &mail[..] else { panic!("{mail:?}") };
    let mail = mail.replace("=\n", "").replace("=3D", "=");
    let (_, rest) = mail.split_once("#invitation=").unwrap();
    rest.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn one_super_admin_does_not_become_two() {
    let (mailbox, cast) = with_mail().await;
    let gateway = &cast.gateway;
    // Bea signs in by the issuer, and has no password here.
    let answer = invite(&cast.owner, cast.bea_id, json!("bea@example.com"), false).await;
    refused(&answer, "REQUIRED", "byMail");
    let answer = invite(&cast.owner, cast.bea_id, json!("Bea@Example.com"), true).await.ok();
    assert!(answer.at("/invitation").is_null(), "{}", answer.body);
    let approval = answer.at("/approval");
    // Who decides sees where it goes. On the record that is sealed.
    assert_eq!(approval["payload"]["email"], "bea@example.com");
    assert_eq!(approval["payload"]["adminUserId"], ADMIN_USER.encode(cast.bea_id));
    assert!(approval["payload"]["sensitive"].as_array().unwrap().contains(&json!("access.approve")));
    let fact = gateway.proved(&answer).await;
    assert_eq!(fact.event.event_type, "admin.approval.requested");
    assert_eq!(fact.personal("$.payload.email"), Some(&json!("bea@example.com")));
    assert!(!fact.shows("bea@example.com"));
    gateway.run_until_idle().await;
    assert!(mailbox.read().is_empty(), "nobody has approved it");
    let id = &approval["id"];
    for client in [&cast.owner, &cast.bea] {
        refused(&approve(client, id).await, "NOT_ALLOWED", "id");
    }
    // Cleo wouldn't, and nothing goes out.
    let input = json!({ "id": id, "reason": "She has her issuer." });
    cast.cleo.mutate("approvalDeny", input, "").await.ok();
    gateway.run_until_idle().await;
    assert!(mailbox.read().is_empty());
}

#[tokio::test]
async fn what_others_have_approved_goes_out_by_mail_alone() {
    let (mailbox, cast) = with_mail().await;
    let answer = invite(&cast.owner, cast.bea_id, json!("bea@example.com"), true).await.ok();
    let id = answer.at("/approval/id").clone();
    let seen = cast.gateway.recorded().await;
    approve(&cast.cleo, &id).await.ok();
    let done = cast.settled(&id).await;
    assert_eq!(
        (&done["status"], &done["resultId"]),
        (&json!("EXECUTED"), &json!(ADMIN_USER.encode(cast.bea_id)))
    );
    let types = cast.types(seen).await;
    assert_eq!(types, ["admin.approval.approved", "admin.user.invited", "admin.approval.executed"]);
    let accepted = json!({ "token": mailed(&mailbox), "password": "correct 17 gazelles" });
    cast.gateway.nobody().mutate("invitationAccept", accepted, "").await.ok();
    // Who was demoted meanwhile can't ask for more.
    let dora = cast.gateway.account("Dora", AdminLevel::SuperAdmin).await;
    let id = invite(&cast.bea, dora, json!("dora@example.com"), true).await.ok().at("/approval/id").clone();
    cast.gateway.set_level(cast.bea_id, AdminLevel::Admin).await;
    approve(&cast.cleo, &id).await.ok();
    assert_eq!(cast.settled(&id).await["status"], "DENIED");
}

#[tokio::test]
async fn what_the_account_may_is_what_was_approved() {
    let (mailbox, cast) = with_mail().await;
    let dora = cast.gateway.account("Dora", AdminLevel::Admin).await;
    cast.gateway.assign(cast.role, dora, None).await;
    let answer = invite(&cast.owner, dora, json!("dora@example.com"), true).await.ok();
    assert_eq!(answer.at("/approval/payload")["sensitive"], json!(["audit.read_personal"]));
    let more = cast.gateway.role("approving", &["access.approve"]).await;
    cast.gateway.assign(more, dora, None).await;
    let id = answer.at("/approval/id");
    approve(&cast.bea, id).await.ok();
    let denied = cast.settled(id).await;
    assert_eq!(denied["status"], "DENIED");
    assert_eq!(
        denied["deniedBecause"],
        "what the account may was changed meanwhile: it isn't what was approved"
    );
    assert!(mailbox.read().is_empty());
}

#[tokio::test]
async fn while_there_are_too_few_it_is_done_at_the_machine() {
    let mailbox = Mailbox::open().await;
    let gateway = TestGateway::start_with(mailbox.settings()).await;
    let bea = gateway.account("Bea", AdminLevel::SuperAdmin).await;
    let owner = gateway.owner_in_person().await;
    let seen = gateway.recorded().await;
    for by_mail in [false, true] {
        let answer = invite(&owner, bea, json!("bea@example.com"), by_mail).await;
        let said = refused(&answer, "APPROVAL_REQUIRED", "adminUserId");
        assert!(said.ends_with("gives it at the machine, by `opsgate admin`"), "{said}");
    }
    only_denied(&gateway, seen, &["adminUserInvite"]).await;
}
