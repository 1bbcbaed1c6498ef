//! What a role feeds ends with it.

use chrono::{DateTime, TimeDelta, Utc};
use entity::admin_user::AdminLevel;
use opsgate::{access::ROLE_ASSIGNMENT, kernel::actor::ADMIN_USER};
use serde_json::json;
use tests::{Client, Message, Socket, TestGateway};
use uuid::Uuid;

const ENTRIES: &str = "subscription { auditLogged { auditLog { action } } }";

/// Support reads no audit log but for a role.
async fn reader(gateway: &TestGateway, expires_at: Option<DateTime<Utc>>) -> (Uuid, Uuid) {
    let account = gateway.account("Ada", AdminLevel::Support).await;
    let role = gateway.role("reader", &["audit.read"]).await;
    (account, gateway.assign(role, account, expires_at).await)
}

async fn follow(client: &Client) -> Socket {
    let mut socket = client.socket().await;
    socket.subscribe("1", ENTRIES, json!({})).await;
    socket
}

/// Does something that is on the record.
async fn act(gateway: &TestGateway, name: &str) {
    let input = json!({ "name": name, "permissions": ["incidents.read"] });
    gateway.owner_in_person().await.mutate("roleCreate", input, "").await.ok();
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
    let gateway = TestGateway::start().await;
    let end = gateway.kernel().clock().now() + TimeDelta::minutes(2);
    let (account, _) = reader(&gateway, Some(end)).await;
    let mut socket = follow(&gateway.signed_in(account)).await;
    act(&gateway, "one").await;
    assert!(socket.payload("1").await["data"]["auditLogged"].is_object());
    gateway.advance(TimeDelta::minutes(2));
    // Nothing happens that would tell: its time is over.
    is_refused(&mut socket).await;
    // The account itself goes on.
    socket.subscribe("2", "{ viewer { permissions } }", json!({})).await;
    let viewer = socket.payload("2").await;
    let held = viewer["data"]["viewer"]["permissions"].as_array().unwrap();
    assert!(!held.is_empty() && !held.contains(&json!("audit.read")), "{viewer}");
}

#[tokio::test]
async fn a_stream_ends_when_its_role_is_revoked() {
    let gateway = TestGateway::start().await;
    let (account, assignment) = reader(&gateway, None).await;
    let mut socket = follow(&gateway.signed_in(account)).await;
    act(&gateway, "one").await;
    assert!(socket.payload("1").await["data"]["auditLogged"].is_object());
    let input = json!({ "id": ROLE_ASSIGNMENT.encode(assignment) });
    gateway.owner().mutate("roleRevoke", input, "").await.ok();
    is_refused(&mut socket).await;
}

#[tokio::test]
async fn a_stream_ends_with_its_account() {
    let gateway = TestGateway::start().await;
    let (account, _) = reader(&gateway, None).await;
    let mut socket = follow(&gateway.signed_in(account)).await;
    act(&gateway, "one").await;
    assert!(socket.payload("1").await["data"]["auditLogged"].is_object());
    let input = json!({ "id": ADMIN_USER.encode(account) });
    gateway.owner().mutate("adminUserDeactivate", input, "").await.ok();
    loop {
        match socket.next().await {
            Message::Json(message) => assert_eq!(message["type"], "next", "{message}"),
            Message::Closed(code, reason) => {
                assert_eq!((code, &*reason), (4401, "revoked"));
                return;
            }
        }
    }
}
