//! How many subscriptions each caller has in this process, over all of their connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{StatusCode, header};

use super::pipeline::Refusal;
use crate::kernel::actor::{Actor, Caller};

/// When it may be worth trying again: there is room as soon as one ends.
const RETRY_AFTER_MS: u64 = 1000;

/// The counts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Subscribers(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    most: usize,
    /// Who has any; all who aren't signed in count as one.
    open: Mutex<HashMap<Option<Actor>, usize>>,
}

/// One subscription, counted until this is dropped.
#[derive(Debug)]
pub struct Subscribed {
    counts: Arc<Counts>,
    who: Option<Actor>,
}

impl Subscribers {
    /// Up to `most` a caller.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Counts { most, open: Mutex::default() }))
    }

    /// Counts one more of `caller`'s.
    ///
    /// # Errors
    /// THROTTLED where they have as many as anybody may.
    pub fn count(&self, caller: &Caller) -> Result<Subscribed, Refusal> {
        let who = caller.identity.as_ref().map(|identity| identity.actor.clone());
        let mut open = self.0.open();
        let count = open.entry(who.clone()).or_default();
        if *count >= self.0.most {
            return Err(too_many("you follow", self.0.most));
        }
        *count += 1;
        drop(open);
        Ok(Subscribed { counts: self.0.clone(), who })
    }
}

/// The refusal of an operation where `most` run already.
pub fn too_many(whose: &str, most: usize) -> Refusal {
    let message = format!("{whose} {most} operations already: complete one first");
    Refusal::http(StatusCode::TOO_MANY_REQUESTS, &message)
        .recoded("THROTTLED")
        .extended("retryAfterMs", RETRY_AFTER_MS)
        .with(header::RETRY_AFTER, RETRY_AFTER_MS.div_ceil(1000))
}

impl Counts {
    fn open(&self) -> MutexGuard<'_, HashMap<Option<Actor>, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        let mut open = self.counts.open();
        if let Some(count) = open.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.who);
            }
        }
    }
}
