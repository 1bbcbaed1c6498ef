//! Data loaders: every relation is loaded in batches, once.
//!
//! A [`Load`] says how one kind of thing is loaded by its keys. [`Loaders`] batches what is asked for in the same
//! [turn](super::turn) and remembers the answers. A request has its own; the deliveries of one event share theirs, so that
//! a change is loaded once a process, not once a subscriber.
//!
//! What comes along with something else is left [at hand](Source::prime). Most of it is never asked for, so it is put in
//! order when something is.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use foldhash::fast::RandomState;
use futures_util::future::{FutureExt, Shared};
use tokio::sync::oneshot;

use super::{db::Conn, error::Result, turn};

/// One kind of thing that is loaded by key.
pub trait Load: Send + Sync + 'static {
    /// What it is asked for by.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// What comes back; a key without a value is one that isn't there.
    type Value: Clone + Send + Sync + 'static;

    /// Loads all of `keys` in a constant number of statements. What comes along for other loads is primed.
    fn load(
        from: &Source,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>>> + Send;
}

/// The loaders of one request, or of the deliveries of one event.
pub struct Loaders(Arc<Source>);

impl Loaders {
    /// Loaders that read from `db`.
    pub fn new(db: Conn) -> Self {
        Self(Arc::new(Source { db, shelves: Mutex::default() }))
    }

    /// Where they read from.
    pub fn conn(&self) -> &Conn {
        self.0.db()
    }

    /// The value of `key`, asked for once however often it is wanted.
    ///
    /// # Errors
    /// Those of the load; a failed load is tried again when it is asked for again.
    pub async fn one<L: Load>(&self, key: L::Key) -> Result<Option<L::Value>> {
        loop {
            let batch = match self.0.with::<L, _>(|shelf| shelf.find(&key)) {
                Found::Known(value) => return Ok(value),
                Found::Asked(batch) => batch,
                Found::AskedFirst(batch, done) => {
                    let asked =
                        Asked::<L> { from: self.0.clone(), progress: Progress::Waits, done: Some(done) };
                    turn::next(asked.load());
                    batch
                }
            };
            if let Ok(Err(error)) = batch.await {
                return Err(error);
            }
            // It is there now; or whoever was about to load it has gone, and it is asked for anew.
        }
    }

    /// Leaves values that have come along at hand.
    pub fn prime<L: Load>(&self, values: impl IntoIterator<Item = (L::Key, L::Value)>) {
        self.0.prime::<L>(values);
    }
}

/// What a [`Load`] reads from, and where it leaves what came along.
pub struct Source {
    db: Conn,
    /// A [`Shelf`] per [`Load`].
    shelves: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
}

impl Source {
    /// The connection.
    pub fn db(&self) -> &Conn {
        &self.db
    }

    /// Leaves values that have come along at hand.
    pub fn prime<L: Load>(&self, values: impl IntoIterator<Item = (L::Key, L::Value)>) {
        self.with::<L, _>(|shelf| {
            shelf.at_hand.extend(values);
            if shelf.at_hand.len() > UNSORTED {
                shelf.sort();
            }
        });
    }

    fn with<L: Load, T>(&self, what: impl FnOnce(&mut Shelf<L>) -> T) -> T {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = shelves.entry(TypeId::of::<L>()).or_insert_with(|| Box::new(Shelf::<L>::default()));
        match shelf.downcast_mut() {
            Some(shelf) => what(shelf),
            None => what(&mut Shelf::default()),
        }
    }
}

/// So much is kept unsorted: the same thing may come along with each delivery of an event.
const UNSORTED: usize = 1_000;

/// What is known of one kind of thing.
struct Shelf<L: Load> {
    slots: HashMap<L::Key, Slot<L::Value>, RandomState>,
    /// What came along, not in order yet.
    at_hand: Vec<(L::Key, L::Value)>,
    /// The keys of the batch that isn't under way yet, and what tells that it is done.
    asked: Option<(Vec<L::Key>, Batch)>,
}

