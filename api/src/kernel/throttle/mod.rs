//! How much one caller may do.
//!
//! Each caller has a *bucket* of points. Whatever they ask for takes its cost out of it beforehand, and it fills up again
//! all the time: so a burst is fine, and in the long run nobody takes more than their rate. Whoever finds too little in
//! it is told when there will be enough. Events that a subscription reads again cost points too; for those it is waited,
//! since a subscriber misses nothing.
//!
//! A caller is a credential; without one, it is the network that they come from. What is known of callers is bounded:
//! whoever wasn't heard of for longest is forgotten, and a bucket that is left alone is soon full anyway. It is held by
//! each process for itself.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use uuid::Uuid;

use super::{
    actor::{Caller, Identity},
    clock::Clock,
    error::{Error, Result},
    request::Origin,
};
use crate::config::Config;

/// The most callers that are known at a time.
const CALLERS: NonZeroUsize = NonZeroUsize::new(16 * 1024).unwrap();
/// A point, as buckets count: what comes back within a microsecond is a whole number then.
const POINT: u64 = 1_000_000;

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// An API token, with its budget where it has one of its own.
    Token(Uuid, Option<Budget>),
    /// An admin user with whatever JWT.
    Admin(Uuid),
    /// Somebody from this network: /24 of IPv4, /48 of IPv6.
    Network([u8; 6]),
}

impl Who {
    /// The caller of a request.
    pub fn of(caller: &Caller, origin: &Origin) -> Self {
        let identity = caller.identity.as_ref();
        match identity.and_then(|identity| Some((identity.token_id?, identity.budget))) {
            Some((token, budget)) => Self::Token(token, budget),
            None => match identity.and_then(account) {
                Some(account) => Self::Admin(account),
                None => Self::Network(network(origin.ip_address)),
            },
        }
    }
}

/// Who spends: whoever acts in another one's place does, and not the other one.
fn account(identity: &Identity) -> Option<Uuid> {
    identity.impersonator.map(|impersonator| impersonator.account).or(identity.admin_user_id)
}

fn network(address: Option<IpAddr>) -> [u8; 6] {
    match address.map(|address| address.to_canonical()) {
        // IPv6 doesn't begin with zeros where anybody is.
        Some(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            [0, 0, 0, a, b, c]
        }
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, e, f, ..] = v6.octets();
            [a, b, c, d, e, f]
        }
        None => [0; 6],
    }
}

/// How much that is.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// What a bucket holds, in points.
    pub bucket: u64,
    /// What comes back each second.
    pub per_second: u64,
    /// Subscriptions at the same time.
    pub subscriptions: usize,
}

/// What one caller may spend, where that isn't what any may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// What its bucket holds, in points.
    pub bucket: u32,
    /// What comes back each second.
    pub per_second: u32,
}

/// How a bucket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it holds when it is full.
    pub maximum: u64,
    /// What is in it.
    pub available: u64,
    /// What comes back each second.
    pub per_second: u64,
}

/// The buckets of all callers of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Throttle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    allowance: Allowance,
    buckets: Mutex<LruCache<Who, Bucket>>,
    subscriptions: Mutex<HashMap<Who, usize>>,
}

/// What was in a bucket at a time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    content: u64,
    at: DateTime<Utc>,
}

impl Bucket {
    /// What is in it `now`. Where the clock was set back, nothing has come.
    fn fill(&mut self, now: DateTime<Utc>, allowance: &Allowance) {
        let passed = (now - self.at).num_microseconds().unwrap_or(i64::MAX);
        let come = u64::try_from(passed).unwrap_or(0).saturating_mul(allowance.per_second);
        self.content = self.content.saturating_add(come).min(allowance.full());
        self.at = now;
    }
}

impl Allowance {
    /// That of the settings.
    pub fn of(config: &Config) -> Self {
        Self {
            bucket: config.caller_cost_bucket,
            per_second: config.caller_cost_per_second,
            subscriptions: config.caller_max_subscriptions,
        }
    }

    /// That of `who`: at most that of any caller.
    fn of_caller(self, who: &Who) -> Self {
        match who {
            Who::Token(_, Some(budget)) => Self {
                bucket: self.bucket.min(budget.bucket.into()),
                per_second: self.per_second.min(budget.per_second.into()),
                ..self
            },
            _ => self,
        }
    }

