//! The register of the platform's people and organizations.

mod organizations;
mod users;

use opsgate::{
    directory::UserRecord,
    kernel::{
        error::{Error, Result, UserErrorCode},
        tx::Tx,
    },
};
use tests::TestGateway;

fn record(id: &str, name: &str, is_verified: bool) -> UserRecord {
    UserRecord {
        external_id: id.to_owned(),
        email: format!("{id}@example.com"),
        name: name.to_owned(),
        is_verified,
        last_active_at: None,
    }
}

async fn tx(gateway: &TestGateway) -> Tx {
    Tx::system(gateway.kernel(), "accounts").await.unwrap()
}

/// The codes of what is wrong.
fn codes<T: std::fmt::Debug>(outcome: Result<T>) -> Vec<UserErrorCode> {
    match outcome {
        Err(Error::Invalid(invalid)) => invalid.violations.into_iter().map(|one| one.code).collect(),
        other => panic!("{other:?}"),
    }
}

/// The types of the events about users and members, in their order.
async fn told(gateway: &TestGateway) -> Vec<String> {
    gateway.run_until_idle().await;
    let query = "{ events(first: 50, filter: { type: { startsWith: \"directory.\" } }) { nodes { type } } }";
    let answer = gateway.owner().run(query).await.ok();
    let nodes = answer.at("/events/nodes").as_array().unwrap();
    nodes.iter().rev().map(|node| node["type"].as_str().unwrap().replace("directory.", "")).collect()
}
