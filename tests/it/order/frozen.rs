//! A process that freezes in the middle of sequencing holds nobody up. PostgreSQL only: on SQLite there is one process.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use serde_json::json;
use tests::{Client, Database, Ledger, Process, Program, Proxy, Subscriber, patiently};

use crate::OPSGATE;

/// The connection that holds the sequencer's lock and waits for another one.
const HOLDER: &str = "
    SELECT activity.client_port AS port
    FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
    WHERE pg_locks.locktype = 'advisory' AND pg_locks.granted
        AND activity.datname = current_database() AND activity.wait_event_type = 'Lock'";

/// How often one is frozen.
const ROUNDS: usize = 3;
/// When the others go on at the latest.
const LIMIT: Duration = Duration::from_secs(5);

/// A process, and its own way to the server, by which its connections can be told from others'.
struct Gateway {
    process: Process,
    way: Proxy,
    client: Client,
    /// Follows the log from the position `begin` on.
    subscriber: Subscriber,
    begin: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_freezes_in_mid_sequencing_holds_nobody_up() {
    if !Database::is_postgres() {
        return;
    }
    let database = Database::create().await;
    let db = database.sql().await;
    let mut token = None;
    let first = start(&database, &mut token).await;
    let mut gateways = vec![first, start(&database, &mut token).await];
    let mut taken = Vec::new();
    for round in 0..ROUNDS {
        // Whoever sequences stops before it can write the positions, and is frozen there.
        let barrier = db.begin().await.unwrap();
        barrier.execute_unprepared("LOCK TABLE event_positions IN SHARE MODE").await.unwrap();
        open_incident(&gateways[0].client, &format!("before {round}")).await;
        let port = patiently("somebody who sequences", holder(db)).await;
        let which = gateways.iter().position(|gateway| gateway.way.carries(port)).unwrap();
        let frozen = gateways.remove(which);
        frozen.process.freeze().await;
        // Its connection writes them, and waits for a commit that never comes.
        barrier.rollback().await.unwrap();

        let began = Instant::now();
        let left = &mut gateways[0];
        open_incident(&left.client, &format!("after {round}")).await;
        let ledger = Ledger::read(db).await;
        assert_eq!(ledger.incidents.len(), 2 * (round + 1));
        left.subscriber.hear_until(&ledger.last()).await;
        taken.push(began.elapsed());
        ledger.check_heard(left.begin, &left.subscriber.heard);

        frozen.process.kill().await;
        gateways.push(start(&database, &mut token).await);
    }
    taken.sort();
    // A machine that has other things to do may be late once.
    assert!(taken[ROUNDS / 2] < LIMIT, "{taken:?}");
}

async fn start(database: &Database, token: &mut Option<String>) -> Gateway {
    let way = Proxy::to(database).await;
    let process = Program::new(OPSGATE, database).with("database_url", way.url()).serve().await;
    let token = token.get_or_insert_with(|| process.token().unwrap().to_owned());
    let client = process.client(token);
    let ledger = Ledger::read(database.sql().await).await;
    let subscriber = Subscriber::open(&client, &ledger.last()).await;
    Gateway { process, way, client, subscriber, begin: ledger.len() }
}

async fn open_incident(client: &Client, title: &str) {
    let input = json!({ "title": title, "severity": "LOW" });
    client.insist("incidentCreate", input, "incident { id }").await.unwrap().ok();
}

/// The port of the connection that sequences and has come to the barrier.
async fn holder(db: &DatabaseConnection) -> u16 {
    loop {
        let statement = Statement::from_string(db.get_database_backend(), HOLDER);
        if let Some(row) = db.query_one_raw(statement).await.unwrap() {
            return row.try_get::<i32>("", "port").unwrap().try_into().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
