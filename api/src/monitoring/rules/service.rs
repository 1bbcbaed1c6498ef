//! The state of a service, as its probes have it.
//!
//! ```text
//!                 answered as expected              so many in a row
//!    UNKNOWN ──────────────────────────► HEALTHY ◄──────────────────┬── DEGRADED
//!       │                                                           └── DOWN
//!       ├── answered, but slowly or with what wasn't expected ──► DEGRADED   (from any state, at once)
//!       └── no answer, so many times in a row ──────────────────► DOWN       (from any state)
//! ```

use ::entity::{probe_result::ProbeOutcome, service_status::ServiceState as State};

use super::within;
use crate::kernel::error::Violation;

/// Services that one depends on.
pub const MAX_DEPENDENCIES: usize = 50;

/// How many probes in a row it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Without an answer, until it is DOWN. At least 1.
    pub failures_to_down: i32,
    /// As expected, until it is HEALTHY again. At least 1.
    pub successes_to_recover: i32,
}

/// Where a service stands after its probes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Probes in a row that weren't answered.
    pub failures: i32,
    /// Probes in a row that were answered as expected.
    pub successes: i32,
}

/// Where a service stands after one more probe.
pub fn next(now: Standing, outcome: ProbeOutcome, thresholds: Thresholds) -> Standing {
    match outcome {
        ProbeOutcome::Failed => {
            let failures = now.failures.saturating_add(1);
            let is_down = failures >= thresholds.failures_to_down;
            Standing { state: if is_down { State::Down } else { now.state }, failures, successes: 0 }
        }
        ProbeOutcome::Degraded => Standing { state: State::Degraded, failures: 0, successes: 0 },
        ProbeOutcome::Healthy => {
            let successes = now.successes.saturating_add(1);
            let is_bad = matches!(now.state, State::Degraded | State::Down);
            let stays = is_bad && successes < thresholds.successes_to_recover;
            Standing { state: if stays { now.state } else { State::Healthy }, failures: 0, successes }
        }
    }
}

/// What a change of state is to those who are on call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It went down: an alert.
    Down,
    /// It isn't as it should be.
    Degraded,
    /// It is well again: the end of the alert.
    Recovered,
    /// Nothing to get up for: the first good result, or what happens under maintenance.
    Quiet,
}

/// What is to be told of a step from `before` to `after`; nothing, mostly.
///
/// `is_announced`: whether somebody was told already that it is down. A service that went down under maintenance and is
/// still down when that ends is news then.
pub fn news(before: State, after: State, is_in_maintenance: bool, is_announced: bool) -> Option<News> {
    let is_changed = before != after;
    match after {
        State::Down if is_changed || !is_announced => match (is_in_maintenance, is_changed) {
            (false, _) => Some(News::Down),
            (true, true) => Some(News::Quiet),
            (true, false) => None,
        },
        _ if !is_changed => None,
        State::Degraded if !is_in_maintenance => Some(News::Degraded),
        State::Healthy if before != State::Unknown => Some(News::Recovered),
        _ => Some(News::Quiet),
    }
}

/// The state of several services together: the worst that is known; UNKNOWN where nothing is.
pub fn overall(states: impl IntoIterator<Item = State>) -> State {
    let rank = |state: &State| match state {
        State::Unknown => 0,
        State::Healthy => 1,
        State::Degraded => 2,
        State::Down => 3,
    };
    states.into_iter().max_by_key(rank).unwrap_or(State::Unknown)
}

