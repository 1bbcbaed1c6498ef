//! The whole way: somebody is invited, enrols, is given what is sensitive by a second person's approval, sees what a user
//! sees, and loses it all in mid-stream.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use opsgate::{config::Overrides, directory::USER, kernel::clock::Clock};
use serde_json::json;
use tests::{Answer, Authenticator, Client, Database, Socket, TestGateway};

use super::{is_let_in, turned_away};

const PASSWORDS: [&str; 2] = ["correct 17 gazelles", "upright 23 walruses"];
const TITLES: &str = "subscription { incidentChanged { incident { title } } }";

/// Accepts an invitation and enrols a second factor: whoever is signed in then, and their app.
async fn enrol(gateway: &TestGateway, invitation: &str, password: &str) -> (Client, Authenticator) {
    let input = json!({ "token": invitation, "password": password });
    let selection = "tokens { accessToken isEnrolmentRequired } enrolment { uri }";
    let accepted = gateway.nobody().mutate("invitationAccept", input, selection).await.ok();
    assert_eq!(*accepted.at("/tokens/isEnrolmentRequired"), true);
    let client = gateway.holder(&accepted);
    // Before anything else.
    assert_eq!(client.run("{ viewer { permissions } }").await.codes(), ["FORBIDDEN"]);
    let app = Authenticator::read(accepted.text("/enrolment/uri"));
    let code = json!({ "code": app.code(gateway.kernel().clock().now()) });
    let confirmed = client.mutate("mfaConfirm", code, "tokens { accessToken }").await.ok();
    (gateway.holder(&confirmed), app)
}

async fn impersonate(client: &Client, user: &str) -> Answer {
    let input = json!({ "userId": user, "reason": "INC-2026-0042", "minutes": 30 });
    client.mutate("impersonationStart", input, "credential impersonation { id isReadOnly }").await
}

async fn create_incident(client: &Client, title: &str) -> Answer {
    let input = json!({ "title": title, "severity": "LOW" });
    client.mutate("incidentCreate", input, "incident { id }").await
}

/// A stream of incidents that is on.
async fn follow(client: &Client) -> Socket {
    let mut socket = client.socket().await;
    socket.subscribe("1", TITLES, json!({})).await;
    // It is heard: what was said before was, too.
    socket.subscribe("2", "{ __typename }", json!({})).await;
    socket.payload("2").await;
    socket
}

