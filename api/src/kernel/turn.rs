//! Turns: what a request loads goes out in batches when nothing of it can go on without them.
//!
//! async-graphql's data loader, for one, dispatches a batch in a task of its own after a delay. With a delay every relation
//! costs a pause; without one, another thread dispatches the first few keys while the rest are still being asked for, and how
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
};

use futures_util::{
    future::{BoxFuture, FutureExt},
    stream::{FuturesUnordered, StreamExt},
    task::AtomicWaker,
};
use tokio::task::unconstrained;

/// A batch that is to be loaded.
type Batch = BoxFuture<'static, ()>;

tokio::task_local! {
    /// The batches that the work of this task asked for since its last turn.
    static ASKED: Arc<Mutex<Vec<Batch>>>;
}

/// Does `batch` in the next turn of [`in_turns`], or in a task of its own where nothing goes in turns.
pub fn next(batch: impl Future<Output = ()> + Send + 'static) {
    let mut batch = Some(batch.boxed());
    let _ = ASKED.try_with(|asked| lock(asked).extend(batch.take()));
    if let Some(batch) = batch {
        tokio::spawn(batch);
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
