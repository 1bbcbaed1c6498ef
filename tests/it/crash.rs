//! What was acknowledged survives: a gateway is killed in the middle of its work, again and again.
//!
//! Clients open incidents, add notes and acknowledge, each step under an idempotency key of its own, and keep a journal
//! of what was answered. After a kill the gateway starts again on what it left, and the clients repeat what wasn't
//! answered under the same keys. A subscriber resumes from its last cursor.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tests::{Answer, Client, Database, Heard, Ledger, Process, Program, Subscriber};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};

use crate::OPSGATE;

/// How often the gateway is killed.
const ROUNDS: u32 = 20;
/// Incidents opened a round; each is three mutations, so that 20 rounds are 2,040.
const INCIDENTS: usize = 34;
/// Incidents that are worked on at the same time.
const HANDS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_twenty_kills() {
    let database = Database::create().await;
    let program = Program::new(OPSGATE, &database);
    let mut dice = StdRng::seed_from_u64(20_261_121);
    let mut gateway = program.serve().await;
    let token = gateway.token().expect("the first start prints the owner's token").to_owned();
    let mut journal: Vec<Life> = Vec::new();
    let mut heard: Vec<Heard> = Vec::new();

    let mut ledger = Ledger::read(database.sql().await).await;

    for round in 0..ROUNDS {
        let client = gateway.client(&token);
        let mut subscriber = resume(&client, &heard, &ledger).await;
        let listening = tokio::spawn(async move {
            subscriber.hear_all().await;
            subscriber.heard
        });

        journal.extend((0..INCIDENTS).map(|i| Life::new(format!("{round}/{i}"))));
        let open: usize = journal.iter().map(Life::left).sum();
        let kill_at = point(round, open);
        let pause = Duration::from_micros(dice.random_range(0..5_000));
        journal = work_until_killed(journal, &client, gateway, kill_at, pause).await;
        heard.extend(listening.await.unwrap());

        gateway = program.serve().await;
        assert_eq!(gateway.token(), None, "only the first start shows a secret");
        ledger = Ledger::read(database.sql().await).await;
        journal.iter().for_each(|life| life.check(&ledger));
        repeat(&journal[journal.len() - INCIDENTS..], &gateway.client(&token)).await;
    }

    // Without further harm, everything comes to its end.
    let client = gateway.client(&token);
    let journal = work(journal, &client, &Counter::default()).join_all().await;
    repeat(&journal, &client).await;
    ledger = Ledger::read(database.sql().await).await;
    for life in &journal {
        life.check(&ledger);
        assert_eq!(life.left(), 0);
        let lines = ledger.timeline.iter().filter(|line| line.body == life.note()).count();
        assert_eq!(lines, 1, "each key made one note");
    }
    assert_eq!(ledger.incidents.len(), journal.len(), "each key made one incident");
    heard.extend(resume(&client, &heard, &ledger).await.heard);
    assert_eq!(heard.len(), ledger.len());
    ledger.check_heard(0, &heard);
}

/// Subscribes from the last event that was heard, and listens until all that are on the ledger have come.
async fn resume(client: &Client, heard: &[Heard], ledger: &Ledger) -> Subscriber {
    let after = heard.last().map_or_else(|| ledger.cursor(0), |event| event.cursor.clone());
    let mut subscriber = Subscriber::open(client, &after).await;
    subscriber.hear(ledger.len() - heard.len()).await;
    subscriber
}

