//! The database goes away for ten seconds.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tests::{Client, Database, Ledger, Mode, Proxy, Subscriber, until};
use tokio::{task::JoinSet, time::Instant};

use super::{Known, create, gateway_on, known};

/// As long as the issue says. Not a wait for something: it is the fault itself.
const AWAY: Duration = Duration::from_secs(10);
/// How many clients go on whatever happens.
const CLIENTS: usize = 4;

#[tokio::test]
async fn connections_end_and_none_is_taken() {
    goes_away(Mode::Cut).await;
}

#[tokio::test]
async fn connections_stay_and_carry_nothing() {
    goes_away(Mode::Frozen).await;
}

async fn goes_away(mode: Mode) {
    if !Database::is_postgres() {
        // SQLite is in the process.
        return;
    }
    let database = Database::create().await;
    let proxy = Proxy::to(&database).await;
    let gateway = gateway_on(database.by_way_of(&proxy)).await;
    let owner = gateway.owner();
    let health = async |path: &str| {
        let url = format!("http://{}/health/{path}", gateway.address());
        reqwest::get(url).await.unwrap().status().as_u16()
    };
    let begin = Ledger::read(database.sql().await).await;
    let mut subscriber = Subscriber::open(owner, &begin.last()).await;

    let work = Work::default();
    let mut working = JoinSet::new();
    for name in 0..CLIENTS {
        working.spawn(work.clone().go_on(name, owner.clone()));
    }
    work.reaches(20).await;
    proxy.set(mode);
    let gone = Instant::now();
    // It says that it can't: to whoever asks, and to whoever watches it.
    until("it refuses", async || {
        owner.run("{ incidents { nodes { id } } }").await.codes() == ["UNAVAILABLE"]
    })
    .await;
    until("it isn't ready", async || health("ready").await == 503).await;
    // Each client at work may have been at its commit, and then none of them is refused: somebody comes now.
    let title = "meanwhile";
    let refused = known(&create(owner, title).await);
    assert_eq!(refused, Known::NotDone, "what couldn't begin isn't done");
    assert_eq!(health("live").await, 200);
    tokio::time::sleep_until(gone + AWAY).await;
    let before = work.done();
    proxy.set(Mode::Open);
    work.reaches(before + 20).await;
    until("it is ready", async || health("ready").await == 200).await;
    work.is_over.store(true, Ordering::SeqCst);
    let mut journal: Vec<_> = working.join_all().await.into_iter().flatten().collect();
    journal.push((title.to_owned(), refused));

    let ledger = Ledger::read(database.sql().await).await;
    subscriber.hear_until(&ledger.last()).await;
    ledger.check_heard(begin.len(), &subscriber.heard);
    check(&ledger, journal);
}

/// What clients do meanwhile: they open incidents, without a key and each once.
#[derive(Clone, Default)]
struct Work {
    done: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Work {
    /// Goes on until it is over. Answers what became of each, by its title.
    async fn go_on(self, name: usize, client: Client) -> Vec<(String, Known)> {
        let mut journal = Vec::new();
        while !self.is_over.load(Ordering::SeqCst) {
            let title = format!("{name}-{}", journal.len());
            let outcome = known(&create(&client, &title).await);
            if outcome == Known::Done {
                self.done.fetch_add(1, Ordering::SeqCst);
            }
            journal.push((title, outcome));
        }
        journal
    }

    fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }

    async fn reaches(&self, count: usize) {
        until("enough was done", async || self.done() >= count).await;
    }
}

/// What the clients were told is how it is.
fn check(ledger: &Ledger, journal: Vec<(String, Known)>) {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for incident in &ledger.incidents {
        *there.entry(&incident.title).or_default() += 1;
    }
    for (title, outcome) in &journal {
        let count = there.remove(&**title).unwrap_or(0);
        match outcome {
            Known::Done => assert_eq!(count, 1, "{title} was acknowledged"),
            Known::NotDone => assert_eq!(count, 0, "{title} was refused"),
            Known::Neither => assert!(count <= 1, "{title}"),
        }
    }
    assert!(there.is_empty(), "nobody asked for {there:?}");
}
