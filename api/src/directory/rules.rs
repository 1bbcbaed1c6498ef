//! What the register takes, and who may be kept out. Pure.

use ::entity::user::UserStatus as Status;

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// People that one call brings.
pub const MAX_RECORDS: usize = 500;
/// Characters of a name, of a reason, of an id elsewhere.
const MAX_NAME: usize = 200;
const MAX_REASON: usize = 1_000;
const MAX_EXTERNAL_ID: usize = 255;
/// Characters of an address (RFC 5321).
const MAX_EMAIL: usize = 254;
/// Characters of a slug.
const MAX_SLUG: usize = 63;

/// A name.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn name(given: &str, field: &str) -> Result<String, Violation> {
    text::required(given, field, MAX_NAME)
}

/// Why something is done to somebody.
///
/// # Errors
/// As [`name`].
pub fn reason(given: &str) -> Result<String, Violation> {
    text::required(given, "reason", MAX_REASON)
}

/// The id by which the platform knows somebody.
///
/// # Errors
/// As [`name`].
pub fn external_id(given: &str, field: &str) -> Result<String, Violation> {
    text::required(given, field, MAX_EXTERNAL_ID)
}

/// An address. Only that it can be one: whether mail arrives is for whoever sends some.
///
/// # Errors
/// As [`name`].
pub fn email(given: &str, field: &str) -> Result<String, Violation> {
    let email = text::required(given, field, MAX_EMAIL)?;
    let is_one = email.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !email.contains(char::is_whitespace)
    });
    if is_one {
        return Ok(email);
    }
    Err(Violation::new(UserErrorCode::Invalid, field, "an address looks like somebody@example.com"))
}

/// The name of an organization in addresses: small letters, digits, and dashes in between.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn slug(given: &str) -> Result<String, Violation> {
    let slug = text::required(given, "slug", MAX_SLUG)?;
    let is_one = slug.split('-').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if is_one {
        return Ok(slug);
    }
    let message = "a slug is small letters and digits, with dashes in between: acme-reptiles";
    Err(Violation::new(UserErrorCode::Invalid, "slug", message))
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
    fn a_slug_can_stand_in_an_address() {
        for right in ["acme", "acme-reptiles", "4-paws"] {
            assert_eq!(slug(right).unwrap(), right);
        }
        for wrong in ["", "-acme", "acme-", "a--b", "Acme", "acme reptiles", "äcme", &"x".repeat(64)] {
            assert!(slug(wrong).is_err(), "{wrong:?}");
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
}
