//! Data loaders: every relation is loaded in batches, once.
//!
//! A [`Load`] says how one kind of thing is loaded by its keys. [`Loaders`] batches what is asked for in the same
//! [turn](super::turn) (async-graphql's data loader does that) and remembers the answers. A request has its own; the
//! deliveries of one event share theirs, so that a change is loaded once a process, not once a subscriber.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    hash::{Hash, Hasher},
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::dataloader::{DataLoader, Loader};
use tokio::sync::OnceCell;

use super::{
    db::Conn,
    error::{Error, Result},
    turn::NextTurn,
};

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

type Cell<L> = Arc<OnceCell<Option<<L as Load>::Value>>>;

/// The loaders of one request, or of the deliveries of one event.
pub struct Loaders {
    batches: DataLoader<Source>,
}

impl Loaders {
    /// Loaders that read from `db`.
    pub fn new(db: Conn) -> Self {
        let source = Source { db, cells: Mutex::default() };
        Self { batches: DataLoader::new(source, NextTurn, NextTurn) }
    }

    /// Where they read from.
    pub fn conn(&self) -> &Conn {
        self.source().db()
    }

    /// The value of `key`, asked for once however often it is wanted.
    ///
    /// # Errors
    /// Those of the load; a failed load is tried again when it is asked for again.
    pub async fn one<L: Load>(&self, key: L::Key) -> Result<Option<L::Value>> {
        let cell = self.source().cell::<L>(&key);
        cell.get_or_try_init(|| self.batches.load_one(Keyed::<L>(key, PhantomData))).await.cloned()
    }

    /// Remembers a value that is already at hand.
    pub fn prime<L: Load>(&self, key: &L::Key, value: L::Value) {
        self.source().prime::<L>(key, value);
    }

    fn source(&self) -> &Source {
        self.batches.loader()
    }
}

/// What a [`Load`] reads from, and where it leaves what came along.
pub struct Source {
    db: Conn,
    /// Per [`Load`], a map from key to the cell that holds, or is about to hold, its value.
    cells: Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

impl Source {
    /// The connection.
    pub fn db(&self) -> &Conn {
        &self.db
    }

    /// Remembers a value that is already at hand.
    pub fn prime<L: Load>(&self, key: &L::Key, value: L::Value) {
        // A cell that is filled already holds the same row as of the same transaction.
        let _ = self.cell::<L>(key).set(Some(value));
    }

    fn cell<L: Load>(&self, key: &L::Key) -> Cell<L> {
        let mut maps = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let map =
            maps.entry(TypeId::of::<L>()).or_insert_with(|| Box::new(HashMap::<L::Key, Cell<L>>::new()));
        match map.downcast_mut::<HashMap<L::Key, Cell<L>>>() {
            Some(map) => map.entry(key.clone()).or_default().clone(),
            None => Cell::<L>::default(),
        }
    }
}

impl std::fmt::Debug for Loaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loaders")
    }
}

struct Keyed<L: Load>(L::Key, PhantomData<fn() -> L>);

impl<L: Load> Clone for Keyed<L> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<L: Load> PartialEq for Keyed<L> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<L: Load> Eq for Keyed<L> {}

impl<L: Load> Hash for Keyed<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<L: Load> Loader<Keyed<L>> for Source {
    type Value = L::Value;
    type Error = Error;

    async fn load(&self, keys: &[Keyed<L>]) -> Result<HashMap<Keyed<L>, L::Value>> {
        let keys: Vec<L::Key> = keys.iter().map(|key| key.0.clone()).collect();
        let values = L::load(self, &keys).await?;
        Ok(values.into_iter().map(|(key, value)| (Keyed(key, PhantomData), value)).collect())
    }
}
