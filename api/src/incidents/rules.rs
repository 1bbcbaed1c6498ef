//! Decisions about incidents: severity, transitions, what a text may be. Pure.
//!
//! ```text
//! OPEN → ACKNOWLEDGED → INVESTIGATING → IDENTIFIED → MONITORING → RESOLVED → CLOSED
//!   ↑        (forward steps may be skipped, up to MONITORING)        │
//!   └─────────────── reopen, within 24 hours of resolution ──────────┘
//! ```
//! RESOLVED takes a root cause and a resolution, so it has a mutation of its own, and CLOSED comes after it (or by a
//! merge, which says where the incident went on).

use ::entity::incident::{
    IncidentImpact as Impact, IncidentSeverity as Severity, IncidentStatus as Status,
    IncidentUrgency as Urgency,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// How long after its resolution an incident is reopened; later it is a new one that points back.
const REOPEN_WITHIN: TimeDelta = TimeDelta::hours(24);
/// Characters of a title.
pub const MAX_TITLE: usize = 255;
/// Characters of any longer text.
pub const MAX_TEXT: usize = 10_000;
/// Characters of a service's name.
const MAX_SERVICE_NAME: usize = 100;
/// Services that one incident affects.
const MAX_SERVICES: usize = 50;

/// Severity = impact × urgency (DOMAINS.md): all, many, few × critical, high, low.
pub fn severity(impact: Impact, urgency: Urgency) -> Severity {
    match (impact, urgency) {
        (Impact::All, Urgency::Critical | Urgency::High) | (Impact::Many, Urgency::Critical) => {
            Severity::Critical
        }
        (Impact::All, Urgency::Low) | (Impact::Many, Urgency::High) | (Impact::Few, Urgency::Critical) => {
            Severity::High
        }
        (Impact::Many, Urgency::Low) | (Impact::Few, Urgency::High) => Severity::Medium,
        (Impact::Few, Urgency::Low) => Severity::Low,
    }
}

/// The severity of an incident that says this much of itself: the given one, else the derived one. Where only one of
/// impact and urgency is known, the other counts as its worst: if unsure, higher.
///
/// # Errors
/// REQUIRED where it says nothing.
pub fn initial_severity(
    given: Option<Severity>,
    impact: Option<Impact>,
    urgency: Option<Urgency>,
) -> Result<Severity, Violation> {
    match (given, impact, urgency) {
        (Some(given), _, _) => Ok(given),
        (None, None, None) => Err(Violation::new(
            UserErrorCode::Required,
            "severity",
            "say the severity, or impact and urgency from which it follows",
        )),
        (None, impact, urgency) => {
            Ok(severity(impact.unwrap_or(Impact::All), urgency.unwrap_or(Urgency::Critical)))
        }
    }
}

/// The place of a status in an incident's life.
pub fn rank(status: Status) -> u8 {
    match status {
        Status::Open => 0,
        Status::Acknowledged => 1,
        Status::Investigating => 2,
        Status::Identified => 3,
        Status::Monitoring => 4,
        Status::Resolved => 5,
        Status::Closed => 6,
    }
}

/// Whether it is still being worked on.
pub fn is_open(status: Status) -> bool {
    rank(status) < rank(Status::Resolved)
}

/// Whether `incidentTransition` may go from `from` to `to`.
///
/// # Errors
/// INVALID_TRANSITION, or NOT_ALLOWED where another mutation leads there.
pub fn check_transition(from: Status, to: Status) -> Result<(), Violation> {
    if to == Status::Resolved && is_open(from) {
        let message = "RESOLVED takes a root cause and a resolution: use incidentResolve";
        return Err(Violation::new(UserErrorCode::NotAllowed, "status", message));
    }
    let is_forward =
        rank(to) > rank(from) && (is_open(to) || (from, to) == (Status::Resolved, Status::Closed));
    if is_forward { Ok(()) } else { Err(no_transition(from, &format!("to {}", name(to)), "status")) }
}

/// Whether `incidentTransition` leads anywhere from `from`.
///
/// # Errors
/// INVALID_TRANSITION where it doesn't.
pub fn check_any_transition(from: Status) -> Result<(), Violation> {
    // Whatever leads anywhere leads to one of the last two that a step can reach.
    let is_any = [Status::Monitoring, Status::Closed].iter().any(|to| check_transition(from, *to).is_ok());
    if is_any { Ok(()) } else { Err(no_transition(from, "any further by a transition", "id")) }
}

/// Whether an incident of status `from` can be acknowledged.
///
/// # Errors
/// INVALID_TRANSITION where somebody is on it already, or it is over.
pub fn check_acknowledge(from: Status) -> Result<(), Violation> {
    if from == Status::Open { Ok(()) } else { Err(no_transition(from, "to ACKNOWLEDGED", "id")) }
}

/// Whether an incident of status `from` can be resolved.
///
/// # Errors
/// INVALID_TRANSITION where it is over.
pub fn check_resolve(from: Status) -> Result<(), Violation> {
    if is_open(from) { Ok(()) } else { Err(no_transition(from, "to RESOLVED", "id")) }
}

/// Whether an incident of status `from` can still be changed.
///
/// # Errors
/// NOT_ALLOWED where it is closed.
pub fn check_changeable(from: Status) -> Result<(), Violation> {
    if from == Status::Closed {
        Err(Violation::new(
            UserErrorCode::NotAllowed,
            "id",
            "the incident is CLOSED: reopen it or open a new one",
        ))
    } else {
        Ok(())
    }
}

/// What reopening an incident means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopening {
    /// It goes on.
    Same,
    /// It is too long ago: a new one that points back.
    Linked,
}

