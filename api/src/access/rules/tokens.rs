//! What an API token may be, who makes one, and when it can be rotated.
//!
//! - A token is made by somebody who is signed in themselves, not by a token: else one that was found would go on for good.
//! - It may nothing that its maker may not: one that acts as its maker for as long as they may it, one that acts as itself
//!   nothing that they may for less time, and nothing that is sensitive.
//! - Whoever rotates one gets its text, and so must be somebody who could make it.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Granter, MAX_NAME, unknown_permissions};
use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// The most documents that a token is trusted with: with what is recorded, a transaction writes 500 rows at most.
const MAX_DOCUMENTS: usize = 400;
/// The most networks that a token is accepted from.
const MAX_NETWORKS: usize = 100;
/// The longest that the old text of a rotated token is good.
const MAX_OVERLAP: TimeDelta = TimeDelta::days(30);

/// Why a token can't be trusted with so many documents and nothing else; nothing where it can.
pub fn check_documents(count: usize) -> Option<Violation> {
    match count {
        0 => Some(Violation::new(
            UserErrorCode::Required,
            "documents",
            "a token that may run certain documents has at least one",
        )),
        1..=MAX_DOCUMENTS => None,
        _ => Some(Violation::new(
            UserErrorCode::TooLong,
            "documents",
            format!("a token is trusted with {MAX_DOCUMENTS} documents at most: these are {count}"),
        )),
    }
}

/// Why a token can't be accepted from so many networks and nowhere else; nothing where it can.
pub fn check_networks(count: usize) -> Option<Violation> {
    match count {
        0 => Some(Violation::new(
            UserErrorCode::Required,
            "networks",
            "a token that is accepted from certain networks has at least one",
        )),
        1..=MAX_NETWORKS => None,
        _ => Some(Violation::new(
            UserErrorCode::TooLong,
            "networks",
            format!("a token is accepted from {MAX_NETWORKS} networks at most: these are {count}"),
        )),
    }
}

/// Why a token can't have a budget of so many points at once, of which so many come back each second; nothing where it can.
pub fn check_budget(bucket: u32, per_second: u32) -> Option<Violation> {
    let fits = |points: u32| (1..=i32::MAX.unsigned_abs()).contains(&points);
    (!fits(bucket) || !fits(per_second)).then(|| {
        Violation::new(
            UserErrorCode::OutOfRange,
            "costBudget",
            "a budget is made of whole points: at least one",
        )
    })
}

/// Why a token of this name, these scopes and this end can't be made; nothing where it can.
pub fn check_token(
    name: &str,
    scopes: &[String],
    unknown: &[&str],
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    violations.extend(text::required(name, "name", MAX_NAME).err());
    if scopes.is_empty() {
        violations.push(Violation::new(
            UserErrorCode::Required,
            "scopes",
            "a token needs at least one permission",
        ));
    }
    violations.extend(unknown_permissions("scopes", unknown));
    violations.extend(check_token_end(expires_at, now));
    violations
}

