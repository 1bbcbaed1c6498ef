//! What nobody waits for any more: it ends in the database, too.

use opsgate::{config::Overrides, kernel::clock::Clock};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use serde_json::json;
use tests::{Database, START, TestGateway, until};

use super::create;

const INCIDENTS: &str = "{ incidents { nodes { title } } }";

/// A gateway that gives a request half a second, and a statement ten.
async fn gateway() -> TestGateway {
    let overrides = Overrides::default().with("request_timeout_ms", "500").with("database_readers", "1");
    let clock = Clock::manual(START.parse().unwrap());
    TestGateway::start_on(Database::create().await.into(), overrides, clock).await
}

/// How many statements of the gateway wait for a lock.
async fn waiting(db: &DatabaseConnection) -> i64 {
    let sql = "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'opsgate' AND wait_event_type = 'Lock' AND state = 'active'";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get("", "waiting").unwrap()
}

#[tokio::test]
async fn a_request_that_takes_too_long_leaves_nothing_running() {
    if !Database::is_postgres() {
        // SQLite's readers wait for nobody; `kernel::readers` has its test.
        return;
    }
    let gateway = gateway().await;
    create(gateway.owner(), "down").await.ok();
    let db = gateway.database().sql().await;
    let held = gateway.database().connect().await.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE incidents IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let answer = gateway.owner().run(INCIDENTS).await;
    assert_eq!(answer.codes(), ["UNAVAILABLE"], "{}", answer.body);
    // The lock is still held: what waited for it was cancelled.
    until("it is cancelled", async || waiting(db).await == 0).await;
    held.rollback().await.unwrap();
    // The one reader there may be is another one now.
    gateway.owner().run(INCIDENTS).await.ok();
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_running() {
    if !Database::is_postgres() {
        return;
    }
    let overrides = Overrides::default().with("request_timeout_ms", "600000");
    let clock = Clock::manual(START.parse().unwrap());
    let gateway = TestGateway::start_on(Database::create().await.into(), overrides, clock).await;
    create(gateway.owner(), "down").await.ok();
    let db = gateway.database().sql().await;
    let held = gateway.database().connect().await.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE incidents IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let client = gateway.owner().clone();
    let asking = tokio::spawn(async move { client.send(json!({ "query": INCIDENTS })).await });
    until("it waits", async || waiting(db).await == 1).await;
    asking.abort();
    let _ = asking.await;
    until("it is cancelled", async || waiting(db).await == 0).await;
    held.rollback().await.unwrap();
    gateway.owner().run(INCIDENTS).await.ok();
}
