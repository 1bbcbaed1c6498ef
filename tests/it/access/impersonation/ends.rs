//! When it is over, in every process.

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::{
    access::ROLE_ASSIGNMENT,
    directory::USER,
    kernel::actor::{ADMIN_USER, ORGANIZATION},
};
use serde_json::{Value, json};
use tests::{Client, TestGateway};

use super::{ROLE_OF, ada, begun, end, of, user_of};
use crate::access::{follow, is_let_in, refused, turned_away};

#[tokio::test]
async fn one_that_is_ended_is_turned_away_and_its_streams_end() {
    let gateway = TestGateway::start().await;
    let (account, _, ada) = ada(&gateway, &ROLE_OF).await;
    let user = gateway.member("Uma", gateway.organization("acme").await).await;
    let bob = gateway.account("Bob", AdminLevel::Admin).await;
    let managing = gateway.owner_in_person().await;
    for by in [&ada, &managing] {
        let (impersonation, uma) = begun(&gateway, &ada, of(user)).await;
        let mut socket = follow(&uma).await;
        let id = &impersonation["id"];
        refused(&end(&gateway.signed_in(bob), id).await, "NOT_ALLOWED", "id");
        let ended = end(by, id).await.ok();
        assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
        gateway.rights_read().await;
        turned_away(&uma.run("{ viewer { permissions } }").await);
        let after = ended.at("/impersonation");
        for (field, expected) in [
            ("isActive", json!(false)),
            ("endedBy", json!("ENDED")),
            ("endedAt", after["updatedAt"].clone()),
            ("version", json!(2)),
        ] {
            assert_eq!(after[field], expected, "{field}");
        }
        let fact = gateway.proved(&ended).await;
        assert_eq!(
            (&*fact.event.event_type, &*fact.entry.action),
            ("admin.impersonation.ended", "IMPERSONATION_END")
        );
        refused(&end(by, id).await, "INVALID_TRANSITION", "id");
    }
    let found = async |filter: Value| {
        let document =
            "query($filter: ImpersonationFilter) { impersonations(filter: $filter) { nodes { id } } }";
        let answer = gateway.owner().run_with(document, json!({ "filter": filter })).await.ok();
        answer.at("/impersonations/nodes").as_array().unwrap().len()
    };
    assert_eq!(found(json!({ "userId": { "eq": USER.encode(user) } })).await, 2);
    assert_eq!(found(json!({ "impersonatorId": { "eq": ADMIN_USER.encode(account) } })).await, 2);
    assert_eq!(found(json!({ "endedAt": { "isNull": true } })).await, 0);
}

#[tokio::test]
async fn it_ends_with_its_time_with_the_right_to_it_and_with_its_session() {
    let gateway = TestGateway::start().await;
    let (account, assignment, ada) = ada(&gateway, &ROLE_OF).await;
    let user = gateway.member("Uma", gateway.organization("acme").await).await;
    let mut input = of(user);
    input["minutes"] = json!(1);
    let (short, uma) = begun(&gateway, &ada, input).await;
    let mut socket = follow(&uma).await;
    let seen = gateway.recorded().await;
    gateway.advance(TimeDelta::minutes(1));
    assert_eq!(socket.closed().await, (4403, "expired".to_owned()));
    assert!(!is_let_in(&uma).await);
    gateway.run_until_idle().await;
    let facts = gateway.facts(seen).await;
    let [fact] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(fact.event.event_type, "admin.impersonation.ended");
    assert_eq!(
        (&fact.event.entity_id, &fact.event.payload["endedBy"]),
        (&short["id"].as_str().unwrap().to_owned(), &json!("EXPIRED"),)
    );

    // By a session of ours.
    let person = gateway.person(account, "ada@example.com").await;
    let begun_by = gateway.sign_in(person.input(Value::Null)).await.ok();
    let (_, confirmed) = gateway.enrol(&gateway.holder(&begun_by)).await;
    let signed_in = gateway.holder(&confirmed);
    let (of_session, uma) = begun(&gateway, &signed_in, of(user)).await;
    let mut socket = follow(&uma).await;
    signed_in.mutate("sessionRevoke", json!({}), "").await.ok();
    assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
    let document = "query($id: ID!) { impersonation(id: $id) { isActive endedBy } }";
    let after = gateway.owner().run_with(document, json!({ "id": of_session["id"] })).await.ok();
    assert_eq!(*after.at("/impersonation"), json!({ "isActive": false, "endedBy": "SESSION_ENDED" }));

    // And with the role that gave the right to it.
    let (_, uma) = begun(&gateway, &ada, of(user)).await;
    let mut socket = follow(&uma).await;
    let input = json!({ "id": ROLE_ASSIGNMENT.encode(assignment) });
    gateway.owner().mutate("roleRevoke", input, "").await.ok();
    assert_eq!(socket.closed().await, (4401, "revoked".to_owned()));
    gateway.rights_read().await;
    assert!(!is_let_in(&uma).await);
}

