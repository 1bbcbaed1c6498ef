//! Who is calling, and what they get.

mod boundary;
mod denials;
mod issuer;
mod jwt;
mod keys;
mod tokens;

use serde_json::Value;
use tests::{Answer, Client};

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

/// What a caller may do, as it says itself.
async fn permissions(client: &Client) -> Vec<String> {
    let answer = client.run("{ viewer { permissions } }").await.ok();
    let list = answer.at("/viewer/permissions").as_array().unwrap();
    list.iter().map(|key| key.as_str().unwrap().to_owned()).collect()
}
