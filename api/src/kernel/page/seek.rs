//! Ranges of time that the primary key answers.
//!
//! The ids of big, append-only tables are UUIDv7: they carry the time at which they were made, and their lists are
//! sorted by them. What a filter says of a row's time therefore says something of its id, too, and a page of last March
//! begins in last March instead of reading its way back from today.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    column::{Column, Datum},
    predicate::{Predicate, Test},
};

/// How far a time may be from that of the id: clocks are set back, and senders' clocks are wrong.
const SLACK: TimeDelta = TimeDelta::days(1);

/// When an id was made, seen from the time that is filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// At that time.
    Then,
    /// At that time or any time later: somebody told us of it.
    ThenOrLater,
}

/// `predicate`, with what its bounds on `time` say of `id`. The same rows pass.
pub fn seek(predicate: Predicate, time: impl Into<Column>, made: Made, id: impl Into<Column>) -> Predicate {
    let (time, id) = (time.into(), id.into());
    let mut bounds = Vec::new();
    collect(&predicate, time, made, &mut bounds);
    let bounds = bounds.into_iter().map(|test| Predicate::Is(id.into(), test)).collect();
    predicate.and(Predicate::All(bounds))
}

/// Only what must hold in any case tells something: what is within ANY or NOT doesn't.
fn collect(predicate: &Predicate, time: Column, made: Made, bounds: &mut Vec<Test>) {
    match predicate {
        Predicate::All(all) => all.iter().for_each(|each| collect(each, time, made, bounds)),
        Predicate::Is(field, test) if field.column == time => {
            let (from, to) = match test {
                Test::Eq(Datum::Time(at)) => (Some(at), Some(at)),
                Test::Gt(Datum::Time(at)) | Test::Gte(Datum::Time(at)) => (Some(at), None),
                Test::Lt(Datum::Time(at)) | Test::Lte(Datum::Time(at)) => (None, Some(at)),
                _ => (None, None),
            };
            bounds.extend(from.map(|at| Test::Gte(first_id(*at - SLACK).into())));
            if made == Made::Then {
                bounds.extend(to.map(|at| Test::Lt(first_id(*at + SLACK).into())));
            }
        }
        _ => {}
    }
}

/// The least UUIDv7 of a time: its first 48 bits are milliseconds since 1970.
fn first_id(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(u128::from(millis) << 80)
}

#[cfg(test)]
mod tests {
    use ::entity::audit_log::Column as Of;

    use super::*;
    use crate::kernel::id;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn is(test: Test) -> Predicate {
        Predicate::Is(Of::ReceivedAt.into(), test)
    }

    /// What is added to `predicate`.
    fn added(predicate: Predicate, made: Made) -> Vec<Test> {
        let before = predicate.clone();
        let mut bounds = Vec::new();
        collect(&before, Of::ReceivedAt.into(), made, &mut bounds);
        let expected = bounds.iter().map(|test| Predicate::Is(Of::Id.into(), test.clone())).collect();
        assert_eq!(seek(predicate, Of::ReceivedAt, made, Of::Id), before.and(Predicate::All(expected)));
        bounds
    }

    #[test]
    fn a_range_of_time_is_a_range_of_ids_a_day_wider() {
        let (from, to) = (at("2026-03-02T00:00:00Z"), at("2026-03-09T12:00:00Z"));
        let range = Predicate::All(vec![is(Test::Gte(from.into())), is(Test::Lt(to.into()))]);
        let first = Test::Gte(first_id(at("2026-03-01T00:00:00Z")).into());
        let last = Test::Lt(first_id(at("2026-03-10T12:00:00Z")).into());
        assert_eq!(added(range.clone(), Made::Then), [first.clone(), last.clone()]);
        // What we are told of later is found above the range, too.
        assert_eq!(added(range, Made::ThenOrLater), [first]);
        assert_eq!(added(is(Test::Eq(from.into())), Made::Then).len(), 2);
        // The ids that were made in between lie in between.
        for time in [from, from + TimeDelta::days(3), to] {
            let id = id::Generator::new().next(time);
            assert!(first_id(from - SLACK) <= id && id < first_id(to + SLACK));
        }
    }

    #[test]
    fn what_need_not_hold_bounds_nothing() {
        let early = is(Test::Lt(at("2026-03-02T00:00:00Z").into()));
        for predicate in [
            Predicate::default(),
            early.clone().not(),
            Predicate::Any(vec![early, Predicate::default()]),
            is(Test::IsNull),
            Predicate::Is(Of::OccurredAt.into(), Test::Lt(at("2026-03-02T00:00:00Z").into())),
        ] {
            assert_eq!(added(predicate, Made::Then), []);
        }
    }

    #[test]
    fn times_before_all_ids_begin_at_the_first() {
        assert_eq!(first_id(at("1900-01-01T00:00:00Z")), Uuid::nil());
    }
}