#[tokio::test]
async fn from_the_invitation_to_the_loss_of_everything_in_mid_stream() {
    let database = Arc::new(Database::create().await);
    let start = async || {
        let clock = Clock::manual(tests::START.parse().unwrap());
        TestGateway::start_on(database.clone(), Overrides::default(), clock).await
    };
    let gateway = start().await;
    let acme = gateway.organization("acme").await;
    let uma = USER.encode(gateway.member("Uma", acme).await);
    let partner = gateway.partner(&["*"], acme).await;
    create_incident(&partner, "before").await.ok();

    // The first start invites the owner. Two more super admins are made at the machine: from then on what is sensitive
    // takes two people.
    let (owner, _) = enrol(&gateway, gateway.invitation().unwrap(), PASSWORDS[0]).await;
    let bea = gateway.account("Bea", AdminLevel::SuperAdmin).await;
    gateway.account("Cleo", AdminLevel::SuperAdmin).await;
    let bea = gateway.in_person(bea);

    // A super admin makes Ada an admin, and invites her.
    let user = USER.encode(gateway.user("Ada").await);
    let input = json!({ "userId": user, "level": "ADMIN" });
    let made = owner.mutate("adminUserCreate", input, "adminUser { id } approval { id }").await.ok();
    assert!(made.at("/approval").is_null(), "{}", made.body);
    let ada_id = made.text("/adminUser/id").to_owned();
    let input = json!({ "adminUserId": ada_id, "email": "ada@example.com" });
    let invited = owner.mutate("adminUserInvite", input, "invitation { token }").await.ok();
    let (ada, app) = enrol(&gateway, invited.text("/invitation/token"), PASSWORDS[1]).await;
    gateway.rights_read().await;
    assert_eq!(impersonate(&ada, &uma).await.codes(), ["FORBIDDEN"]);

    // What she needs is sensitive. She can't give it to herself, and the owner alone can't either.
    let input = json!({ "name": "support in person", "permissions": ["access.impersonate", "access.read"] });
    let role = owner.mutate("roleCreate", input, "role { id }").await.ok();
    let input = json!({ "roleId": role.at("/role/id"), "adminUserId": ada_id });
    assert_eq!(ada.mutate("roleAssign", input.clone(), "").await.codes(), ["FORBIDDEN"]);
    let asked = owner.mutate("roleAssign", input, "roleAssignment { id } approval { id status }").await.ok();
    assert!(asked.at("/roleAssignment").is_null());
    assert_eq!(*asked.at("/approval/status"), "OPEN");
    let approval = json!({ "id": asked.at("/approval/id") });
    let own = owner.mutate("approvalApprove", approval.clone(), "").await;
    assert_eq!(own.user_error_codes(), ["NOT_ALLOWED"], "{}", own.body);
    assert_eq!(impersonate(&ada, &uma).await.codes(), ["FORBIDDEN"]);
    bea.mutate("approvalApprove", approval.clone(), "approval { status }").await.ok();
    gateway.run_until_idle().await;
    gateway.rights_read().await;
    let document = "query($id: ID!) { approval(id: $id) { status resultId } }";
    let done = owner.run_with(document, approval).await.ok();
    assert_eq!(*done.at("/approval/status"), "EXECUTED");
    let assignment = done.text("/approval/resultId").to_owned();

    // Too long ago that she proved who she is: she does so again.
    gateway.advance(TimeDelta::seconds(301));
    assert_eq!(impersonate(&ada, &uma).await.codes(), ["STEP_UP_REQUIRED"]);
    let code = json!({ "code": app.code(gateway.kernel().clock().now()) });
    let stepped_up = ada.mutate("sessionStepUp", code, "tokens { accessToken }").await.ok();
    let ada = gateway.holder(&stepped_up);
    let begun = impersonate(&ada, &uma).await.ok();
    assert_eq!(*begun.at("/impersonation/isReadOnly"), true);
    gateway.rights_read().await;

    // She sees what Uma's organization sees, on any replica, and changes nothing.
    let second = if Database::is_postgres() { Some(start().await) } else { None };
    let replicas: Vec<_> = std::iter::once(&gateway).chain(&second).collect();
    let as_uma: Vec<_> = replicas.iter().map(|replica| replica.client(begun.text("/credential"))).collect();
    let mut streams = Vec::new();
    for client in &as_uma {
        let seen = client.run("{ incidents { nodes { title } } }").await.ok();
        assert_eq!(*seen.at("/incidents/nodes"), json!([{ "title": "before" }]));
        streams.push(follow(client).await);
    }
    let seen = gateway.recorded().await;
    assert_eq!(create_incident(&as_uma[0], "hers").await.codes(), ["FORBIDDEN"]);
    let denied = gateway.facts(seen).await;
    let [denied] = &denied[..] else { panic!("{denied:?}") };
    assert_eq!((&denied.event.actor_id, denied.event.impersonator_id.as_ref()), (&uma, Some(&ada_id)));
    create_incident(&partner, "meanwhile").await.ok();
    for stream in &mut streams {
        let told = stream.payload("1").await;
        assert_eq!(told["data"]["incidentChanged"]["incident"]["title"], "meanwhile");
    }

    // The role is taken away: within a second everything that it gave is gone, on every replica.
    let revoked = owner.mutate("roleRevoke", json!({ "id": assignment }), "roleAssignment { id }");
    // Whoever takes something away needs no step-up for it.
    revoked.await.ok();
    let revoked = Instant::now();
    for stream in &mut streams {
        assert_eq!(stream.closed().await, (4401, "revoked".to_owned()));
    }
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    for client in &as_uma {
        turned_away(&client.run("{ viewer { permissions } }").await);
    }
    gateway.rights_read().await;
    assert_eq!(impersonate(&ada, &uma).await.codes(), ["FORBIDDEN"]);

    // Her account is taken out of use, and nothing of hers is good any more.
    let mut own = ada.socket().await;
    let input = json!({ "id": ada_id });
    owner.mutate("adminUserDeactivate", input, "").await.ok();
    assert_eq!(own.closed().await, (4401, "revoked".to_owned()));
    gateway.rights_read().await;
    assert!(!is_let_in(&ada).await);

    // All of it is on the record, in this order.
    let facts = gateway.facts(0).await;
    let of_ada = facts.iter().filter(|fact| {
        let said = fact.body.to_string();
        said.contains(&ada_id) && fact.event.event_type != "admin.access.denied"
    });
    let types: Vec<_> = of_ada.map(|fact| &*fact.event.event_type).collect();
    let expected = [
        "admin.user.created",
        "admin.user.invited",
        "admin.invitation.accepted",
        "admin.session.started",
        "admin.mfa.begun",
        "admin.mfa.enrolled",
        "admin.approval.requested",
        "admin.role.granted",
        "admin.session.stepped_up",
        "admin.impersonation.started",
        "admin.role.revoked",
        "admin.user.deactivated",
        "admin.session.revoked",
        "admin.impersonation.ended",
    ];
    assert_eq!(types, expected);
    if let Some(second) = second {
        second.stop().await;
    }
}
