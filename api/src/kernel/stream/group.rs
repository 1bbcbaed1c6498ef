//! A group: everybody who is shown the same, and the ring that they read it from.
//!
//! The ring holds the latest payloads, not one a member: whoever reads them keeps a position. A payload is dropped when
//! the ring is full, read or not; who hasn't read it by then is told to read the log instead.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::{sync::watch, task::AbortHandle};

use super::{
    Streams,
    document::{Document, Shape},
    execution::{Execution, Outcome},
    tail::Tail,
};
use crate::kernel::{
    actor::Scope,
    error::{Error, Result},
};

/// The most payloads that a ring holds.
const RING_PAYLOADS: usize = 512;
/// The most bytes of them; one alone may have more.
const RING_BYTES: usize = 512 * 1024;

/// Payloads by position.
#[derive(Debug)]
pub(super) struct Ring {
    state: Mutex<State>,
    /// Wakes whoever waits for the next payload.
    news: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    payloads: VecDeque<(i64, Arc<str>)>,
    bytes: usize,
    /// Payloads up to here aren't held (any more).
    floor: i64,
    /// Executed up to here.
    position: i64,
    end: Option<Result<()>>,
}

/// What a ring has for a reader.
pub(super) enum Found {
    /// The next payload, and its position.
    Payload(i64, Arc<str>),
    /// Nothing yet: everything up to this position was seen.
    Nothing(i64),
    /// The reader is behind: the log up to this position has to be read from the table.
    Behind(i64),
    /// There will be no more.
    Ended(Result<()>),
}

impl Ring {
    fn new(position: i64) -> Self {
        let state = State { payloads: VecDeque::new(), bytes: 0, floor: position, position, end: None };
        Self { state: Mutex::new(state), news: watch::Sender::new(()) }
    }

    /// What comes after `position`.
    pub fn after(&self, position: i64) -> Found {
        let state = self.state();
        if position < state.floor {
            return Found::Behind(state.floor);
        }
        let next = state.payloads.partition_point(|(place, _)| *place <= position);
        match (state.payloads.get(next), &state.end) {
            (Some((place, payload)), _) => Found::Payload(*place, payload.clone()),
            (None, None) => Found::Nothing(state.position),
            (None, Some(end)) => Found::Ended(end.clone()),
        }
    }

    /// Wakes with every payload.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// The event at `position` was executed; `payload` is what there is to see.
    fn push(&self, position: i64, payload: Option<Arc<str>>) {
        let mut state = self.state();
        state.position = position;
        // Nobody needs to wake for what they aren't shown: they learn the position when they look.
        let Some(payload) = payload else { return };
        state.bytes += payload.len();
        state.payloads.push_back((position, payload));
        while state.payloads.len() > RING_PAYLOADS || (state.bytes > RING_BYTES && state.payloads.len() > 1) {
            if let Some((place, payload)) = state.payloads.pop_front() {
                state.bytes -= payload.len();
                state.floor = place;
            }
        }
        drop(state);
        self.news.send_replace(());
    }

    /// Says that nothing comes any more. What was said first counts.
    fn end(&self, end: Result<()>) {
        self.state().end.get_or_insert(end);
        self.news.send_replace(());
    }

    fn has_ended(&self) -> bool {
        self.state().end.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which group: the same operation, and callers who see the same of it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub shape: Shape,
    pub scope: Scope,
}

/// Everybody who is shown the same. Ends when the last member drops it.
pub(super) struct Group {
    key: Arc<Key>,
    groups: Weak<Groups>,
    ring: Arc<Ring>,
    document: Arc<Document>,
    task: AbortHandle,
}

impl Group {
    /// Where its payloads are.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The document that all members share; they differ in where they start, which is behind them.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(groups) = self.groups.upgrade() {
            groups.remove(&self.key);
        }
    }
}

/// All groups of the process.
#[derive(Default)]
pub(super) struct Groups(Mutex<HashMap<Arc<Key>, Weak<Group>>>);

impl Groups {
    /// The group of `key`. Where there is none, it begins now, with the execution that its first member opened; else
    /// the member gets its execution back.
    pub fn join(
        self: &Arc<Self>,
        streams: &Streams,
        key: Key,
        document: &Arc<Document>,
        execution: Execution,
    ) -> (Arc<Group>, Option<Execution>) {
        // Declared before the lock: dropping a group takes it.
        let found;
        let mut groups = self.groups();
        found = groups.get(&key).and_then(Weak::upgrade);
        if let Some(group) = found.as_ref().filter(|group| !group.ring.has_ended()) {
            return (group.clone(), Some(execution));
        }
        let key = Arc::new(key);
        let tail = Tail::new(streams);
        let ring = Arc::new(Ring::new(tail.position()));
        let group = Arc::new(Group {
            key: key.clone(),
            groups: Arc::downgrade(self),
            ring: ring.clone(),
            document: document.clone(),
            task: tokio::spawn(run(ring, tail, execution)).abort_handle(),
        });
        groups.insert(key, Arc::downgrade(&group));
        (group, None)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.groups().len()
    }

    /// Forgets the group of `key`, unless another one has taken its place.
    fn remove(&self, key: &Key) {
        let mut groups = self.groups();
        if groups.get(key).is_some_and(|group| group.strong_count() == 0) {
            groups.remove(key);
        }
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<Arc<Key>, Weak<Group>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the log and fills the ring, until it is aborted.
async fn run(ring: Arc<Ring>, mut tail: Tail, mut execution: Execution) {
    let ending = Ending(ring);
    let end = loop {
        let event = match tail.next().await {
            Ok(event) => event,
            Err(error) => break Err(error),
        };
        match execution.run(&event).await {
            Outcome::Shown(payload) => ending.0.push(event.position, Some(payload)),
            Outcome::Hidden => ending.0.push(event.position, None),
            Outcome::Ended => break Ok(()),
        }
    };
    ending.0.end(end);
}

/// Tells the members where a resolver's panic ends the task: they would wait for good.
struct Ending(Arc<Ring>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(Err(Error::internal("a subscription's execution has ended")));
    }
}
