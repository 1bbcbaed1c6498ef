//! Batches of turns.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::sync::Notify;

use super::*;
use crate::kernel::{error::Error, turn::in_turns};

/// Doubles numbers; what a test looks at is a part of each key, so that tests don't meet.
struct Doubles;

#[derive(Default)]
struct Watched {
    loads: AtomicUsize,
    fails: AtomicBool,
    /// Set: a load waits for it.
    hold: Option<Notify>,
}

/// A number, and what the test watches.
#[derive(Clone)]
struct Number(u32, Arc<Watched>);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Load for Doubles {
    type Key = Number;
    type Value = u32;

    async fn load(_: &Source, keys: &[Number]) -> Result<HashMap<Number, u32>> {
        let watched = &keys[0].1;
        watched.loads.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        if let Some(hold) = &watched.hold {
            hold.notified().await;
        }
        if watched.fails.load(Ordering::Relaxed) {
            return Err(Error::internal("it fails"));
        }
        // Zero isn't there.
        Ok(keys.iter().filter(|key| key.0 > 0).map(|key| (key.clone(), key.0 * 2)).collect())
    }
}

/// What reads from nowhere needs no tables.
async fn loaders() -> Arc<Loaders> {
    let db = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
    Arc::new(Loaders::new(Conn::Pool(db)))
}

async fn ask(loaders: &Loaders, number: u32, watched: &Arc<Watched>) -> Result<Option<u32>> {
    loaders.one::<Doubles>(Number(number, watched.clone())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_asked_for_in_a_turn_is_one_batch() {
    let (loaders, watched) = (loaders().await, Arc::<Watched>::default());
    // More than tokio's budget of a poll, and than the joined futures that are polled at a time.
    let permits = tokio::sync::Semaphore::new(1_000);
    let asked = join_all((0..900).map(async |number| {
        let _permit = permits.acquire().await.unwrap();
        let first = ask(&loaders, number, &watched).await.unwrap().unwrap_or_default();
        ask(&loaders, first + 1_001, &watched).await.unwrap().unwrap()
    }));
    let found = in_turns(asked).await;
    assert_eq!(found, (0..900).map(|number| (number * 2 + 1_001) * 2).collect::<Vec<_>>());
    assert_eq!(watched.loads.load(Ordering::Relaxed), 2);
    // They are known from now on, and so is what isn't there.
    assert_eq!(ask(&loaders, 7, &watched).await.unwrap(), Some(14));
    assert_eq!(ask(&loaders, 0, &watched).await.unwrap(), None);
    assert_eq!(watched.loads.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn without_turns_it_loads_nevertheless() {
    assert_eq!(ask(&*loaders().await, 4, &Arc::default()).await.unwrap(), Some(8));
}

#[tokio::test]
async fn who_waits_elsewhere_gets_what_was_asked_for_here() {
    let (loaders, watched) = (loaders().await, Arc::<Watched>::default());
    let mut other = None;
    in_turns(async {
        let mut mine = Box::pin(ask(&loaders, 1, &watched));
        assert!(futures_util::poll!(&mut mine).is_pending());
        // The second waiter for the same batch, in a task of its own.
        let theirs = (loaders.clone(), watched.clone());
        other = Some(tokio::spawn(async move { ask(&theirs.0, 1, &theirs.1).await }));
        tokio::task::yield_now().await;
        // Given up, and the work is over.
    })
    .await;
    assert_eq!(other.unwrap().await.unwrap().unwrap(), Some(2));
    assert_eq!(watched.loads.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_nobody_loads_any_more_is_asked_for_anew() {
    let (loaders, watched) =
        (loaders().await, Arc::new(Watched { hold: Some(Notify::new()), ..Default::default() }));
    let mut first = Box::pin(in_turns(ask(&loaders, 1, &watched)));
    assert!(futures_util::poll!(&mut first).is_pending());
    // The load has begun, and another waits for it.
    assert_eq!(watched.loads.load(Ordering::Relaxed), 1);
    let theirs = (loaders.clone(), watched.clone());
    let other = tokio::spawn(async move { ask(&theirs.0, 1, &theirs.1).await });
    tokio::task::yield_now().await;
    drop(first);
    watched.hold.as_ref().unwrap().notify_one();
    assert_eq!(other.await.unwrap().unwrap(), Some(2));
    assert_eq!(watched.loads.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_failed_load_is_everybodys_and_tried_again() {
    let (loaders, watched) = (loaders().await, Arc::<Watched>::default());
    watched.fails.store(true, Ordering::Relaxed);
    let both = in_turns(join_all([1, 2, 1].map(|number| ask(&loaders, number, &watched)))).await;
    assert!(both.iter().all(|answer| matches!(answer, Err(Error::Internal(_)))), "{both:?}");
    assert_eq!(watched.loads.load(Ordering::Relaxed), 1);
    watched.fails.store(false, Ordering::Relaxed);
    assert_eq!(ask(&loaders, 2, &watched).await.unwrap(), Some(4));
}

#[tokio::test]
async fn what_came_along_is_not_loaded_and_what_was_known_stays() {
    let (loaders, watched) = (loaders().await, Arc::<Watched>::default());
    let number = |number| Number(number, watched.clone());
    assert_eq!(ask(&loaders, 1, &watched).await.unwrap(), Some(2));
    for _ in 0..3 {
        // More than is kept unsorted.
        loaders.prime::<Doubles>((1..2_000).map(|n| (number(n), 100 + n)));
    }
    loaders.prime::<Doubles>([(number(5), 7)]);
    assert_eq!(ask(&loaders, 1, &watched).await.unwrap(), Some(2));
    assert_eq!(ask(&loaders, 5, &watched).await.unwrap(), Some(105));
    assert_eq!(watched.loads.load(Ordering::Relaxed), 1);
}
