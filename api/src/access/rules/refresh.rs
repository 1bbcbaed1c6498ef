//! Refresh tokens are a family: each use gives the next one, and the one before is no good any more.
//!
//! A token says of which generation it is. Whoever shows one of an earlier generation has a copy, or somebody else has:
//! nobody can tell which, so the whole family ends, and whoever it belongs to signs in anew (RFC 9700, section 4.14.2).

use chrono::{DateTime, TimeDelta, Utc};

/// How long a session lasts in which nobody does anything.
pub const IDLE: TimeDelta = TimeDelta::hours(12);
/// How long a session lasts at most.
pub const LONGEST: TimeDelta = TimeDelta::days(7);
/// How many sessions an account has at most: all of them end in one short transaction.
pub const MOST: usize = 50;

/// What decides whether a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Of the token that is good.
    pub generation: i32,
    /// Until when it is good.
    pub idle_until: DateTime<Utc>,
    /// When the session ends in any case.
    pub expires_at: DateTime<Utc>,
    /// When somebody ended it.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What a token that was shown comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is the good one: here is the next generation.
    Current(Family),
    /// It was used before: the family ends.
    Reused,
    /// The session is over, or there never was such a token.
    Over,
}

impl Family {
    /// That of a session that begins.
    pub fn begin(now: DateTime<Utc>) -> Self {
        Self { generation: 1, idle_until: now + IDLE, expires_at: now + LONGEST, revoked_at: None }
    }

    /// Whether the session is on at `now`.
    pub fn is_on(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now < self.idle_until && now < self.expires_at
    }

    /// Somebody shows the token of `generation` at `now`.
    pub fn show(&self, generation: i32, now: DateTime<Utc>) -> Shown {
        if !self.is_on(now) || generation > self.generation {
            return Shown::Over;
        }
        if generation < self.generation {
            return Shown::Reused;
        }
        match self.generation.checked_add(1) {
            Some(generation) => {
                let idle_until = (now + IDLE).min(self.expires_at);
                Shown::Current(Self { generation, idle_until, ..*self })
            }
            None => Shown::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
    }

    #[test]
    fn a_token_works_once() {
        let first = Family::begin(at(0));
        let Shown::Current(second) = first.show(1, at(10)) else { panic!("it is the good one") };
        assert_eq!((second.generation, second.idle_until), (2, at(10) + IDLE));
        assert_eq!(second.show(1, at(11)), Shown::Reused);
        assert!(matches!(second.show(2, at(11)), Shown::Current(_)));
        assert_eq!(second.show(3, at(11)), Shown::Over);
    }

    #[test]
    fn a_session_ends() {
        let family = Family::begin(at(0));
        let just_before = family.idle_until - TimeDelta::microseconds(1);
        assert!(matches!(family.show(1, just_before), Shown::Current(_)));
        assert_eq!(family.show(1, family.idle_until), Shown::Over);
        let revoked = Family { revoked_at: Some(at(1)), ..family };
        for generation in [0, 1, 2] {
            assert_eq!(revoked.show(generation, at(2)), Shown::Over, "{generation}");
        }
    }

    proptest! {
        /// Whoever shows what, in whatever order: only the last token is ever good, and no session outlives its end.
        #[test]
        fn at_most_one_token_is_good(shown in vec((1..12_i32, 0..2_000_i64), 1..60)) {
            let begun = at(0);
            let mut family = Family::begin(begun);
            let mut used = std::collections::BTreeSet::new();
            let mut minutes = 0;
            for (generation, passed) in shown {
                minutes += passed;
                let now = at(minutes);
                match family.show(generation, now) {
                    Shown::Current(next) => {
                        prop_assert!(used.insert(generation), "no generation works twice");
                        prop_assert!(now < begun + LONGEST && now < family.idle_until);
                        prop_assert_eq!(next.generation, generation + 1);
                        prop_assert!(next.idle_until <= next.expires_at);
                        prop_assert_eq!(next.expires_at, begun + LONGEST);
                        family = next;
                    }
                    Shown::Reused => {
                        prop_assert!(used.contains(&generation));
                        family.revoked_at = Some(now);
                    }
                    Shown::Over => prop_assert!(!family.is_on(now) || generation > family.generation),
                }
            }
        }
    }
}
