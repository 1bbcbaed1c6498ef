//! Who is calling, and what they get.

mod accounts;
mod allowlist;
mod approvals;
mod assignments;
mod boundary;
mod denials;
mod impersonation;
mod issuer;
mod jwt;
mod keys;
mod roles;
mod sign_in;
mod streams;
mod token_life;
mod token_limits;
mod token_rotation;
mod tokens;
mod walk;

use serde_json::{Value, json};
use tests::{Answer, Client, Socket, TestGateway};

/// A stream of incidents that is on.
async fn follow(client: &Client) -> Socket {
    let mut socket = client.socket().await;
    socket.subscribe("1", "subscription { incidentChanged { cursor } }", json!({})).await;
    // It is heard: what was said before was, too.
    socket.subscribe("2", "{ __typename }", json!({})).await;
    socket.payload("2").await;
    socket
}

/// Whether this caller is let in; who isn't learns nothing but that.
async fn is_let_in(client: &Client) -> bool {
    let answer = client.run("{ viewer { actor { id } } incidents { nodes { id } } }").await;
    match answer.status.as_u16() {
        200 => true,
        401 => {
            turned_away(&answer);
            false
        }
        _ => panic!("{} {}", answer.status, answer.body),
    }
}

#[track_caller]
fn turned_away(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
    assert!(answer.body.get("data").is_none_or(Value::is_null), "{}", answer.body);
}

/// Fails unless an answer says exactly this and did nothing; what it says of it.
#[track_caller]
fn refused(answer: &Answer, code: &str, field: &str) -> String {
    assert!(answer.body.get("errors").is_none(), "{}", answer.body);
    assert_eq!(answer.user_error_codes(), [code], "{}", answer.body);
    let path: Vec<_> = field.split('.').filter(|name| !name.is_empty()).collect();
    let expected = if path.is_empty() { Value::Null } else { json!([&["input"], &path[..]].concat()) };
    assert_eq!(*answer.at("/userErrors/0/field"), expected, "{}", answer.body);
    assert!(answer.at("/receipt").is_null(), "{}", answer.body);
    answer.text("/userErrors/0/message").to_owned()
}

/// Fails unless nothing but denials was recorded beyond the first `seen` facts: one a field and minute, for each caller.
async fn only_denied(gateway: &TestGateway, seen: usize, fields: &[&str]) {
    let facts = gateway.facts(seen).await;
    let denied: Vec<_> = facts.iter().map(|fact| (&*fact.event.event_type, &*fact.event.entity_id)).collect();
    let expected: Vec<_> = fields.iter().map(|field| ("admin.access.denied", *field)).collect();
    assert_eq!(denied, expected);
}

/// What a caller may do, as it says itself.
async fn permissions(client: &Client) -> Vec<String> {
    let answer = client.run("{ viewer { permissions } }").await.ok();
    let list = answer.at("/viewer/permissions").as_array().unwrap();
    list.iter().map(|key| key.as_str().unwrap().to_owned()).collect()
}