/// After how many answers round `round` ends: few of them first, then more and more, so that start, middle and end of
/// the work are hit.
fn point(round: u32, open: usize) -> usize {
    let share = f64::from(round) / f64::from(ROUNDS - 1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let answers = (open as f64).powf(share).round() as usize;
    answers
}

/// Everybody works at once until the gateway is killed, `pause` after the answer number `kill_at`.
async fn work_until_killed(
    journal: Vec<Life>,
    client: &Client,
    gateway: Process,
    kill_at: usize,
    pause: Duration,
) -> Vec<Life> {
    let answers = Counter::default();
    let working = work(journal, client, &answers);
    answers.reached(kill_at).await;
    tokio::time::sleep(pause).await;
    gateway.kill().await;
    let mut journal = working.join_all().await;
    journal.sort_by_key(Life::number);
    journal
}

/// Everybody goes on where they were, some at the same time.
fn work(journal: Vec<Life>, client: &Client, answers: &Counter) -> JoinSet<Life> {
    let hands = Arc::new(Semaphore::new(HANDS));
    let mut working = JoinSet::new();
    for life in journal {
        let (hands, client, answers) = (hands.clone(), client.clone(), answers.clone());
        working.spawn(async move {
            let _hand = hands.acquire_owned().await.unwrap();
            life.live(client, answers).await
        });
    }
    working
}

/// Sends everything that was answered once more: the answers are the same, and nothing happens again.
async fn repeat(lives: &[Life], client: &Client) {
    let hands = Arc::new(Semaphore::new(HANDS));
    let mut repeating = JoinSet::new();
    for life in lives {
        let (hands, life, client) = (hands.clone(), life.clone(), client.clone());
        repeating.spawn(async move {
            let _hand = hands.acquire_owned().await.unwrap();
            for (step, done) in life.done.iter().enumerate() {
                let again = life.step(step, &client).await.unwrap();
                assert_eq!(*again.at("/receipt/isReplay"), json!(true), "{}", again.body);
                assert_eq!(
                    Done::of(&again),
                    Done { cursor: again.at("/receipt/cursor").clone(), ..done.clone() }
                );
            }
        });
    }
    repeating.join_all().await;
}

/// Counts answers, and tells who waits for a number of them.
#[derive(Clone, Default)]
struct Counter(Arc<(AtomicUsize, Notify)>);

impl Counter {
    fn count(&self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        self.0.1.notify_one();
    }

    async fn reached(&self, number: usize) {
        while self.0.0.load(Ordering::SeqCst) < number {
            self.0.1.notified().await;
        }
    }
}

/// One incident and what was answered about it so far: opened, a note added, acknowledged.
#[derive(Clone)]
struct Life {
    name: String,
    done: Vec<Done>,
}

/// What an answer said.
#[derive(Clone, Debug, PartialEq)]
struct Done {
    incident: String,
    entry: String,
    leaf: String,
    cursor: Value,
}

impl Done {
    fn of(answer: &Answer) -> Self {
        Self {
            incident: answer.text("/incident/id").to_owned(),
            entry: answer.text("/receipt/auditLogId").to_owned(),
            leaf: answer.text("/receipt/leafHash").to_owned(),
            cursor: answer.at("/receipt/cursor").clone(),
        }
    }
}

impl Life {
    fn new(name: String) -> Self {
        Self { name, done: Vec::new() }
    }

    fn number(&self) -> (usize, usize) {
        let (round, i) = self.name.split_once('/').unwrap();
        (round.parse().unwrap(), i.parse().unwrap())
    }

    fn note(&self) -> String {
        format!("note of {}", self.name)
    }

    /// How many steps are still to be answered.
    fn left(&self) -> usize {
        3 - self.done.len()
    }

    /// Goes on where it was, until it is through or the gateway is gone.
    async fn live(mut self, client: Client, answers: Counter) -> Self {
        while self.left() > 0 {
            let Ok(answer) = self.step(self.done.len(), &client).await else { break };
            self.done.push(Done::of(&answer));
            answers.count();
        }
        self
    }

    /// Sends a step, the first time or again.
    async fn step(&self, step: usize, client: &Client) -> reqwest::Result<Answer> {
        let client = client.with_header("idempotency-key", &format!("{}/{step}", self.name));
        let id = self.done.first().map(|opened| opened.incident.as_str());
        let (field, input) = match step {
            0 => ("incidentCreate", json!({ "title": self.name, "severity": "HIGH" })),
            1 => ("incidentNoteAdd", json!({ "id": id, "body": self.note() })),
            _ => ("incidentAcknowledge", json!({ "id": id })),
        };
        Ok(client.insist(field, input, "incident { id }").await?.ok())
    }

    /// What was answered is on the record.
    fn check(&self, ledger: &Ledger) {
        for done in &self.done {
            let (position, entry) = ledger.entry(&done.entry);
            assert_eq!(entry.entity_id.as_ref(), Some(&done.incident));
            assert_eq!(hex::encode(&entry.leaf_hash), done.leaf);
            // The answer waits for its cursor, but not for long.
            assert!(done.cursor.is_null() || done.cursor == ledger.cursor(position));
        }
    }
}
