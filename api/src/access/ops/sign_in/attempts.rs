//! Attempts, counted before they are made: in the database, so that it doesn't matter which process is asked.
//!
//! They are measurements and come in by that door, so nobody fills the record by knocking. Whatever opens a transaction
//! does so after: SQLite has one writer.

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    access::{
        rules::attempts::{FACTOR, NAME, NETWORK, Pace, Tally, is_known, network, pace_of_pair},
        store,
    },
    kernel::{
        Kernel,
        error::{Error, Result},
    },
};

/// How often a tally is read again because somebody else was faster.
const RACES: usize = 20;

/// A password that is tried, counted.
pub struct PasswordAttempt {
    name: String,
    pair: String,
    /// None where the network isn't asked.
    network: Option<String>,
    known: String,
}

impl PasswordAttempt {
    /// Counts one for `name` from `address`.
    ///
    /// # Errors
    /// THROTTLED where it has to wait.
    pub async fn count(kernel: &Kernel, name: &str, address: Option<IpAddr>) -> Result<Self> {
        let from = network(address);
        let known = key(&["known", name, &from]);
        let is_known =
            held(kernel, &known).await?.is_some_and(|tally| is_known(&tally, kernel.clock().now()));
        let attempt = Self {
            name: key(&["name", name]),
            pair: key(&["pair", name, &from]),
            network: (!is_known).then(|| key(&["network", &from])),
            known,
        };
        let of_name = held(kernel, &attempt.name).await?.unwrap_or_default();
        count(kernel, &attempt.pair, &pace_of_pair(&of_name, kernel.clock().now())).await?;
        if let Some(network) = &attempt.network
            && let Err(wait) = count(kernel, network, &NETWORK).await
        {
            // It isn't made.
            take_back(kernel, &attempt.pair).await?;
            return Err(wait);
        }
        count(kernel, &attempt.name, &NAME).await?;
        Ok(attempt)
    }

    /// It was the right one: no guess.
    pub async fn was_right(&self, kernel: &Kernel) -> Result<()> {
        for tally in [Some(&self.pair), self.network.as_ref(), Some(&self.name)].into_iter().flatten() {
            take_back(kernel, tally).await?;
        }
        Ok(())
    }

    /// And they are signed in: from here on the pair is known.
    pub async fn signed_in(&self, kernel: &Kernel) -> Result<()> {
        store::delete_tally(kernel.telemetry(), &self.pair).await?;
        let now = kernel.clock().now();
        swap(kernel, &self.known, |_| Ok(Tally { count: 1, last_at: Some(now) })).await
    }
}

/// Counts a second factor that is tried for `account`.
///
/// # Errors
/// THROTTLED where it has to wait.
pub async fn count_factor(kernel: &Kernel, account: Uuid) -> Result<()> {
    count(kernel, &factor(account), &FACTOR).await
}

/// It was the right one.
pub async fn forget_factors(kernel: &Kernel, account: Uuid) -> Result<()> {
    store::delete_tally(kernel.telemetry(), &factor(account)).await
}

fn factor(account: Uuid) -> String {
    key(&["factor", &account.to_string()])
}

/// What is counted together, without a name or an address in it.
fn key(parts: &[&str]) -> String {
    hex::encode(Sha256::digest(parts.join("\0")))
}

async fn held(kernel: &Kernel, tally: &str) -> Result<Option<Tally>> {
    store::tally(kernel.db().reader(), tally).await
}

async fn count(kernel: &Kernel, tally: &str, pace: &Pace) -> Result<()> {
    let now = kernel.clock().now();
    swap(kernel, tally, |held| {
        held.attempt(now, pace).map_err(|wait| {
            let micros = wait.num_microseconds().and_then(|micros| u64::try_from(micros).ok());
            let retry_after_ms = micros.unwrap_or_default().div_ceil(1000);
            Error::RateLimited { retry_after_ms }
        })
    })
    .await
}

async fn take_back(kernel: &Kernel, tally: &str) -> Result<()> {
    swap(kernel, tally, |held| Ok(held.taken_back())).await
}

/// Puts what `next` makes of a tally in its place.
async fn swap(kernel: &Kernel, tally: &str, next: impl Fn(Tally) -> Result<Tally>) -> Result<()> {
    for _ in 0..RACES {
        let held = held(kernel, tally).await?;
        let next = next(held.unwrap_or_default())?;
        if store::swap_tally(kernel.telemetry(), tally, held, next).await? {
            return Ok(());
        }
    }
    Err(Error::unavailable("many are signing in right now: try again"))
}
