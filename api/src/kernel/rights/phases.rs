//! What an account may over time, as long as nobody changes it: from one end of a grant to the next.
//!
//! Grants begin when they are made and end by themselves. So the future of an account is known when its rights are read,
//! and asking what it may at a time is a search in a short list: no statement, and no timer that could be missed.

use chrono::{DateTime, Utc};

use crate::kernel::permission::PermissionSet;

/// What an account may, phase by phase.
#[derive(Debug)]
pub(super) struct Phases {
    /// The phases that end, by their ends, which lie outside of them.
    ending: Vec<(DateTime<Utc>, PermissionSet)>,
    /// What stays after the last end.
    lasting: PermissionSet,
}

impl Phases {
    /// Of somebody who may `own` for good, and beside that what `grants` give until they end.
    pub fn new(
        own: PermissionSet,
        grants: impl IntoIterator<Item = (PermissionSet, Option<DateTime<Utc>>)>,
    ) -> Self {
        let mut lasting = own;
        let mut ends = Vec::new();
        for (permissions, end) in grants {
            match end {
                Some(end) => ends.push((end, permissions)),
                None => lasting = lasting.union(&permissions),
            }
        }
        // From the last end back: before an end there is what comes after it, and what ends there.
        ends.sort_unstable_by(|one, other| other.cmp(one));
        let mut ending: Vec<(DateTime<Utc>, PermissionSet)> = Vec::new();
        for (end, permissions) in ends {
            let later = ending.last().map_or(&lasting, |(_, held)| held);
            let held = later.union(&permissions);
            if held == *later {
                // Nothing ends there that isn't given for longer by something else.
                continue;
            }
            match ending.last_mut() {
                Some((same, widened)) if *same == end => *widened = held,
                _ => ending.push((end, held)),
            }
        }
        ending.reverse();
        Self { ending, lasting }
    }

    /// What they may at `now`, and until when, where that ends by itself.
    pub fn at(&self, now: DateTime<Utc>) -> (&PermissionSet, Option<DateTime<Utc>>) {
        let next = self.ending.partition_point(|(end, _)| *end <= now);
        match self.ending.get(next) {
            Some((end, held)) => (held, Some(*end)),
            None => (&self.lasting, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*, sample::subsequence};

    use super::*;

    const KEYS: [&str; 5] = ["a.read", "a.write", "b.read", "c.read", "d.read"];

    fn second(number: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(number, 0).unwrap()
    }

    fn sets() -> impl Strategy<Value = PermissionSet> {
        subsequence(KEYS.to_vec(), 0..=KEYS.len()).prop_map(PermissionSet::from_iter)
    }

    proptest! {
        #[test]
        fn a_grant_counts_until_it_ends_and_nothing_else_does(
            own in sets(),
            grants in vec((sets(), option::of(0..20_i64)), 0..8),
        ) {
            let of = |(set, end): &(PermissionSet, Option<i64>)| (set.clone(), end.map(second));
            let phases = Phases::new(own.clone(), grants.iter().map(of));
            let expected = |now: i64| {
                let counting = grants.iter().filter(|(_, end)| end.is_none_or(|end| now < end));
                counting.fold(own.clone(), |all, (set, _)| all.union(set))
            };
            for now in -1..21 {
                let (held, until) = phases.at(second(now));
                prop_assert_eq!(held, &expected(now), "at {}", now);
                // It changes exactly when it says, and not before.
                let change = (now + 1..21).find(|later| expected(*later) != expected(now));
                prop_assert_eq!(until, change.map(second), "at {}", now);
            }
        }
    }
}
