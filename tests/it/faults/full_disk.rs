//! The disk is full.
//!
//! On SQLite the file may have no more pages. On PostgreSQL the database lies on a small tmpfs, in a tablespace of its
//! own (`.ci/postgres`): a filler takes the room, and gives it back.

use opsgate::kernel::tx::Tx;
use rand::distr::{Alphanumeric, SampleString};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement, sqlx};
use serde_json::json;
use tests::{Answer, Client, Database, Ledger, Subscriber, TestGateway, until};

use super::{Known, create, gateway_on, known};

#[tokio::test]
async fn nothing_is_half_written_and_it_goes_on_when_there_is_room() {
    let gateway = gateway_on(Database::create_on_small_disk().await).await;
    let owner = gateway.owner();
    let db = gateway.database().sql().await;
    let incident = create(owner, "disk full").await.ok();
    let id = incident.text("/incident/id");
    let begin = Ledger::read(db).await;
    let mut subscriber = Subscriber::open(owner, &begin.last()).await;

    fill(&gateway).await;
    let mut version = 1;
    let full = loop {
        let answer = note(owner, id).await;
        match known(&answer) {
            Known::Done => version += 1,
            _ => break answer,
        }
    };
    assert_eq!(known(&full), Known::NotDone);
    assert_eq!(full.body["errors"][0]["message"], "the database has no room left on its disk");
    // Reads go on, and so does the refusal; a note for which there is room after all isn't refused.
    for _ in 0..3 {
        let document =
            "query($id: ID!) { incident(id: $id) { version timeline(first: 100) { nodes { id } } } }";
        let read = owner.run_with(document, json!({ "id": id })).await.ok();
        assert_eq!(*read.at("/incident/version"), version);
        if known(&note(owner, id).await) == Known::Done {
            version += 1;
        }
    }

    make_room(&gateway).await;
    until("there is room again", async || known(&note(owner, id).await) == Known::Done).await;
    create(owner, "room again").await.ok();
    let ledger = Ledger::read(db).await;
    let there = ledger.incidents.iter().find(|row| row.title == "disk full").unwrap();
    assert_eq!(there.version, version + 1, "a version for each note that was acknowledged, and for no other");
    subscriber.hear_until(&ledger.last()).await;
    ledger.check_heard(begin.len(), &subscriber.heard);
}

/// Adds a note of the longest kind, which no compression makes shorter.
async fn note(client: &Client, id: &str) -> Answer {
    let body = Alphanumeric.sample_string(&mut rand::rng(), 10_000);
    client.mutate("incidentNoteAdd", json!({ "id": id, "body": body }), "incident { version }").await
}

/// Leaves room for a few notes.
async fn fill(gateway: &TestGateway) {
    if !Database::is_postgres() {
        let query = Statement::from_string(DbBackend::Sqlite, "PRAGMA page_count");
        let row = gateway.database().sql().await.query_one_raw(query).await.unwrap().unwrap();
        return limit_pages(gateway, row.try_get::<i64>("", "page_count").unwrap() + 20).await;
    }
    let db = gateway.database().sql().await;
    db.execute_unprepared(
        "CREATE TABLE filler (data text); ALTER TABLE filler ALTER data SET STORAGE EXTERNAL",
    )
    .await
    .unwrap();
    let full = loop {
        let more = "INSERT INTO filler SELECT repeat('f', 8000) FROM generate_series(1, 32)";
        if let Err(error) = db.execute_unprepared(more).await {
            break error;
        }
    };
    let DbErr::Exec(RuntimeErr::SqlxError(error)) = &full else { panic!("{full}") };
    let sqlx::Error::Database(error) = &**error else { panic!("{full}") };
    assert_eq!(error.code().as_deref(), Some("53100"), "{full}");
}

async fn make_room(gateway: &TestGateway) {
    if Database::is_postgres() {
        gateway.database().sql().await.execute_unprepared("DROP TABLE filler").await.unwrap();
    } else {
        limit_pages(gateway, 1 << 30).await;
    }
}

/// The most pages that SQLite's writer may use.
async fn limit_pages(gateway: &TestGateway, pages: i64) {
    let tx = Tx::system(gateway.kernel(), "test").await.unwrap();
    tx.db().execute_unprepared(&format!("PRAGMA max_page_count = {pages}")).await.unwrap();
    tx.rollback().await.unwrap();
}
