//! What a connection is about: whether it has asked, is being answered, or rests; and since when.
//!
//! Counters that a request moves twice, and one look at them when the time may be up: no timer is set for each request.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use crate::config::Config;

/// How long a connection may do nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From its beginning to the head of its first request.
    pub first: Duration,
    /// From then on, while nothing is being worked on.
    pub idle: Duration,
}

impl Patience {
    pub fn of(config: &Config) -> Self {
        // An event stream is silent for as long as the settings say, and that is none of its client's faults.
        Self { first: config.header_timeout, idle: config.idle_timeout.max(2 * config.stream_keep_alive) }
    }
}

/// What a client may send on a connection that isn't HTTP's any more while nobody knows who it is. A WebSocket's library
/// takes whole messages, and a stranger's are to stay small: there may be as many strangers as connections.
const STRANGERS_BYTES: usize = 32 * 1024;

/// The life of one connection.
#[derive(Debug)]
pub(super) struct Life {
    began: Instant,
    /// When something moved last, in milliseconds since it began: an answer, or a part of it. Zero: nothing was ever
    /// answered.
    moved: AtomicU64,
    /// Requests that are being worked on, until the head of their answer.
    worked_on: AtomicUsize,
    /// Requests until the end of their answer.
    open: AtomicUsize,
    /// Of these, the ones whose body isn't there yet.
    arriving: AtomicUsize,
    is_handed_over: AtomicBool,
    /// Bytes that came since it was handed over, from a client that isn't known.
    heard: AtomicUsize,
    is_known: AtomicBool,
    vacated: Notify,
}

impl Life {
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            moved: AtomicU64::default(),
            worked_on: AtomicUsize::default(),
            open: AtomicUsize::default(),
            arriving: AtomicUsize::default(),
            is_handed_over: AtomicBool::default(),
            heard: AtomicUsize::default(),
            is_known: AtomicBool::default(),
            vacated: Notify::new(),
        }
    }

    /// A request has come.
    pub fn ask(self: &Arc<Self>) -> Asked {
        self.worked_on.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        Asked { life: self.clone(), is_answered: false }
    }

    /// The body of a request is to come.
    pub fn receive(self: &Arc<Self>) -> Arriving {
        self.arriving.fetch_add(1, Relaxed);
        Arriving(self.clone())
    }

    /// It isn't HTTP's any more: a WebSocket has clocks of its own.
    pub fn hand_over(&self) {
        self.open.fetch_add(1, Relaxed);
        self.is_handed_over.store(true, Relaxed);
    }

    /// It is known who the client is.
    pub fn know(&self) {
        self.is_known.store(true, Relaxed);
    }

    /// Its client has sent so many bytes. Answers whether it may send more.
    pub fn hear(&self, bytes: usize) -> bool {
        if !self.is_handed_over.load(Relaxed) || self.is_known.load(Relaxed) {
            return true;
        }
        self.heard.fetch_add(bytes, Relaxed) + bytes <= STRANGERS_BYTES
    }

    /// Since when there is nothing to do on it but to wait for its client; none while there is.
    pub fn resting_since(&self) -> Option<Instant> {
        (self.open.load(Relaxed) == self.arriving.load(Relaxed)).then(|| self.moved())
    }

    /// Asks it to end at once.
    pub fn vacate(&self) {
        self.vacated.notify_one();
    }

    /// Returns when it was asked to end.
    pub async fn vacated(&self) {
        self.vacated.notified().await;
    }

    /// Returns when nothing has moved for too long.
    pub async fn stale(&self, patience: Patience) {
        loop {
            let is_at_work = self.worked_on.load(Acquire) > 0;
            let has_asked = is_at_work || self.moved.load(Relaxed) > 0;
            let limit = if has_asked { patience.idle } else { patience.first };
            let rest = if is_at_work {
                limit
            } else {
                (self.moved() + limit).saturating_duration_since(Instant::now())
            };
            if rest.is_zero() {
                return;
            }
            sleep(rest).await;
        }
    }

    fn moved(&self) -> Instant {
        self.began + Duration::from_millis(self.moved.load(Relaxed))
    }

    fn touch(&self) {
        let age = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(age.max(1), Relaxed);
    }
}

/// A request, from its head to the end of its answer.
#[derive(Debug)]
pub(super) struct Asked {
    life: Arc<Life>,
    is_answered: bool,
}

impl Asked {
    /// The head of the answer is there; its body is the client's to take.
    pub fn answered(&mut self) {
        if !std::mem::replace(&mut self.is_answered, true) {
            // In this order: nobody sees it at rest since before.
            self.life.touch();
            self.life.worked_on.fetch_sub(1, Release);
        }
    }

    /// Part of the answer's body goes.
    pub fn moved(&self) {
        self.life.touch();
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // Also where the client was gone before there was an answer.
        self.answered();
        self.life.open.fetch_sub(1, Relaxed);
    }
}

/// The body of a request, as long as it isn't there.
#[derive(Debug)]
pub(super) struct Arriving(Arc<Life>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.arriving.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const NEVER: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn whoever_never_asks_has_a_time_of_its_own() {
        Life::new().stale(Patience { first: SOON, idle: NEVER }).await;
    }

    #[tokio::test]
    async fn time_counts_from_what_moved_last() {
        let life = Arc::new(Life::new());
        let mut asked = life.ask();
        let begun = Instant::now();
        let working = async {
            sleep(5 * SOON).await;
            asked.answered();
            sleep(SOON / 2).await;
            asked.moved();
        };
        tokio::join!(life.stale(Patience { first: NEVER, idle: SOON }), working);
        assert!(begun.elapsed() > 6 * SOON);
        assert_eq!(life.resting_since(), None, "its answer isn't taken");
        drop(asked);
        assert!(life.resting_since().is_some());
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_is_over() {
        let life = Arc::new(Life::new());
        drop(life.ask());
        assert!(life.resting_since().is_some());
        life.stale(Patience { first: NEVER, idle: SOON }).await;
    }

    #[tokio::test]
    async fn a_request_rests_until_its_body_is_there() {
        let life = Arc::new(Life::new());
        let _asked = life.ask();
        let arriving = life.receive();
        assert!(life.resting_since().is_some());
        drop(arriving);
        assert_eq!(life.resting_since(), None);
    }

    #[test]
    fn a_stranger_is_heard_for_so_long() {
        let life = Life::new();
        assert!(life.hear(10 * STRANGERS_BYTES), "a request has bounds of its own");
        life.hand_over();
        assert!(life.hear(STRANGERS_BYTES));
        assert!(!life.hear(1));
        life.know();
        assert!(life.hear(10 * STRANGERS_BYTES));
    }

    #[tokio::test]
    async fn what_is_handed_over_does_not_rest() {
        let life = Arc::new(Life::new());
        drop(life.ask());
        life.hand_over();
        assert_eq!(life.resting_since(), None);
        assert!(life.vacated().now_or_never().is_none());
    }
}
