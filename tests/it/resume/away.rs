//! The database is away for a while. PostgreSQL only: SQLite is a file.

use serde_json::json;
use tests::{Client, Database, Ledger, Mode, Program, Proxy, Subscriber, until};
use tokio::{sync::watch, task::JoinSet};

use crate::OPSGATE;

/// What is written while the database is away for one of the gateways, each time.
const MEANWHILE: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_go_on_without_a_gap_when_the_database_is_back() {
    if !Database::is_postgres() {
        return;
    }
    let database = Database::create().await;
    let way = Proxy::to(&database).await;
    let cut_off = Program::new(OPSGATE, &database).with("database_url", way.url()).serve().await;
    let token = cut_off.token().unwrap().to_owned();
    let other = Program::new(OPSGATE, &database).serve().await;
    let (client, elsewhere) = (cut_off.client(&token), other.client(&token));

    let db = database.sql().await;
    let begin = Ledger::read(db).await;
    let mut subscriber = Subscriber::open(&client, &begin.last()).await;
    // One that begins while the database is away is refused.
    open_incident(&elsewhere, "before").await;
    subscriber.hear_until(&Ledger::read(db).await.last()).await;
    let (is_over, over) = watch::channel(false);
    let mut working = JoinSet::new();
    for name in 0..4 {
        working.spawn(work(name, client.clone(), over.clone()));
    }
    for time in 0..3 {
        way.set(Mode::Cut);
        for number in 0..MEANWHILE {
            open_incident(&elsewhere, &format!("elsewhere {time}/{number}")).await;
        }
        // Until it says so itself: not only is the connection lost, but nobody knows who may do what.
        until("it can't answer", async || client.run("{ viewer { permissions } }").await.is_passing()).await;
        way.set(Mode::Open);
        open_incident(&client, &format!("here {time}")).await;
        let ledger = Ledger::read(db).await;
        subscriber.hear_until(&ledger.last()).await;
    }
    is_over.send_replace(true);
    let answered: Vec<_> = working.join_all().await.into_iter().flatten().collect();

    let ledger = Ledger::read(db).await;
    subscriber.hear_until(&ledger.last()).await;
    ledger.check_heard(begin.len(), &subscriber.heard);
    for (title, entry) in &answered {
        assert_eq!(ledger.incident(entry).title, *title);
    }
    assert_eq!(ledger.incidents.len(), answered.len() + 1 + 3 * (MEANWHILE + 1), "each was opened once");
}

/// Opens incidents until it is over. Answers their titles and entries.
async fn work(name: usize, client: Client, mut over: watch::Receiver<bool>) -> Vec<(String, String)> {
    let mut answered = Vec::new();
    while !*over.borrow_and_update() {
        let title = format!("worker {name}: {}", answered.len());
        let entry = open_incident(&client, &title).await;
        answered.push((title, entry));
    }
    answered
}

/// Opens an incident, under its title as the key, and answers its entry.
async fn open_incident(client: &Client, title: &str) -> String {
    let client = client.with_header("idempotency-key", title);
    let input = json!({ "title": title, "severity": "LOW" });
    let answer = client.insist("incidentCreate", input, "incident { id }").await.unwrap().ok();
    answer.text("/receipt/auditLogId").to_owned()
}