    fn full(&self) -> u64 {
        self.bucket.saturating_mul(POINT)
    }

    /// How long until `missing` has come.
    fn wait(&self, missing: u64) -> Duration {
        Duration::from_micros(missing.div_ceil(self.per_second.max(1)))
    }
}

impl Throttle {
    /// How much `who` may do.
    pub fn allowance(&self, who: &Who) -> Allowance {
        self.0.allowance.of_caller(who)
    }

    /// Full buckets, whoever comes.
    pub fn new(clock: Clock, allowance: Allowance) -> Self {
        let buckets = Mutex::new(LruCache::new(CALLERS));
        Self(Arc::new(Inner { clock, allowance, buckets, subscriptions: Mutex::default() }))
    }

    /// Takes `cost` points out of the bucket; at most a full one.
    ///
    /// # Errors
    /// THROTTLED where they aren't in it.
    pub fn take(&self, who: &Who, cost: u64) -> Result<()> {
        let allowance = self.allowance(who);
        let cost = cost.saturating_mul(POINT).min(allowance.full());
        self.with_bucket(who, |bucket| match bucket.content.checked_sub(cost) {
            Some(rest) => {
                bucket.content = rest;
                Ok(())
            }
            None => {
                let wait = allowance.wait(cost - bucket.content);
                let retry_after_ms = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
                Err(Error::RateLimited { retry_after_ms })
            }
        })
    }

    /// What was taken as `cost` has cost `actual`: gives back the difference, or takes it, as far as it is there.
    pub fn settle(&self, who: &Who, cost: u64, actual: u64) -> Standing {
        let allowance = self.allowance(who);
        let cost = cost.min(allowance.bucket);
        self.with_bucket(who, |bucket| {
            let content = bucket.content.saturating_add(cost.saturating_mul(POINT));
            bucket.content = content.saturating_sub(actual.saturating_mul(POINT)).min(allowance.full());
            Standing {
                maximum: allowance.bucket,
                available: bucket.content / POINT,
                per_second: allowance.per_second,
            }
        })
    }

    /// Waits until `cost` points are there beyond half a bucket, which is left to the caller's requests, and takes as
    /// many times that as there are, `most` times at most; answers how many.
    pub async fn take_in_turn(&self, who: &Who, cost: u64, most: u64) -> u64 {
        let allowance = self.allowance(who);
        let cost = cost.max(1).min(allowance.bucket).saturating_mul(POINT);
        let kept = (allowance.full() / 2).min(allowance.full() - cost);
        loop {
            let taken = self.with_bucket(who, |bucket| {
                let times = (bucket.content.saturating_sub(kept) / cost).min(most);
                bucket.content -= times * cost;
                if times > 0 { Ok(times) } else { Err(allowance.wait(kept + cost - bucket.content)) }
            });
            match taken {
                Ok(times) => return times,
                Err(wait) => self.0.clock.sleep(TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX)).await,
            }
        }
    }

    /// Opens one more subscription; none where the caller has as many as they may.
    pub fn subscribe(&self, who: &Who) -> Option<OpenSubscription> {
        let mut subscriptions = self.subscriptions();
        let open = subscriptions.get(who).copied().unwrap_or_default();
        if open >= self.allowance(who).subscriptions {
            return None;
        }
        subscriptions.insert(who.clone(), open + 1);
        Some(OpenSubscription { throttle: self.clone(), who: who.clone() })
    }

    fn with_bucket<T>(&self, who: &Who, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let (now, allowance) = (self.0.clock.now(), self.allowance(who));
        let mut buckets = self.0.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = || Bucket { content: allowance.full(), at: now };
        let bucket = buckets.get_or_insert_mut(who.clone(), full);
        bucket.fill(now, &allowance);
        work(bucket)
    }

    fn subscriptions(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.0.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subscription, counted as long as this lives.
#[derive(Debug)]
pub struct OpenSubscription {
    throttle: Throttle,
    who: Who,
}

impl Drop for OpenSubscription {
    fn drop(&mut self) {
        let mut subscriptions = self.throttle.subscriptions();
        if let Some(open) = subscriptions.get_mut(&self.who) {
            *open -= 1;
            if *open == 0 {
                subscriptions.remove(&self.who);
            }
        }
    }
}
