//! What an account or token may be.

use ::entity::admin_user::AdminLevel;
use chrono::{DateTime, Utc};

use crate::kernel::error::{UserErrorCode, Violation};

/// Whether an account of `level` can be made by one of the level `maker`; none is whoever sits at the machine.
///
/// # Errors
/// NOT_ALLOWED: nobody grants above their own level.
pub fn check_level(maker: Option<AdminLevel>, level: AdminLevel) -> Result<(), Violation> {
    match maker {
        Some(own) if level > own => {
            let message = "nobody makes an account above their own level";
            Err(Violation::new(UserErrorCode::NotAllowed, "level", message))
        }
        _ => Ok(()),
    }
}

/// The most documents that a token is trusted with: with what is recorded, a transaction writes 500 rows at most.
const MAX_DOCUMENTS: usize = 400;

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

/// Why a token of this name, these scopes and this end can't be made; nothing where it can.
pub fn check_token(
    name: &str,
    scopes: &[String],
    unknown: &[&str],
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    if name.trim().is_empty() || name.chars().count() > 100 {
        violations.push(Violation::new(
            UserErrorCode::Invalid,
            "name",
            "a token's name has 1 to 100 characters",
        ));
    }
    if scopes.is_empty() {
        violations.push(Violation::new(
            UserErrorCode::Required,
            "scopes",
            "a token needs at least one permission",
        ));
    }
    for scope in unknown {
        let message = format!("{scope} isn't a permission: one looks like incidents.read or incidents.*");
        violations.push(Violation::new(UserErrorCode::Invalid, "scopes", message));
    }
    if expires_at.is_some_and(|at| at <= now) {
        violations.push(Violation::new(UserErrorCode::OutOfRange, "expiresAt", "the end lies in the past"));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_grants_above_their_own_level() {
        use AdminLevel::{Admin, SuperAdmin, Support};
        for (maker, level, expected) in [
            (None, SuperAdmin, true),
            (Some(SuperAdmin), SuperAdmin, true),
            (Some(Admin), SuperAdmin, false),
            (Some(Admin), Admin, true),
            (Some(Support), Admin, false),
            (Some(Support), Support, true),
        ] {
            assert_eq!(check_level(maker, level).is_ok(), expected, "{maker:?} makes {level:?}");
        }
    }

    #[test]
    fn a_token_is_trusted_with_one_to_four_hundred_documents() {
        for (count, code) in
            [(0, Some(UserErrorCode::Required)), (1, None), (400, None), (401, Some(UserErrorCode::TooLong))]
        {
            assert_eq!(check_documents(count).map(|violation| violation.code), code, "{count}");
        }
    }
}
