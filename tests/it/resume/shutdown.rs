//! A gateway that is asked to stop.

use std::time::{Duration, Instant};

use entity::task::{self, TaskState};
use sea_orm::EntityTrait;
use serde_json::json;
use tests::{Client, Database, Ledger, Mode, Process, Program, Proxy, Subscriber, Target, until};
use tokio::task::JoinSet;

use crate::OPSGATE;

/// How long a stop may take.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_stops_cleanly_and_its_streams_go_on_elsewhere() {
    let database = Database::create().await;
    let program = Program::new(OPSGATE, &database).with("document_max_bytes", "1000000");
    let gateway = program.serve().await;
    let token = gateway.token().unwrap().to_owned();
    let client = gateway.client(&token);
    let db = database.sql().await;
    let target = probe_slowly(&client).await;
    let begin = Ledger::read(db).await;
    let mut subscriber = Subscriber::open(&client, &begin.last()).await;
    // Somebody who doesn't read more than fits into the sockets, and somebody who never says anything, hold nobody up.
    let stalled =
        Subscriber::open_with(&client, &begin.last(), &format!("{}: type", "n".repeat(100_000))).await;
    let idle = tokio::net::TcpStream::connect(gateway.address()).await.unwrap();

    let mut writing = JoinSet::new();
    for name in 0..8 {
        writing.spawn(write(name, client.clone()));
    }
    subscriber.hear(100).await;
    let asked = Instant::now();
    gateway.terminate().await;
    assert_eq!(subscriber.hear_all().await, (1012, "restarting".to_owned()));
    ends_in_time(gateway, asked).await;
    let journals = writing.join_all().await;
    drop((stalled, idle));

    let tasks = task::Entity::find().all(db).await.unwrap();
    let probe = tasks.iter().find(|task| task.kind == "monitoring.probe").unwrap();
    assert_eq!((probe.state, probe.attempts), (TaskState::Pending, 0), "it was given back");
    assert!(tasks.iter().all(|task| task.lease_owner.is_none()), "nothing is held by nobody: {tasks:?}");

    let gateway = program.serve().await;
    assert_eq!(gateway.token(), None, "only the first start shows a secret");
    until("the probe goes on", async || target.heads().len() == 2).await;
    let client = gateway.client(&token);
    let mut resumed = Subscriber::open(&client, subscriber.last().unwrap()).await;
    for (name, journal) in &journals {
        // The one that wasn't answered is repeated.
        open_incident(*name, journal.len(), &client).await.unwrap();
    }
    let ledger = Ledger::read(db).await;
    for (name, journal) in &journals {
        for (number, entry) in journal.iter().enumerate() {
            assert_eq!(ledger.incident(entry).title, title(*name, number));
        }
    }
    let answered: usize = journals.iter().map(|(_, journal)| journal.len() + 1).sum();
    assert_eq!(ledger.incidents.len(), answered, "each was opened once");
    resumed.hear_until(&ledger.last()).await;
    let heard = [subscriber.heard, resumed.heard].concat();
    ledger.check_heard(begin.len(), &heard);
}

#[tokio::test]
async fn a_gateway_stops_though_its_database_says_nothing() {
    if !Database::is_postgres() {
        // SQLite is in the process.
        return;
    }
    let database = Database::create().await;
    let way = Proxy::to(&database).await;
    let gateway = Program::new(OPSGATE, &database).with("database_url", way.url()).serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let _target = probe_slowly(&client).await;
    way.set(Mode::Frozen);
    let asking = tokio::spawn(async move { open_incident(0, 0, &client).await });
    let asked = Instant::now();
    gateway.terminate().await;
    ends_in_time(gateway, asked).await;
    asking.abort();
}

/// Has a service probed that answers after minutes, so that a task is in the middle of its work.
async fn probe_slowly(client: &Client) -> Target {
    let target = Target::start().await;
    target.answer(|answers| answers.delay = Duration::from_secs(300));
    let input =
        json!({ "name": "slow", "probe": target.http(), "timeoutMs": 30_000, "intervalSeconds": 3_600 });
    client.mutate("serviceRegister", input, "service { id }").await.ok();
    until("its probe runs", async || target.heads().len() == 1).await;
    target
}

/// Whoever was asked at `asked` ends well, in time, and says nothing more on standard output.
async fn ends_in_time(gateway: Process, asked: Instant) {
    let (status, said) = gateway.ended().await;
    let taken = asked.elapsed();
    assert!(status.success(), "{status}");
    assert_eq!(said, "");
    assert!(taken < GRACE, "it took {taken:?}");
}

/// Opens incidents until the gateway is gone. Answers who it was, and their entries.
async fn write(name: usize, client: Client) -> (usize, Vec<String>) {
    let mut entries = Vec::new();
    while let Ok(entry) = open_incident(name, entries.len(), &client).await {
        entries.push(entry);
    }
    (name, entries)
}

async fn open_incident(name: usize, number: usize, client: &Client) -> reqwest::Result<String> {
    let title = title(name, number);
    let client = client.with_header("idempotency-key", &title);
    let input = json!({ "title": title, "severity": "LOW" });
    let answer = client.insist("incidentCreate", input, "incident { id }").await?.ok();
    Ok(answer.text("/receipt/auditLogId").to_owned())
}

fn title(name: usize, number: usize) -> String {
    format!("writer {name}: {number}.")
}
