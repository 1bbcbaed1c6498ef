//! What a role feeds ends with it, and what an account does with that, in every process.

use chrono::{DateTime, TimeDelta, Utc};
use entity::admin_user::AdminLevel;
use opsgate::{access::ROLE_ASSIGNMENT, kernel::actor::ADMIN_USER};
use serde_json::json;
use tests::{Message, Socket, TestGateway};
use uuid::Uuid;

const ENTRIES: &str =
    "subscription($after: EventCursor) { auditLogged(after: $after) { auditLog { action } } }";

/// Support reads no audit log but for a role.
async fn reader(gateway: &TestGateway, expires_at: Option<DateTime<Utc>>) -> (Uuid, Uuid) {
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = gateway.role("reader", &["audit.read"]).await;
    (account, gateway.assign(role, account, expires_at).await)
}

/// A stream of `account` on each replica, on which something was shown.
async fn follow(replicas: &[TestGateway], account: Uuid) -> Vec<Socket> {
    let mut streams = Vec::new();
    // From here on: it may begin later than what is shown happens.
    let after = replicas[0].owner().run("{ eventCursor }").await.ok().at("/eventCursor").clone();
    for replica in replicas {
        replica.rights_read().await;
        let mut socket = replica.signed_in(account).socket().await;
        socket.subscribe("1", ENTRIES, json!({ "after": after })).await;
        streams.push(socket);
    }
    // Something that is on the record.
    let input = json!({ "name": "one", "permissions": ["incidents.read"] });
    replicas[0].owner_in_person().await.mutate("roleCreate", input, "").await.ok();
    for socket in &mut streams {
        assert!(socket.payload("1").await["data"]["auditLogged"].is_object());
    }
    streams
}

/// The stream ends with this, and nothing that happens after that is shown.
async fn is_refused(socket: &mut Socket) {
    loop {
        let Message::Json(message) = socket.next().await else { panic!("the connection has ended") };
        if message["type"] == "next" {
            assert!(message["payload"].get("errors").is_none(), "{message}");
            continue;
        }
        assert_eq!(message["type"], "error", "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], "FORBIDDEN", "{message}");
        return;
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_role_that_feeds_it() {
    let replicas = TestGateway::start_replicas().await;
    let end = replicas[0].kernel().clock().now() + TimeDelta::minutes(2);
    let (account, _) = reader(&replicas[0], Some(end)).await;
    let mut streams = follow(&replicas, account).await;
    for (replica, socket) in replicas.iter().zip(&mut streams) {
        replica.advance(TimeDelta::minutes(2));
        // Nothing happens that would tell: its time is over.
        is_refused(socket).await;
        // The account itself goes on.
        socket.subscribe("2", "{ viewer { permissions } }", json!({})).await;
        let viewer = socket.payload("2").await;
        let held = viewer["data"]["viewer"]["permissions"].as_array().unwrap();
        assert!(!held.is_empty() && !held.contains(&json!("audit.read")), "{viewer}");
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_role_is_revoked() {
    let replicas = TestGateway::start_replicas().await;
    let (account, assignment) = reader(&replicas[0], None).await;
    let mut streams = follow(&replicas, account).await;
    let input = json!({ "id": ROLE_ASSIGNMENT.encode(assignment) });
    replicas[0].owner().mutate("roleRevoke", input, "").await.ok();
    for socket in &mut streams {
        is_refused(socket).await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_account() {
    let replicas = TestGateway::start_replicas().await;
    let (account, _) = reader(&replicas[0], None).await;
    let mut streams = follow(&replicas, account).await;
    let input = json!({ "id": ADMIN_USER.encode(account) });
    replicas[0].owner().mutate("adminUserDeactivate", input, "").await.ok();
    for socket in &mut streams {
        loop {
            match socket.next().await {
                Message::Json(message) => assert_eq!(message["type"], "next", "{message}"),
                Message::Closed(code, reason) => break assert_eq!((code, &*reason), (4401, "revoked")),
            }
        }
    }
}
