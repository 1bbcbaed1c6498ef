//! Attempts, counted before they are made: in the database, so that it doesn't matter which process is asked.
//!
//! They are measurements and come in by that door, so nobody fills the record by knocking. Whatever opens a transaction
//! does so after: SQLite has one writer.

use std::net::IpAddr;

use ::entity::session::SessionEnd;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    access::{
        rules::attempts::{FACTOR, KNOWN, NAME, NETWORK, Pace, SITE, Tally, network, pace_of_pair, site},
        store,
    },
    kernel::{
        Kernel,
        error::{Error, Result},
        session_token::RefreshToken,
    },
};

/// How often a tally is read again because somebody else was faster.
const RACES: usize = 20;

/// A password that is tried, counted.
pub struct PasswordAttempt {
    name: String,
    pair: String,
    /// That of the network, and of the site where it has one; none where the client is known.
    shared: Vec<(String, Pace)>,
}

impl PasswordAttempt {
    /// Counts one for `name` from `address`, by a client that is [known](is_known) or isn't.
    ///
    /// # Errors
    /// THROTTLED where it has to wait.
    pub async fn count(kernel: &Kernel, name: &str, address: Option<IpAddr>, is_known: bool) -> Result<Self> {
        let from = network(address);
        let mut shared = Vec::new();
        if !is_known {
            shared.push((key(&["network", &from]), NETWORK));
            shared.extend(site(address).map(|site| (key(&["site", &site]), SITE)));
        }
        let attempt = Self { name: key(&["name", name]), pair: key(&["pair", name, &from]), shared };
        // Where these wait nothing is written: else each name that somebody makes up would leave a row.
        for (tally, pace) in &attempt.shared {
            let held = held(kernel, tally).await?.unwrap_or_default();
            held.attempt(kernel.clock().now(), pace).map_err(throttled)?;
        }
        let of_name = held(kernel, &attempt.name).await?.unwrap_or_default();
        count(kernel, &attempt.pair, &pace_of_pair(&of_name, kernel.clock().now())).await?;
        for (tally, pace) in &attempt.shared {
            if let Err(wait) = count(kernel, tally, pace).await {
                // Somebody was faster, and it isn't made.
                take_back(kernel, &attempt.pair).await?;
                return Err(wait);
            }
        }
        count(kernel, &attempt.name, &NAME).await?;
        Ok(attempt)
    }

    /// It was the right one: no guess.
    pub async fn was_right(&self, kernel: &Kernel) -> Result<()> {
        let shared = self.shared.iter().map(|(tally, _)| tally);
        for tally in shared.chain([&self.pair, &self.name]) {
            take_back(kernel, tally).await?;
        }
        Ok(())
    }

    /// And they are signed in: what was tried before for this name from there is forgotten.
    pub async fn signed_in(&self, kernel: &Kernel) -> Result<()> {
        store::delete_tally(kernel.telemetry(), &self.pair).await
    }
}

/// Whether a client that signs in by `name` shows what only one has that did so lately: a refresh token, of whichever
/// session of that account, over or not. A session whose token was shown twice proves nothing: somebody has a copy.
pub async fn is_known(kernel: &Kernel, name: &str, shown: Option<&SecretString>) -> Result<bool> {
    let shown = shown.and_then(|text| RefreshToken::verify(text.expose_secret(), kernel.keys()));
    let Some(shown) = shown else { return Ok(false) };
    let Some(session) = store::session(kernel.db().reader(), shown.session).await? else { return Ok(false) };
    let is_old = session.created_at + KNOWN <= kernel.clock().now();
    if is_old || session.ended_by == Some(SessionEnd::Reused) {
        return Ok(false);
    }
    let credential = store::credential_of(kernel.db().reader(), session.admin_user_id).await?;
    Ok(credential.is_some_and(|credential| credential.sign_in_name == name))
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
    swap(kernel, tally, |held| held.attempt(now, pace).map_err(throttled)).await
}

fn throttled(wait: TimeDelta) -> Error {
    let micros = wait.num_microseconds().and_then(|micros| u64::try_from(micros).ok());
    Error::RateLimited { retry_after_ms: micros.unwrap_or_default().div_ceil(1000) }
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
