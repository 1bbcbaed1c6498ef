//! What the register takes of people, and who may be kept out.

use ::entity::user::UserStatus as Status;
use chrono::{DateTime, Utc};

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// Characters of an id elsewhere.
const MAX_EXTERNAL_ID: usize = 255;

/// The id by which the platform knows somebody.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn external_id(given: &str, field: &str) -> Result<String, Violation> {
    text::required(given, field, MAX_EXTERNAL_ID)
}

/// An address. Only that it can be one: whether mail arrives is for whoever sends some.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn email(given: &str, field: &str) -> Result<String, Violation> {
    text::email(given, field)
}

/// Where somebody stands who is in the register from now on, or is reinstated.
pub fn standing(is_verified: bool) -> Status {
    if is_verified { Status::Active } else { Status::Pending }
}

/// Whether somebody of this status can be kept out.
///
/// # Errors
/// INVALID_TRANSITION.
pub fn check_suspend(from: Status) -> Result<(), Violation> {
    match from {
        Status::Pending | Status::Active => Ok(()),
        Status::Suspended => Err(no_transition("they are suspended already")),
        Status::Deleted => Err(no_transition("they are gone")),
    }
}

/// Whether somebody of this status can be let in again.
///
/// # Errors
/// INVALID_TRANSITION.
pub fn check_reinstate(from: Status) -> Result<(), Violation> {
    if from == Status::Suspended { Ok(()) } else { Err(no_transition("they aren't suspended")) }
}

/// Whether somebody of this status can be said to be who they say.
///
/// # Errors
/// INVALID_TRANSITION.
pub fn check_verify(from: Status, is_verified: bool) -> Result<(), Violation> {
    match from {
        Status::Deleted => Err(no_transition("they are gone")),
        _ if is_verified => Err(no_transition("they are verified already")),
        _ => Ok(()),
    }
}

/// The end of a suspension: in the future.
///
/// # Errors
/// OUT_OF_RANGE.
pub fn end(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Violation> {
    match until {
        Some(until) if until <= now => {
            Err(Violation::new(UserErrorCode::OutOfRange, "until", "the end lies in the past"))
        }
        _ => Ok(until),
    }
}

fn no_transition(message: &str) -> Violation {
    Violation::new(UserErrorCode::InvalidTransition, "id", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_looks_like_one() {
        for right in ["a@b", " maja.lindqvist@example.com ", "\"a@b\"@example.com"] {
            assert_eq!(email(right, "email").unwrap(), right.trim());
        }
        for wrong in ["", "a", "@b", "a@", "a b@c", "a\0@b", &format!("{}@b", "x".repeat(254))] {
            assert!(email(wrong, "email").is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn who_is_kept_out_can_come_back_and_nobody_else() {
        use Status::{Active, Deleted, Pending, Suspended};
        for (from, suspends, reinstates) in
            [(Pending, true, false), (Active, true, false), (Suspended, false, true), (Deleted, false, false)]
        {
            assert_eq!(check_suspend(from).is_ok(), suspends, "{from:?}");
            assert_eq!(check_reinstate(from).is_ok(), reinstates, "{from:?}");
        }
        assert_eq!((standing(true), standing(false)), (Active, Pending));
    }

    #[test]
    fn whoever_is_there_is_verified_once() {
        use Status::{Active, Deleted, Pending, Suspended};
        for from in [Pending, Active, Suspended] {
            assert!(check_verify(from, false).is_ok() && check_verify(from, true).is_err(), "{from:?}");
        }
        assert!(check_verify(Deleted, false).is_err());
    }

    #[test]
    fn a_suspension_ends_in_the_future_or_not_by_itself() {
        let now = DateTime::UNIX_EPOCH;
        let later = now + chrono::TimeDelta::microseconds(1);
        assert_eq!(end(None, now).unwrap(), None);
        assert_eq!(end(Some(later), now).unwrap(), Some(later));
        assert_eq!(end(Some(now), now).unwrap_err().code, UserErrorCode::OutOfRange);
    }
}
