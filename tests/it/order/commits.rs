//! Thousands of commits, from two processes where the database allows that, in no order at all.

use std::time::Duration;

use entity::event_position;
use opsgate::{
    incidents,
    kernel::{
        Kernel,
        actor::PLATFORM,
        clock::Clock,
        event::{Entity, Event},
        record::AUDIT_LOG,
        tx::Tx,
    },
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, Statement,
};
use serde_json::json;
use tests::{Answer, Client, Database, Ledger, Program, Subscriber, patiently};
use tokio::task::JoinSet;

use crate::OPSGATE;

/// They write at the same time, each one thing after the other.
const WRITERS: usize = 16;

/// Makes commits come in another order than the numbers that the outbox gave them: between the two, each waits a
/// while, and one in two hundred for long. What the numbers were is kept.
const SHUFFLE: &str = "
    CREATE TABLE numbers (event_id uuid PRIMARY KEY, seq bigint NOT NULL);
    CREATE FUNCTION shuffle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO numbers VALUES (NEW.event_id, NEW.seq);
        PERFORM pg_sleep(CASE WHEN random() < 0.005 THEN 1 ELSE 0.05 * random() ^ 2 END);
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER shuffle AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION shuffle();";

/// On PostgreSQL two gateways serve the same log, and a third process (the test's own, by the kernel: that is quicker
/// than by mutations, which are every fifth) writes to it. On SQLite one gateway does everything.
#[tokio::test(flavor = "multi_thread")]
async fn commits_in_any_order_are_read_in_one_that_is_causal() {
    let (processes, commits, every) = if Database::is_postgres() { (2, 10_000, 5) } else { (1, 2_000, 1) };
    let database = Database::create().await;
    // What is tested here isn't whether the disk keeps it.
    let program = Program::new(OPSGATE, &database).with("sqlite_synchronous", "NORMAL");
    let mut gateways = vec![program.serve().await];
    let token = gateways[0].token().unwrap().to_owned();
    for _ in 1..processes {
        gateways.push(program.serve().await);
    }
    let clients: Vec<_> = gateways.iter().map(|gateway| gateway.client(&token)).collect();
    let db = database.sql().await;
    if Database::is_postgres() {
        db.execute_unprepared(SHUFFLE).await.unwrap();
    }

    let begin = Ledger::read(db).await;
    let per_writer = commits / WRITERS;
    let written = 1 + WRITERS * per_writer;
    let mut hearing = JoinSet::new();
    for client in &clients {
        let mut subscriber = Subscriber::open(client, &begin.last()).await;
        hearing.spawn(async move {
            subscriber.hear(written).await;
            subscriber.heard
        });
    }
    let shared = create(&clients[0], "everybody's").await.text("/incident/id").to_owned();
    let reading = tokio::spawn(read_along(database.connect().await, begin.len() + written));
    let kernel = opsgate::app::open_kernel(&database.config(), Clock::system()).await.unwrap();
    let mut writing = JoinSet::new();
    for number in 0..WRITERS {
        let writer = Writer {
            dice: StdRng::seed_from_u64(number as u64),
            clients: clients.clone(),
            kernel: kernel.clone(),
            shared: shared.clone(),
            own: Vec::new(),
        };
        writing.spawn(writer.write(per_writer, every));
    }
    let chains = writing.join_all().await;
    patiently("the last position", reading).await.unwrap();

    let ledger = Ledger::read(db).await;
    assert_eq!(ledger.len(), begin.len() + written);
    for chain in chains {
        let positions: Vec<_> = chain.iter().map(|entry| ledger.entry(entry).0).collect();
        assert!(
            positions.is_sorted(),
            "whoever writes after an answer has the greater position: {positions:?}"
        );
    }
    for heard in hearing.join_all().await {
        assert_eq!(heard.len(), written);
        ledger.check_heard(begin.len(), &heard);
    }
    if Database::is_postgres() {
        let turned = turned(db).await;
        assert!(turned > commits / 100, "only {turned} commits came in another order than their numbers");
    }
}

/// Reads the table while it is written, as a tailer does: what is next is never beyond what is missing.
async fn read_along(db: DatabaseConnection, whole: usize) {
    let mut position = 0;
    while position < i64::try_from(whole).unwrap() {
        let next = event_position::Entity::find()
            .filter(event_position::Column::Position.gt(position))
            .order_by_asc(event_position::Column::Position)
            .all(&db)
            .await
            .unwrap();
        for place in next {
            assert_eq!(place.position, position + 1, "a reader sees no gap");
            position = place.position;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// How often a position has a smaller number of the outbox than the position before.
async fn turned(db: &DatabaseConnection) -> usize {
    let sql = "SELECT count(*) FILTER (WHERE seq < before) AS turned FROM (
                   SELECT seq, lag(seq) OVER (ORDER BY position) AS before
                   FROM event_positions JOIN numbers USING (event_id)
               ) AS numbered";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get::<i64>("", "turned").unwrap().try_into().unwrap()
}

/// Somebody who does one thing after the other, each through any of the processes.
struct Writer {
    dice: StdRng,
    clients: Vec<Client>,
    kernel: Kernel,
    shared: String,
    own: Vec<String>,
}

impl Writer {
    /// Makes `commits`, `every` so-manieth a mutation. Answers the entries of what was done, in the order in which it
    /// was answered.
    async fn write(mut self, commits: usize, every: usize) -> Vec<String> {
        let mut entries = Vec::with_capacity(commits);
        for number in 0..commits {
            let entry = if number % every == 0 { self.mutate().await } else { self.record().await };
            entries.push(entry);
        }
        entries
    }

    /// Opens an incident, or adds a note to one of its own or to everybody's.
    async fn mutate(&mut self) -> String {
        let client = self.clients[self.dice.random_range(0..self.clients.len())].clone();
        let answer = if self.own.is_empty() || self.dice.random_ratio(1, 5) {
            let opened = create(&client, "somebody's").await;
            self.own.push(opened.text("/incident/id").to_owned());
            opened
        } else if self.dice.random_ratio(1, 10) {
            note(&client, &self.shared, 10).await
        } else {
            let id = &self.own[self.dice.random_range(0..self.own.len())];
            note(&client, id, self.dice.random_range(1..4_000)).await
        };
        answer.text("/receipt/auditLogId").to_owned()
    }

    async fn record(&mut self) -> String {
        let mut tx = Tx::system(&self.kernel, "test").await.unwrap();
        let entity = Entity { kind: "Test", id: "test".to_owned(), version: None, organization_id: PLATFORM };
        let data = json!({ "text": "a".repeat(self.dice.random_range(1..4_000)) });
        tx.record(Event::new(incidents::EVENTS[0], entity).data(data));
        AUDIT_LOG.encode(tx.commit().await.unwrap().audit_log_id)
    }
}

async fn create(client: &Client, title: &str) -> Answer {
    let input = json!({ "title": title, "severity": "LOW" });
    client.insist("incidentCreate", input, "incident { id }").await.unwrap().ok()
}

async fn note(client: &Client, id: &str, length: usize) -> Answer {
    let input = json!({ "id": id, "body": "a".repeat(length) });
    client.insist("incidentNoteAdd", input, "incident { id }").await.unwrap().ok()
}