enum Slot<V> {
    Known(Option<V>),
    Asked(Batch),
}

/// Tells how a batch ended; that it has gone, if it was dropped.
type Batch = Shared<oneshot::Receiver<Result<()>>>;

/// What there is of a key.
enum Found<V> {
    Known(Option<V>),
    Asked(Batch),
    /// The same, and nobody has begun the batch.
    AskedFirst(Batch, oneshot::Sender<Result<()>>),
}

impl<L: Load> Shelf<L> {
    /// Puts in order what is at hand.
    fn sort(&mut self) {
        for (key, value) in self.at_hand.drain(..) {
            // What is known already is the same row as of the same transaction.
            self.slots.entry(key).or_insert(Slot::Known(Some(value)));
        }
    }

    fn find(&mut self, key: &L::Key) -> Found<L::Value> {
        self.sort();
        let slot = match self.slots.entry(key.clone()) {
            Entry::Occupied(slot) => {
                return match slot.get() {
                    Slot::Known(value) => Found::Known(value.clone()),
                    Slot::Asked(batch) => Found::Asked(batch.clone()),
                };
            }
            Entry::Vacant(slot) => slot,
        };
        if let Some((keys, batch)) = &mut self.asked {
            keys.push(key.clone());
            slot.insert(Slot::Asked(batch.clone()));
            return Found::Asked(batch.clone());
        }
        let (done, batch) = oneshot::channel();
        let batch = batch.shared();
        slot.insert(Slot::Asked(batch.clone()));
        self.asked = Some((vec![key.clone()], batch.clone()));
        Found::AskedFirst(batch, done)
    }
}

impl<L: Load> Default for Shelf<L> {
    fn default() -> Self {
        Self { slots: HashMap::default(), at_hand: Vec::new(), asked: None }
    }
}

/// A batch on its way. Dropped before it is done, nobody loads its keys any more: they can be asked for anew.
struct Asked<L: Load> {
    from: Arc<Source>,
    progress: Progress<L::Key>,
    done: Option<oneshot::Sender<Result<()>>>,
}

enum Progress<K> {
    /// More keys may come.
    Waits,
    /// These are being loaded.
    Loads(Vec<K>),
    Done,
}

impl<L: Load> Asked<L> {
    async fn load(mut self) {
        let asked = self.from.with::<L, _>(|shelf| shelf.asked.take());
        self.progress = Progress::Loads(asked.map(|(keys, _)| keys).unwrap_or_default());
        let Progress::Loads(keys) = &self.progress else { return };
        let outcome = match L::load(&self.from, keys).await {
            Ok(values) => {
                self.known(values);
                Ok(())
            }
            Err(error) => {
                self.forget();
                Err(error)
            }
        };
        if let Some(done) = self.done.take() {
            // Nobody may be waiting any more.
            let _ = done.send(outcome);
        }
    }

    fn known(&mut self, mut values: HashMap<L::Key, L::Value>) {
        let Progress::Loads(keys) = std::mem::replace(&mut self.progress, Progress::Done) else { return };
        self.from.with::<L, _>(|shelf| {
            for key in keys {
                let value = values.remove(&key);
                shelf.slots.insert(key, Slot::Known(value));
            }
        });
    }

    fn forget(&mut self) {
        let progress = std::mem::replace(&mut self.progress, Progress::Done);
        self.from.with::<L, _>(|shelf| {
            let keys = match progress {
                Progress::Waits => shelf.asked.take().map(|(keys, _)| keys).unwrap_or_default(),
                Progress::Loads(keys) => keys,
                Progress::Done => return,
            };
            for key in keys {
                shelf.slots.remove(&key);
            }
        });
    }
}

impl<L: Load> Drop for Asked<L> {
    fn drop(&mut self) {
        self.forget();
    }
}

impl std::fmt::Debug for Loaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loaders")
    }
}

#[cfg(test)]
mod tests;