/// How an incident is reopened at `now`.
///
/// # Errors
/// INVALID_TRANSITION where it isn't over; NOT_ALLOWED where it went into another one.
pub fn reopening(
    from: Status,
    ended_at: Option<DateTime<Utc>>,
    is_merged: bool,
    now: DateTime<Utc>,
) -> Result<Reopening, Violation> {
    if is_merged {
        let message = "the incident was merged: go on with the one that it went into";
        return Err(Violation::new(UserErrorCode::NotAllowed, "id", message));
    }
    if is_open(from) {
        return Err(no_transition(from, "to OPEN", "id"));
    }
    let is_recent = ended_at.is_some_and(|at| now - at <= REOPEN_WITHIN);
    Ok(if is_recent { Reopening::Same } else { Reopening::Linked })
}

/// Whether an incident of status `status` can take part in a merge.
///
/// # Errors
/// NOT_ALLOWED where it is over.
pub fn check_merge(status: Status, field: &str) -> Result<(), Violation> {
    if is_open(status) {
        return Ok(());
    }
    let message =
        format!("only incidents that are being worked on can be merged, and this one is {}", name(status));
    Err(Violation::new(UserErrorCode::NotAllowed, field, message))
}

/// Whether incidents of these owners can go into one of `target`: each would tell of the other. The platform, whose id is
/// nil, may take in anybody's.
///
/// # Errors
/// NOT_ALLOWED.
pub fn check_merged_owners(target: Uuid, mut sources: impl Iterator<Item = Uuid>) -> Result<(), Violation> {
    if target.is_nil() || sources.all(|source| source == target) {
        return Ok(());
    }
    let message = "these incidents belong to different organizations, and neither may read of the other's";
    Err(Violation::new(UserErrorCode::NotAllowed, "sourceIds", message))
}

/// Whether these are names of services that one incident can affect.
///
/// # Errors
/// LIMIT_EXCEEDED, REQUIRED or TOO_LONG.
pub fn check_services<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Violation> {
    if names.len() > MAX_SERVICES {
        let message = format!("an incident affects at most {MAX_SERVICES} services");
        return Err(Violation::new(UserErrorCode::LimitExceeded, "affectedServices", message));
    }
    for (i, name) in names.enumerate() {
        text::required(name, &format!("affectedServices.{i}.name"), MAX_SERVICE_NAME)?;
    }
    Ok(())
}

/// How a status is written.
pub fn name(status: Status) -> &'static str {
    match status {
        Status::Open => "OPEN",
        Status::Acknowledged => "ACKNOWLEDGED",
        Status::Investigating => "INVESTIGATING",
        Status::Identified => "IDENTIFIED",
        Status::Monitoring => "MONITORING",
        Status::Resolved => "RESOLVED",
        Status::Closed => "CLOSED",
    }
}

/// How a severity is written.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// Some durations, summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durations {
    /// How many.
    pub count: usize,
    /// Their mean.
    pub mean: TimeDelta,
    /// The median, by nearest rank.
    pub p50: TimeDelta,
    /// The 90th percentile, by nearest rank.
    pub p90: TimeDelta,
}

