//! How fast somebody may try: exponential delay, and nothing that a stranger can lock.
//!
//! Attempts are counted in *tallies*, each before it is made: a thousand at once are a thousand, not one. Some are free;
//! beyond them each has to wait twice as long as the one before, up to a bound; after a quiet time all is forgotten.
//!
//! | tally | of | what it is for |
//! | --- | --- | --- |
//! | pair | passwords tried for a name from a network | guessing one person's password |
//! | network | passwords tried from a network, whatever the name | trying one password on everybody |
//! | site | the same from a /48 of IPv6, which has 65,536 networks | going through them |
//! | name | passwords tried for a name, from wherever | many networks guess together |
//! | factor | second factors tried for an account, after the right password | guessing six digits |
//!
//! **No lockout by strangers.** What is tried elsewhere never delays the first attempt of a network: the tally of a name
//! only makes the pairs less patient. Those of a network and its site aren't asked where the client is *known*: it shows a
//! refresh token from a sign-in to this account within a month, which its neighbours don't have. That somebody signed in
//! from there would be no proof, and tell the neighbours whose account there is. The one tally that counts for an account wherever it is
//! tried from is that of second factors, and only who knows the password gets there: their bound is an hour. Names that
//! nobody has are counted like any other, so that a delay says nothing.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

/// How patient a tally is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Attempts that don't wait.
    pub free: u32,
    /// How long the first one waits that isn't free.
    pub first: TimeDelta,
    /// The longest that one waits.
    pub longest: TimeDelta,
    /// After how long without an attempt all is forgotten. Longer than `longest`.
    pub memory: TimeDelta,
}

/// Passwords for a name from a network.
const PAIR: Pace = Pace {
    free: 5,
    first: TimeDelta::seconds(1),
    longest: TimeDelta::minutes(15),
    memory: TimeDelta::days(1),
};
/// The same, while the name is being tried from everywhere: one attempt is free.
const WARY_PAIR: Pace = Pace { free: 1, first: TimeDelta::minutes(1), ..PAIR };
/// Passwords from a network. Many people may be behind one address.
pub const NETWORK: Pace = Pace {
    free: 30,
    first: TimeDelta::seconds(1),
    longest: TimeDelta::minutes(15),
    memory: TimeDelta::hours(1),
};
/// Passwords from a site. A whole company may be behind one.
pub const SITE: Pace = Pace { free: 300, ..NETWORK };
/// Second factors for an account.
pub const FACTOR: Pace =
    Pace { free: 5, first: TimeDelta::seconds(2), longest: TimeDelta::hours(1), memory: TimeDelta::days(1) };
/// Passwords for a name: it is never waited for.
pub const NAME: Pace = Pace { free: u32::MAX, ..PAIR };
/// From how many attempts for a name on its pairs are [`WARY_PAIR`]s.
const WARY_FROM: u32 = 50;

/// How long a client is known that signed in.
pub const KNOWN: TimeDelta = TimeDelta::days(30);
/// From when on no tally matters.
pub const LONGEST_MEMORY: TimeDelta = TimeDelta::days(1);

/// How patient a pair is whose name has this tally.
pub fn pace_of_pair(name: &Tally, now: DateTime<Utc>) -> Pace {
    if name.count_at(now, &NAME) >= WARY_FROM { WARY_PAIR } else { PAIR }
}

/// Attempts so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u32,
    /// When the last one was made.
    pub last_at: Option<DateTime<Utc>>,
}

impl Tally {
    /// How many count at `now`.
    fn count_at(&self, now: DateTime<Utc>, pace: &Pace) -> u32 {
        match self.last_at {
            // Where the clock was set back, nothing is forgotten.
            Some(last) if now - last < pace.memory => self.count,
            _ => 0,
        }
    }

    /// With one more attempt, at `now`.
    ///
    /// # Errors
    /// How long it has to wait. It isn't counted then: who only waits gets there.
    pub fn attempt(&self, now: DateTime<Utc>, pace: &Pace) -> Result<Self, TimeDelta> {
        let count = self.count_at(now, pace);
        if let Some(last) = self.last_at.filter(|_| count > 0) {
            // Where the clock was set back, no wait is longer than it would be now.
            let wait = (last + delay(count, pace) - now).min(delay(count, pace));
            if wait > TimeDelta::zero() {
                return Err(wait);
            }
        }
        Ok(Self { count: count.saturating_add(1), last_at: Some(now) })
    }

    /// Without the attempt that was just counted: it wasn't a guess.
    #[must_use]
    pub fn taken_back(&self) -> Self {
        Self { count: self.count.saturating_sub(1), ..*self }
    }
}

/// How long the attempt after `count` others waits.
fn delay(count: u32, pace: &Pace) -> TimeDelta {
    let Some(beyond) = count.checked_sub(pace.free) else { return TimeDelta::zero() };
    // Beyond 2³⁰ seconds every bound is reached.
    let doubled = pace.first.checked_mul(1 << beyond.min(30)).unwrap_or(pace.longest);
    doubled.min(pace.longest)
}

/// The network of an address: an address of IPv4 itself, /64 of IPv6, which one household has. Nobody knows
/// where is a network of its own.
pub fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "nowhere".to_owned(),
    }
}

/// The site of an address: /48 of IPv6. One of IPv4 is a network and no more.
pub fn site(address: Option<IpAddr>) -> Option<String> {
    match address?.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::/48"))
        }
    }
}

#[cfg(test)]
mod tests;