#[tokio::test]
async fn nobody_acts_in_the_place_of_somebody_who_has_risen_above_them() {
    let gateway = TestGateway::start().await;
    let (_, _, ada) = ada(&gateway, &ROLE_OF).await;
    let sue = gateway.account("Sue", AdminLevel::Support).await;
    let (_, as_sue) = begun(&gateway, &ada, of(user_of(&gateway, sue).await)).await;
    assert!(is_let_in(&as_sue).await);
    gateway.set_level(sue, AdminLevel::SuperAdmin).await;
    assert!(!is_let_in(&as_sue).await);
}

/// A person from outside, who is a member of `organization`: them, and their being one.
async fn member(owner: &Client, id: &str, organization: &str) -> (String, String) {
    let person = json!({ "externalId": id, "email": "uma@example.com", "name": "Uma" });
    let made = owner.mutate("usersUpsert", json!({ "users": [person] }), "results { id }").await.ok();
    let user = made.text("/results/0/id").to_owned();
    let input = json!({ "organizationId": organization, "userId": user, "role": "member" });
    let member = owner.mutate("organizationMemberAdd", input, "member { id }").await.ok();
    (user, member.text("/member/id").to_owned())
}

#[tokio::test]
async fn it_ends_in_every_process_when_what_it_was_begun_on_is_so_no_more() {
    let replicas = TestGateway::start_replicas().await;
    let gateway = &replicas[0];
    let (_, _, ada) = ada(gateway, &ROLE_OF).await;
    let owner = gateway.owner_in_person().await;
    let other = ORGANIZATION.encode(gateway.organization("globex").await);
    for end in ["organizationMemberRemove", "organizationMerge", "usersUpsert", "adminUserCreate"] {
        let organization = ORGANIZATION.encode(gateway.organization(&end.to_lowercase()).await);
        let (user, membership) = member(&owner, end, &organization).await;
        let input = json!({ "organizationId": other, "userId": user, "role": "guest" });
        let elsewhere = owner.mutate("organizationMemberAdd", input, "member { id }").await.ok();
        let input = json!({ "userId": user, "organizationId": organization, "reason": "to see" });
        let (impersonation, uma) = begun(gateway, &ada, input).await;
        // What she is elsewhere is no matter.
        let input = json!({ "id": elsewhere.at("/member/id") });
        owner.mutate("organizationMemberRemove", input, "").await.ok();
        let mut streams = Vec::new();
        for replica in &replicas {
            replica.rights_read().await;
            let uma = replica.client(uma.credential().unwrap());
            assert!(is_let_in(&uma).await, "{end}");
            streams.push((follow(&uma).await, uma));
        }
        let input = match end {
            "organizationMemberRemove" => json!({ "id": membership }),
            "organizationMerge" => json!({ "sourceId": organization, "targetId": other }),
            "usersUpsert" => {
                let gone = json!({ "externalId": end, "email": "uma@example.com", "name": "Uma", "isDeleted": true });
                json!({ "users": [gone] })
            }
            _ => json!({ "userId": user, "level": "SUPPORT" }),
        };
        owner.mutate(end, input, "").await.ok();
        for (socket, uma) in &mut streams {
            assert_eq!(socket.closed().await, (4401, "revoked".to_owned()), "{end}");
            turned_away(&uma.run("{ viewer { permissions } }").await);
        }
        let document = "query($id: ID!) { impersonation(id: $id) { isActive } }";
        let after = gateway.owner().run_with(document, json!({ "id": impersonation["id"] })).await.ok();
        assert_eq!(*after.at("/impersonation/isActive"), json!(false), "{end}");
    }
}