/// Sums up durations; nothing where there are none.
pub fn durations(all: impl Iterator<Item = TimeDelta>) -> Option<Durations> {
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    // Nearest rank: the smallest value with at least that share of all values at or below it.
    let rank = |percent: usize| all.get((all.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    let (p50, p90) = (rank(50)?, rank(90)?);
    let mean = all.iter().sum::<TimeDelta>() / i32::try_from(all.len()).unwrap_or(i32::MAX);
    Some(Durations { count: all.len(), mean, p50, p90 })
}

fn no_transition(from: Status, to: &str, field: &str) -> Violation {
    Violation::new(
        UserErrorCode::InvalidTransition,
        field,
        format!("an incident can't go from {} {to}", name(from)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;

    #[test]
    fn the_incidents_of_two_organizations_stay_apart() {
        let [acme, globex] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        for (target, sources, is_allowed) in [
            (acme, &[acme, acme][..], true),
            (acme, &[acme, globex], false),
            (acme, &[Uuid::nil()], false),
            (Uuid::nil(), &[acme, globex, Uuid::nil()], true),
        ] {
            let checked = check_merged_owners(target, sources.iter().copied());
            assert_eq!(checked.is_ok(), is_allowed, "{sources:?} into {target}");
        }
    }

    #[test]
    fn severity_is_impact_times_urgency() {
        use Severity::{Critical, High, Low, Medium};
        let table = [
            (Impact::All, [Critical, Critical, High]),
            (Impact::Many, [Critical, High, Medium]),
            (Impact::Few, [High, Medium, Low]),
        ];
        for (impact, row) in table {
            for (urgency, expected) in [Urgency::Critical, Urgency::High, Urgency::Low].into_iter().zip(row) {
                assert_eq!(severity(impact, urgency), expected, "{impact:?} × {urgency:?}");
            }
        }
        assert_eq!(initial_severity(None, Some(Impact::Few), None).unwrap(), High, "if unsure, higher");
        assert_eq!(
            initial_severity(Some(Low), Some(Impact::All), None).unwrap(),
            Low,
            "what is given counts"
        );
        assert_eq!(initial_severity(None, None, None).unwrap_err().code, UserErrorCode::Required);
    }

    #[test]
    fn only_the_named_transitions_are_made() {
        for from in Status::iter() {
            for to in Status::iter() {
                let allowed = (is_open(from) && is_open(to) && rank(to) > rank(from))
                    || (from == Status::Resolved && to == Status::Closed);
                assert_eq!(check_transition(from, to).is_ok(), allowed, "{from:?} → {to:?}");
            }
            let is_any = Status::iter().any(|to| check_transition(from, to).is_ok());
            assert_eq!(check_any_transition(from).is_ok(), is_any, "{from:?}");
        }
        assert_eq!(
            check_transition(Status::Open, Status::Resolved).unwrap_err().code,
            UserErrorCode::NotAllowed
        );
        assert_eq!(
            check_transition(Status::Open, Status::Open).unwrap_err().code,
            UserErrorCode::InvalidTransition
        );
        for from in Status::iter() {
            assert_eq!(check_acknowledge(from).is_ok(), from == Status::Open, "{from:?}");
            assert_eq!(check_resolve(from).is_ok(), rank(from) < 5, "{from:?}");
        }
    }

    #[test]
    fn an_incident_is_reopened_within_a_day() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let day = TimeDelta::hours(24);
        let reopen = |status, ago| reopening(status, Some(now - ago), false, now);
        assert_eq!(reopen(Status::Resolved, day).unwrap(), Reopening::Same);
        assert_eq!(reopen(Status::Closed, day).unwrap(), Reopening::Same);
        assert_eq!(reopen(Status::Resolved, day + TimeDelta::microseconds(1)).unwrap(), Reopening::Linked);
        assert!(reopen(Status::Monitoring, day).is_err());
        assert!(reopening(Status::Closed, Some(now), true, now).is_err(), "a merged one goes on elsewhere");
    }

    #[test]
    fn durations_are_summed_up_by_nearest_rank() {
        let sum = |seconds: &[i64]| durations(seconds.iter().map(|s| TimeDelta::seconds(*s)));
        assert_eq!(sum(&[]), None);
        let ten = sum(&[10, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
        let seconds = |d: TimeDelta| d.num_milliseconds();
        assert_eq!(
            (ten.count, seconds(ten.mean), seconds(ten.p50), seconds(ten.p90)),
            (10, 5_500, 5_000, 9_000)
        );
        let one = sum(&[7]).unwrap();
        assert_eq!((seconds(one.p50), seconds(one.p90)), (7_000, 7_000));
    }

    #[test]
    fn services_have_names_and_are_not_too_many() {
        assert!(check_services(["a"; 51].into_iter()).is_err());
        assert_eq!(
            check_services(["a", " "].into_iter()).unwrap_err().field.unwrap(),
            ["input", "affectedServices", "1", "name"]
        );
    }
}
