//! The register of the platform's people and organizations.

mod activity;
mod billing;
mod members;
mod merge;
mod merge_beside;
mod organization_upsert;
mod organizations;
mod search;
mod settings;
mod standing;
mod upsert;
mod users;

use entity::billing_subscription::{BillingPeriod, BillingStatus};
use opsgate::{
    directory::{self, SubscriptionRecord, UserRecord},
    kernel::{
        error::{Error, Result, UserErrorCode},
        tx::Tx,
    },
};
use tests::{Answer, TestGateway};
use uuid::Uuid;

fn record(id: &str, name: &str, is_verified: bool) -> UserRecord {
    UserRecord {
        external_id: id.to_owned(),
        email: format!("{id}@example.com"),
        name: name.to_owned(),
        is_verified,
        last_active_at: None,
        is_deleted: false,
    }
}

/// A subscription of an organization.
fn subscription(organization_id: Uuid, external_id: &str) -> SubscriptionRecord {
    SubscriptionRecord {
        external_id: external_id.to_owned(),
        organization_id,
        plan: "team".to_owned(),
        status: BillingStatus::Active,
        period: BillingPeriod::Monthly,
        amount_minor: 1999,
        currency: "EUR".to_owned(),
        trial_ends_at: None,
        period_ends_at: None,
        cancelled_at: None,
    }
}

/// Has an organization pay for something.
async fn subscribe_to_plan(gateway: &TestGateway, organization: Uuid, external_id: &str) {
    let mut tx = tx(gateway).await;
    directory::upsert_subscriptions(&mut tx, vec![subscription(organization, external_id)]).await.unwrap();
    tx.commit().await.unwrap();
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

/// A person whom the platform has told of; the id.
async fn person(gateway: &TestGateway, name: &str, is_verified: bool) -> String {
    let mut open = tx(gateway).await;
    let people = directory::upsert_users(&mut open, vec![record(name, name, is_verified)]).await.unwrap();
    open.commit().await.unwrap();
    directory::USER.encode(people[0].id)
}

/// Fails unless an answer says exactly this and did nothing.
#[track_caller]
fn refused(answer: &Answer, code: &str, field: &str) {
    assert!(answer.body.get("errors").is_none(), "{}", answer.body);
    assert_eq!(answer.user_error_codes(), [code], "{}", answer.body);
    let path = std::iter::once("input").chain(field.split('.'));
    let path: Vec<&str> = path.filter(|part| !part.is_empty()).collect();
    assert_eq!(*answer.at("/userErrors/0/field"), serde_json::json!(path), "{}", answer.body);
    assert!(answer.at("/receipt").is_null(), "{}", answer.body);
}
