//! How many connections may be open at once, and who makes room for a new one.
//!
//! Where every place is taken, the connection goes that has rested for longest: one that has never asked for anything, most
//! likely, or one whose client keeps it for later and opens another when it has to. So a crowd that says nothing keeps
//! nobody out. Where all are at work, new ones wait in the listener's queue.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Resource, getrlimit};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::life::Life;
use crate::http::metrics;

/// Files that are left for the database, the log and what is asked of others.
const OTHER_FILES: u64 = 256;
/// How often is looked again for who rests, while all are at work.
const LOOK: Duration = Duration::from_millis(50);

/// The places.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    lives: HashMap<u64, Arc<Life>>,
    /// How many there ever were.
    count: u64,
}

/// A connection's own, as long as its socket is open.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    life: Arc<Life>,
    _permit: OwnedSemaphorePermit,
    _open: metrics::Open,
}

impl Places {
    pub fn new(most: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), taken: Mutex::default() }
    }

    /// A place, as soon as there is one.
    pub async fn take(self: &Arc<Self>) -> Place {
        loop {
            let free = self.free.clone();
            if let Ok(permit) = free.clone().try_acquire_owned() {
                return self.seat(permit);
            }
            self.vacate();
            if let Ok(Ok(permit)) = timeout(LOOK, free.acquire_owned()).await {
                return self.seat(permit);
            }
        }
    }

    /// Asks the connection to end that has rested for longest, if any rests.
    pub fn vacate(&self) {
        let mut taken = self.taken();
        let resting = taken.lives.iter().filter_map(|(number, life)| Some((life.resting_since()?, *number)));
        if let Some((_, number)) = resting.min()
            && let Some(life) = taken.lives.remove(&number)
        {
            life.vacate();
        }
    }

    fn seat(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Place {
        let life = Arc::new(Life::new());
        let mut taken = self.taken();
        taken.count += 1;
        let number = taken.count;
        taken.lives.insert(number, life.clone());
        Place { places: self.clone(), number, life, _permit: permit, _open: metrics::Open::connection() }
    }

    /// No code panics while it holds this, and each state of it is a right one.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The life of the connection that has it.
    pub fn life(&self) -> &Arc<Life> {
        &self.life
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().lives.remove(&self.number);
    }
}

/// As many places as are wanted, or as there are files for.
pub(super) fn bounded(wanted: usize) -> usize {
    let Some(files) = getrlimit(Resource::Nofile).current else { return wanted };
    let most = usize::try_from(files - OTHER_FILES.min(files / 2)).unwrap_or(usize::MAX);
    if most < wanted {
        tracing::warn!(
            max_connections = wanted,
            files,
            most,
            "this process may not open so many files: it takes fewer connections"
        );
    }
    wanted.min(most)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// A connection that ends when it is asked to.
    async fn leaves(place: Place) {
        place.life().vacated().await;
    }

    #[tokio::test]
    async fn who_rests_for_longest_makes_room() {
        let places = Arc::new(Places::new(3));
        let busy = places.take().await;
        let _asked = busy.life().ask();
        let (old, young) = (places.take().await, places.take().await);
        let (_new, ()) = tokio::join!(places.take(), leaves(old));
        assert!(young.life().vacated().now_or_never().is_none());
        assert!(busy.life().vacated().now_or_never().is_none());
    }

    #[tokio::test]
    async fn where_all_work_a_new_one_waits() {
        let places = Arc::new(Places::new(1));
        let place = places.take().await;
        let asked = place.life().ask();
        let mut taking = Box::pin(places.take());
        assert!((&mut taking).now_or_never().is_none());
        drop(asked);
        tokio::join!(taking, leaves(place));
    }
}
