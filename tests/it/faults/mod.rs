//! Faults of the world: a database that goes away, a full disk. The gateway says so with a code, leaves nothing half
//! written, loses nothing that it acknowledged, lives, and goes on.

mod away;
mod cancelled;
mod commit;
mod depth;
mod full_disk;

use std::sync::Arc;

use opsgate::{config::Overrides, kernel::clock::Clock};
use serde_json::json;
use tests::{Answer, Client, Database, START, TestGateway};

/// A gateway on this database.
async fn gateway_on(database: impl Into<Arc<Database>>) -> TestGateway {
    let clock = Clock::manual(START.parse().unwrap());
    TestGateway::start_on(database.into(), Overrides::default(), clock).await
}

/// Opens an incident.
async fn create(client: &Client, title: &str) -> Answer {
    client.mutate("incidentCreate", json!({ "title": title, "severity": "LOW" }), "incident { id }").await
}

/// What became of a mutation, as far as its client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Done,
    NotDone,
    Neither,
}

/// What an answer says; anything but success and an honest refusal fails the test.
#[track_caller]
fn known(answer: &Answer) -> Known {
    if answer.body.get("errors").is_none() {
        assert_eq!(answer.user_error_codes(), [""; 0], "{}", answer.body);
        assert!(answer.at("/receipt/auditLogId").is_string(), "{}", answer.body);
        return Known::Done;
    }
    assert_eq!(answer.codes(), ["UNAVAILABLE"], "{}", answer.body);
    let error = &answer.body["errors"][0];
    // Nothing of the inside, and the request's id to ask about.
    let text = error.to_string().to_lowercase();
    for inside in ["sqlx", "postgres", "sqlite", "pool", "os error", "insert into", "127.0.0.1"] {
        assert!(!text.contains(inside), "{error}");
    }
    assert!(error["extensions"]["requestId"].is_string(), "{error}");
    match error["extensions"]["outcome"].as_str() {
        None => Known::NotDone,
        Some("UNKNOWN") => Known::Neither,
        Some(other) => panic!("{other}"),
    }
}
