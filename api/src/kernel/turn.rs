//! Turns: what a request loads goes out in batches when nothing of it can go on without them.
//!
//! async-graphql's data loader dispatches a batch in a task of its own after a delay. With a delay every relation costs
//! a pause; without one, another thread dispatches the first few keys while the rest are still being asked for, and how
//! many statements a page costs is a matter of luck. Here the batch waits in the request's own task until everything
//! else in it waits, too: it holds all keys of the turn, always, and no thread is woken for it.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, Poll, Wake, Waker},
    time::Duration,
};

use async_graphql::runtime::Timer;
use futures_util::{
    future::{self, BoxFuture, FutureExt},
    stream::{FuturesUnordered, StreamExt},
    task::{AtomicWaker, FutureObj, Spawn, SpawnError},
};
use tokio::task::unconstrained;

/// A batch that is to be loaded.
type Batch = FutureObj<'static, ()>;

tokio::task_local! {
    /// The batches that the work of this task asked for since its last turn.
    static ASKED: Arc<Mutex<Vec<Batch>>>;
}

/// How data loaders dispatch: in the next turn of [`in_turns`], or in a task of its own where nothing goes in turns.
#[derive(Clone, Copy, Debug)]
pub struct NextTurn;

impl Spawn for NextTurn {
    fn spawn_obj(&self, batch: Batch) -> Result<(), SpawnError> {
        let mut batch = Some(batch);
        let _ = ASKED.try_with(|asked| lock(asked).extend(batch.take()));
        if let Some(batch) = batch {
            tokio::spawn(batch);
        }
        Ok(())
    }
}

impl Timer for NextTurn {
    /// None: the turn is what is waited for. (Tokio's shortest sleep is up to a millisecond.)
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        future::ready(()).boxed()
    }
}

/// Does `work` and, whenever it can't go on, the batches that it waits for.
pub async fn in_turns<F: Future>(work: F) -> F::Output {
    let asked = Arc::<Mutex<Vec<Batch>>>::default();
    // Unconstrained: a task that has used up tokio's budget is told to wait in the middle of a turn.
    let mut work = pin!(ASKED.scope(asked.clone(), unconstrained(work)));
    let mut batches = FuturesUnordered::new();
    let calls = Arc::new(Calls::default());
    let output = poll_fn(|cx| {
        calls.task.register(cx.waker());
        let waker = Waker::from(calls.clone());
        loop {
            calls.are_there.store(false, Ordering::Release);
            if let Poll::Ready(output) = work.poll_unpin(&mut task::Context::from_waker(&waker)) {
                return Poll::Ready(output);
            }
            if calls.are_there.load(Ordering::Acquire) {
                // It only paused, as a great many futures that are joined do.
                continue;
            }
            batches.extend(lock(&asked).drain(..));
            // A batch that is done lets the work go on.
            match batches.poll_next_unpin(cx) {
                Poll::Ready(Some(())) => {}
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    });
    let output = output.await;
    if !batches.is_empty() {
        // Somebody else may wait for what is under way: the deliveries of one event share their loaders.
        tokio::spawn(batches.collect::<()>());
    }
    output
}

/// Whether the work has called to be polled again, and whom that wakes.
#[derive(Default)]
struct Calls {
    are_there: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.are_there.store(true, Ordering::Release);
        self.task.wake();
    }
}

fn lock(asked: &Mutex<Vec<Batch>>) -> std::sync::MutexGuard<'_, Vec<Batch>> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::atomic::AtomicUsize};

    use async_graphql::dataloader::{DataLoader, Loader};
    use futures_util::future::join_all;

    use super::*;

    #[derive(Default)]
    struct Doubles(AtomicUsize);

    impl Loader<u32> for Doubles {
        type Value = u32;
        type Error = ();

        async fn load(&self, keys: &[u32]) -> Result<HashMap<u32, u32>, ()> {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(keys.iter().map(|key| (*key, key * 2)).collect())
        }
    }

    fn loader() -> DataLoader<Doubles> {
        DataLoader::new(Doubles::default(), NextTurn, NextTurn)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_that_is_asked_for_in_a_turn_is_one_batch() {
        let loader = loader();
        // More than tokio's budget of a poll, and than the joined futures that are polled at a time.
        let permits = tokio::sync::Semaphore::new(1_000);
        let asked = join_all((0..900).map(async |key| {
            let _permit = permits.acquire().await.unwrap();
            let first = loader.load_one(key).await.unwrap().unwrap();
            loader.load_one(first + 1).await.unwrap().unwrap()
        }));
        let found = in_turns(asked).await;
        assert_eq!(found, (0..900).map(|key| (key * 2 + 1) * 2).collect::<Vec<_>>());
        assert_eq!(loader.loader().0.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn without_turns_it_loads_nevertheless() {
        assert_eq!(loader().load_one(4).await, Ok(Some(8)));
    }

    #[tokio::test]
    async fn who_waits_elsewhere_gets_what_was_asked_for_here() {
        let loader = Arc::new(loader());
        let (begun, mut other) = (loader.clone(), None);
        in_turns(async {
            let mut mine = Box::pin(begun.load_one(1));
            assert!(futures_util::poll!(&mut mine).is_pending());
            // The loader's second waiter for the same batch, in a task of its own.
            let theirs = loader.clone();
            other = Some(tokio::spawn(async move { theirs.load_one(1).await }));
            tokio::task::yield_now().await;
            // Given up, and the work is over.
        })
        .await;
        assert_eq!(other.unwrap().await.unwrap(), Ok(Some(2)));
    }
}
