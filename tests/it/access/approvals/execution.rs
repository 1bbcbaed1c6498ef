//! What was approved is done once, while everything that it rests on still holds.

use chrono::TimeDelta;
use entity::{
    admin_user::AdminLevel,
    approval::{self, ApprovalStatus},
};
use futures_util::future::{join, join_all};
use opsgate::{
    access::{
        self, AdminUserChanges, Granter, ROLE,
        approvals::{self, Decider},
    },
    kernel::{actor::ADMIN_USER, id::Prefix, tx::Tx},
    schema,
};
use serde_json::json;

use super::{Cast, KEY, approve, tried, uuid};
use crate::access::{permissions, refused};

#[tokio::test]
async fn of_two_who_approve_at_once_one_does() {
    let cast = Cast::new().await;
    for _ in 0..3 {
        let id = cast.asked().await;
        let answers = join_all([approve(&cast.bea, &id), approve(&cast.cleo, &id)]).await;
        let mut codes: Vec<_> = answers.iter().map(|answer| answer.user_error_codes().join(" ")).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["", "INVALID_TRANSITION"], "{answers:?}");
        let done = cast.settled(&id).await;
        assert_eq!(done["status"], "EXECUTED");
        assert_eq!(done["votes"].as_array().unwrap().len(), 1);
        // It was given once: taken away once, it is gone.
        assert!(cast.is_given().await);
        cast.owner.mutate("roleRevoke", json!({ "id": done["resultId"] }), "").await.ok();
        cast.gateway.rights_read().await;
        assert!(!cast.is_given().await);
    }
}

#[tokio::test]
async fn what_is_stopped_while_others_approve_is_done_or_is_stopped() {
    let cast = Cast::new().await;
    for round in 0..6 {
        let id = cast.asked().await;
        let stop = async {
            if round % 2 == 0 {
                tried(&cast.cleo, "approvalDeny", json!({ "id": id, "reason": "not her" })).await
            } else {
                tried(&cast.owner, "approvalCancel", json!({ "id": id })).await
            }
        };
        let (approved, stopped) = join(approve(&cast.bea, &id), stop).await;
        let settled = cast.settled(&id).await;
        let is_stopped = stopped.user_error_codes().is_empty();
        let expected = match round % 2 {
            _ if !is_stopped => "EXECUTED",
            0 => "DENIED",
            _ => "CANCELLED",
        };
        assert_eq!(settled["status"], expected, "{} {}", approved.body, stopped.body);
        assert_eq!(cast.is_given().await, !is_stopped);
        if !is_stopped {
            refused(&stopped, "INVALID_TRANSITION", "id");
            cast.owner.mutate("roleRevoke", json!({ "id": settled["resultId"] }), "").await.ok();
        }
    }
}

#[tokio::test]
async fn who_lost_the_right_before_it_is_done_has_no_say_any_more() {
    let cast = Cast::new().await;
    let kernel = cast.gateway.kernel();
    let owner = ADMIN_USER.parse(&cast.gateway.owner_id().await).unwrap();
    for (loses, why) in [
        (cast.bea_id, "who approved this may not do so any more"),
        (owner, "who asked for this may not do it any more"),
    ] {
        let id = cast.asked().await;
        // Approved, and demoted before anybody can carry it out: in one transaction.
        let mut tx = Tx::system(kernel, "test").await.unwrap();
        let decider = Decider { account: Some(cast.bea_id), permissions: schema::catalogue().all() };
        approvals::approve(&mut tx, &decider, uuid(&id), None, None).await.unwrap();
        let demotion = AdminUserChanges { level: Some(AdminLevel::Admin), permissions: None };
        access::update_admin_user(&mut tx, &Granter::Machine, loses, demotion, None).await.unwrap();
        tx.commit().await.unwrap();

        let denied = cast.settled(&id).await;
        assert_eq!((&denied["status"], &denied["deniedBecause"]), (&json!("DENIED"), &json!(why)));
        assert!(!cast.is_given().await);
        cast.gateway.set_level(loses, AdminLevel::SuperAdmin).await;
    }
}