/// Whether a service can have this tier: 1 is the most important, 4 the least.
///
/// # Errors
/// OUT_OF_RANGE.
pub fn check_tier(tier: i32) -> Result<(), Violation> {
    within(tier, 1, 4, "tier")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sea_orm::Iterable;

    const FIRST: Standing = Standing { state: State::Unknown, failures: 0, successes: 0 };
    const USUAL: Thresholds = Thresholds { failures_to_down: 3, successes_to_recover: 2 };

    fn run(outcomes: &str) -> (Vec<State>, Standing) {
        let mut standing = FIRST;
        let states = outcomes.chars().map(|letter| {
            let outcome = match letter {
                'h' => ProbeOutcome::Healthy,
                'd' => ProbeOutcome::Degraded,
                _ => ProbeOutcome::Failed,
            };
            standing = next(standing, outcome, USUAL);
            standing.state
        });
        (states.collect(), standing)
    }

    #[test]
    fn results_make_states() {
        use State::{Degraded as D, Down as X, Healthy as H, Unknown as U};
        let table: &[(&str, &[State])] = &[
            ("h", &[H]),
            ("d", &[D]),
            ("fff", &[U, U, X]),
            ("hffh", &[H, H, H, H]),
            ("hfff", &[H, H, H, X]),
            ("hffhff", &[H, H, H, H, H, H]),
            ("hfffhh", &[H, H, H, X, X, H]),
            ("fffhfh", &[U, U, X, X, X, X]),
            ("fffd", &[U, U, X, D]),
            ("fffdhh", &[U, U, X, D, D, H]),
            ("dff", &[D, D, D]),
            ("dfff", &[D, D, D, X]),
            ("dhdhh", &[D, D, D, D, H]),
        ];
        for (outcomes, expected) in table {
            assert_eq!(run(outcomes).0, *expected, "{outcomes}");
        }
        assert_eq!(run("hhff").1, Standing { state: H, failures: 2, successes: 0 });
        assert_eq!(run("ffhh").1, Standing { state: H, failures: 0, successes: 2 });
    }

    #[test]
    fn only_changes_are_news_and_maintenance_is_quiet() {
        use State::{Degraded, Down, Healthy, Unknown};
        for state in State::iter() {
            assert_eq!(news(state, state, false, true), None);
            assert_eq!(news(state, state, true, true), None);
        }
        let table = [
            (Healthy, Down, Some(News::Down), Some(News::Quiet)),
            (Unknown, Down, Some(News::Down), Some(News::Quiet)),
            (Healthy, Degraded, Some(News::Degraded), Some(News::Quiet)),
            (Down, Degraded, Some(News::Degraded), Some(News::Quiet)),
            (Down, Healthy, Some(News::Recovered), Some(News::Recovered)),
            (Degraded, Healthy, Some(News::Recovered), Some(News::Recovered)),
            (Unknown, Healthy, Some(News::Quiet), Some(News::Quiet)),
            (Down, Unknown, Some(News::Quiet), Some(News::Quiet)),
        ];
        for (before, after, usual, under_maintenance) in table {
            assert_eq!(news(before, after, false, false), usual, "{before:?} → {after:?}");
            assert_eq!(news(before, after, true, false), under_maintenance, "{before:?} → {after:?}");
        }
        assert_eq!(news(Down, Down, false, false), Some(News::Down), "maintenance has ended");
        assert_eq!(news(Down, Down, true, false), None);
    }

    #[test]
    fn the_worst_counts_and_nothing_is_unknown() {
        use State::{Degraded, Down, Healthy, Unknown};
        assert_eq!(overall([]), Unknown);
        assert_eq!(overall([Unknown, Unknown]), Unknown);
        assert_eq!(overall([Unknown, Healthy]), Healthy);
        assert_eq!(overall([Healthy, Degraded, Unknown]), Degraded);
        assert_eq!(overall([Down, Healthy, Degraded]), Down);
    }

    fn outcome() -> impl Strategy<Value = ProbeOutcome> {
        prop_oneof![Just(ProbeOutcome::Healthy), Just(ProbeOutcome::Degraded), Just(ProbeOutcome::Failed)]
    }

    proptest! {
        /// Whatever the results were, the last ones alone decide, and the counters count them.
        #[test]
        fn the_tail_of_the_results_decides(
            outcomes in prop::collection::vec(outcome(), 1..60),
            failures_to_down in 1..=10,
            successes_to_recover in 1..=10,
        ) {
            let thresholds = Thresholds { failures_to_down, successes_to_recover };
            let mut standing = FIRST;
            for (i, outcome) in outcomes.iter().enumerate() {
                let before = standing;
                standing = next(before, *outcome, thresholds);
                let run = |wanted| {
                    let tail = outcomes[..=i].iter().rev().take_while(|outcome| **outcome == wanted);
                    i32::try_from(tail.count()).unwrap()
                };
                prop_assert_eq!(standing.failures, run(ProbeOutcome::Failed));
                prop_assert_eq!(standing.successes, run(ProbeOutcome::Healthy));
                let is_down = standing.failures >= failures_to_down;
                prop_assert!(!is_down || standing.state == State::Down);
                if *outcome == ProbeOutcome::Failed && !is_down {
                    prop_assert_eq!(standing.state, before.state, "a failure alone changes nothing");
                }
                if *outcome == ProbeOutcome::Degraded {
                    prop_assert_eq!(standing.state, State::Degraded);
                }
                if standing.successes >= successes_to_recover {
                    prop_assert_eq!(standing.state, State::Healthy);
                }
                prop_assert!(standing.state != State::Unknown || *outcome == ProbeOutcome::Failed);
            }
        }
    }
}