/// Why a token can't end then; nothing where it can.
pub fn check_token_end(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Violation> {
    expires_at
        .is_some_and(|at| at <= now)
        .then(|| Violation::new(UserErrorCode::OutOfRange, "expiresAt", "the end lies in the past"))
}

/// Whether somebody may make or rotate tokens at all; `by_token`: what they have shown is one.
///
/// # Errors
/// NOT_ALLOWED: a token makes no tokens.
pub fn check_maker(by_token: bool) -> Result<(), Violation> {
    if by_token {
        let message = "tokens are made by people who have signed in: a token makes none";
        return Err(Violation::new(UserErrorCode::NotAllowed, "", message));
    }
    Ok(())
}

/// Whether `granter` may have the text of a token that acts as `account`.
///
/// # Errors
/// NOT_ALLOWED: whoever has it is that account.
pub fn check_owner(granter: &Granter, account: Option<Uuid>) -> Result<(), Violation> {
    match (granter, account) {
        (Granter::Machine, _) | (_, None) => Ok(()),
        (_, own) if granter.account() == own => Ok(()),
        _ => {
            let message = "this token acts as somebody else, and its text is theirs alone";
            Err(Violation::new(UserErrorCode::NotAllowed, "id", message))
        }
    }
}

/// Whether a token can be changed that ends and was revoked then.
///
/// # Errors
/// INVALID_TRANSITION where it is over.
pub fn check_alive(
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Violation> {
    let message = if revoked_at.is_some() {
        "this token is revoked"
    } else if expires_at.is_some_and(|at| at <= now) {
        "this token has expired"
    } else {
        return Ok(());
    };
    Err(Violation::new(UserErrorCode::InvalidTransition, "id", message))
}

/// Whether the old text of a token can be good until then.
///
/// # Errors
/// OUT_OF_RANGE where that is over, or too far away.
pub fn check_overlap(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Violation> {
    let Some(until) = until else { return Ok(()) };
    if now < until && until <= now + MAX_OVERLAP {
        return Ok(());
    }
    let message =
        format!("the old text is good for {} more days at most, from now on", MAX_OVERLAP.num_days());
    Err(Violation::new(UserErrorCode::OutOfRange, "previousUntil", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(number, 0).unwrap()
    }

    #[test]
    fn a_token_is_trusted_with_one_to_four_hundred_documents() {
        for (count, code) in
            [(0, Some(UserErrorCode::Required)), (1, None), (400, None), (401, Some(UserErrorCode::TooLong))]
        {
            assert_eq!(check_documents(count).map(|violation| violation.code), code, "{count}");
        }
    }

    #[test]
    fn a_token_is_accepted_from_one_to_a_hundred_networks() {
        for (count, code) in
            [(0, Some(UserErrorCode::Required)), (1, None), (100, None), (101, Some(UserErrorCode::TooLong))]
        {
            assert_eq!(check_networks(count).map(|violation| violation.code), code, "{count}");
        }
    }

    #[test]
    fn a_budget_has_points_in_it() {
        for (bucket, per_second, expected) in
            [(1, 1, true), (0, 1, false), (1, 0, false), (u32::MAX, 1, false), (1 << 30, 1 << 30, true)]
        {
            assert_eq!(check_budget(bucket, per_second).is_none(), expected, "{bucket} {per_second}");
        }
    }

    #[test]
    fn what_is_over_is_not_rotated() {
        let now = second(10);
        for (expires, revoked, expected) in [
            (None, None, true),
            (Some(second(11)), None, true),
            (Some(now), None, false),
            (None, Some(second(9)), false),
        ] {
            assert_eq!(check_alive(expires, revoked, now).is_ok(), expected, "{expires:?} {revoked:?}");
        }
    }

    #[test]
    fn the_old_text_is_good_for_a_while() {
        let now = second(10);
        let most = now + TimeDelta::days(30);
        for (until, expected) in [
            (None, true),
            (Some(now), false),
            (Some(second(11)), true),
            (Some(most), true),
            (Some(most + TimeDelta::microseconds(1)), false),
        ] {
            assert_eq!(check_overlap(until, now).is_ok(), expected, "{until:?}");
        }
    }

    #[test]
    fn a_text_is_for_those_who_could_have_it() {
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let caller = |account| Granter::Caller { account, reach: super::super::Reach::default() };
        for (granter, account, expected) in [
            (caller(Some(own)), Some(own), true),
            (caller(Some(own)), Some(other), false),
            (caller(Some(own)), None, true),
            (caller(None), Some(other), false),
            (Granter::Machine, Some(other), true),
        ] {
            assert_eq!(check_owner(&granter, account).is_ok(), expected, "{granter:?} {account:?}");
        }
        assert!(check_maker(false).is_ok());
        assert_eq!(check_maker(true).unwrap_err().code, UserErrorCode::NotAllowed);
    }
}