#[tokio::test]
async fn what_was_changed_behind_its_hash_is_not_done() {
    let cast = Cast::new().await;
    let administrator = cast.gateway.role("everything", &["*"]).await;
    type Change = Box<dyn Fn(&mut approval::Model)>;
    let changes: [Change; 5] = [
        Box::new(move |row| row.payload["roleId"] = json!(ROLE.encode(administrator))),
        Box::new(|row| row.payload["expiresAt"] = json!("2030-01-01T00:00:00Z")),
        Box::new(|row| row.beneficiary_id = None),
        Box::new(|row| row.permission = "access.read".to_owned()),
        Box::new(|row| row.payload_hash = vec![7; 32]),
    ];
    for change in changes {
        let id = cast.asked().await;
        cast.tamper(&id, change).await;
        approve(&cast.bea, &id).await.ok();
        let denied = cast.settled(&id).await;
        assert_eq!(denied["status"], "DENIED", "{denied}");
        assert_eq!(denied["deniedBecause"], "what stands here isn't what was asked for");
        assert!(!cast.is_given().await);
    }
    // Who makes it look approved has nobody who approved it, and nobody whom that wakes.
    let id = cast.asked().await;
    cast.tamper(&id, |row| row.status = ApprovalStatus::Approved).await;
    assert_eq!(cast.settled(&id).await["status"], "APPROVED");
    refused(&approve(&cast.bea, &id).await, "INVALID_TRANSITION", "id");
    cast.gateway.advance(TimeDelta::days(7));
    assert_eq!(cast.settled(&id).await["status"], "EXPIRED");
    assert!(!cast.is_given().await);
}

#[tokio::test]
async fn what_changed_meanwhile_is_not_what_was_approved() {
    let cast = Cast::new().await;
    let id = cast.asked().await;
    let input = json!({ "id": ROLE.encode(cast.role), "permissions": [KEY, "access.*"] });
    cast.owner.mutate("roleUpdate", input, "").await.ok();
    approve(&cast.bea, &id).await.ok();
    let denied = cast.settled(&id).await;
    let why = "the role was changed meanwhile: what it gives isn't what was approved";
    assert_eq!((&denied["status"], &denied["deniedBecause"]), (&json!("DENIED"), &json!(why)));
    assert!(!cast.is_given().await);

    let account = ADMIN_USER.encode(cast.ada);
    let promotion = json!({ "id": account, "level": "SUPER_ADMIN" });
    let answer =
        cast.owner.mutate("adminUserUpdate", promotion, "adminUser { id } approval { id }").await.ok();
    assert!(answer.at("/adminUser").is_null());
    let id = answer.at("/approval/id").clone();
    let change = json!({ "id": account, "level": "ADMIN" });
    cast.owner.mutate("adminUserUpdate", change, "").await.ok();
    approve(&cast.bea, &id).await.ok();
    let denied = cast.settled(&id).await;
    assert_eq!(denied["deniedBecause"], "it was changed meanwhile: it is at version 2");
}

#[tokio::test]
async fn accounts_are_made_and_raised_with_somebody_elses_approval() {
    let cast = Cast::new().await;
    let person = cast.gateway.user("Dora").await;
    let input = json!({ "userId": Prefix("usr").encode(person), "level": "SUPER_ADMIN", "permissions": [] });
    let selection = "adminUser { id } approval { id summary beneficiary { name } }";
    let answer = cast.owner.mutate("adminUserCreate", input.clone(), selection).await.ok();
    assert!(answer.at("/adminUser").is_null());
    assert_eq!(*answer.at("/approval/beneficiary/name"), "Dora");
    assert_eq!(*answer.at("/approval/summary"), "make an account: level SUPER_ADMIN; no permissions beside");
    let id = answer.at("/approval/id").clone();
    approve(&cast.bea, &id).await.ok();
    let done = cast.settled(&id).await;
    assert_eq!(done["status"], "EXECUTED");
    let document = "query($id: ID!) { adminUser(id: $id) { name level isActive } }";
    let made = cast.owner.run_with(document, json!({ "id": done["resultId"] })).await.ok();
    assert_eq!(*made.at("/adminUser"), json!({ "name": "Dora", "level": "SUPER_ADMIN", "isActive": true }));
    refused(&cast.owner.mutate("adminUserCreate", input, "").await, "TAKEN", "userId");

    let account = ADMIN_USER.encode(cast.ada);
    let input = json!({ "id": account, "level": "ADMIN", "permissions": ["access.*"] });
    let answer = cast.owner.mutate("adminUserUpdate", input, selection).await.ok();
    let summary = "change an account: level ADMIN; permissions access.*";
    assert_eq!(*answer.at("/approval/summary"), summary);
    let id = answer.at("/approval/id").clone();
    let before = cast.owner.run_with(document, json!({ "id": account })).await.ok();
    assert_eq!(*before.at("/adminUser/level"), "SUPPORT");
    approve(&cast.cleo, &id).await.ok();
    assert_eq!(cast.settled(&id).await["resultId"], account);
    let ada = permissions(&cast.gateway.signed_in(cast.ada)).await;
    assert!(ada.contains(&"access.approve".to_owned()) && ada.contains(&"incidents.manage".to_owned()));
}
