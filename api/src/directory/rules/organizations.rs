//! What the register takes of organizations.

use ::entity::organization::OrganizationStatus as Status;

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// Characters of a slug.
const MAX_SLUG: usize = 63;
/// Characters of what somebody is in an organization.
const MAX_ROLE: usize = 100;

/// Where the platform says that an organization stands. That it went into another one isn't for it to say.
///
/// # Errors
/// INVALID.
pub fn stated(given: Option<Status>, field: &str) -> Result<Option<Status>, Violation> {
    if given == Some(Status::Merged) {
        let message = "an organization becomes MERGED by organizationMerge alone";
        return Err(Violation::new(UserErrorCode::Invalid, field, message));
    }
    Ok(given)
}

/// What somebody is in an organization, in its own words.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn member_role(given: &str, field: &str) -> Result<String, Violation> {
    text::required(given, field, MAX_ROLE)
}

/// Whether somebody who is to become a member and is one already is the same there.
///
/// # Errors
/// TAKEN.
pub fn check_same_role(is: &str, wanted: &str) -> Result<(), Violation> {
    if is == wanted {
        return Ok(());
    }
    let message = "they are a member already, as something else: change what they are";
    Err(Violation::new(UserErrorCode::Taken, "userId", message))
}

/// Whether an organization can go into another one. What is merged is at its end: so there are no circles.
///
/// # Errors
/// INVALID_TRANSITION or NOT_ALLOWED.
pub fn check_merge(source: Status, target: Status) -> Result<(), Violation> {
    match (source, target) {
        (Status::Merged, _) => {
            let message = "this organization went into another one already";
            Err(Violation::new(UserErrorCode::InvalidTransition, "sourceId", message))
        }
        (_, Status::Merged) => {
            let message = "this organization went into another one: merge into that";
            Err(Violation::new(UserErrorCode::NotAllowed, "targetId", message))
        }
        (_, Status::Closed) => {
            Err(Violation::new(UserErrorCode::NotAllowed, "targetId", "this organization is closed"))
        }
        _ => Ok(()),
    }
}

/// The name of an organization in addresses: small letters, digits, and dashes in between.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn slug(given: &str, field: &str) -> Result<String, Violation> {
    let slug = text::required(given, field, MAX_SLUG)?;
    let is_one = slug.split('-').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if is_one {
        return Ok(slug);
    }
    let message = "a slug is small letters and digits, with dashes in between: acme-reptiles";
    Err(Violation::new(UserErrorCode::Invalid, field, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_merged_is_at_its_end() {
        use sea_orm::Iterable;
        for source in Status::iter() {
            for target in Status::iter() {
                let is_allowed =
                    source != Status::Merged && !matches!(target, Status::Merged | Status::Closed);
                assert_eq!(check_merge(source, target).is_ok(), is_allowed, "{source:?} into {target:?}");
            }
        }
    }

    #[test]
    fn a_slug_can_stand_in_an_address() {
        for right in ["acme", "acme-reptiles", "4-paws"] {
            assert_eq!(slug(right, "slug").unwrap(), right);
        }
        for wrong in ["", "-acme", "acme-", "a--b", "Acme", "acme reptiles", "äcme", &"x".repeat(64)] {
            assert!(slug(wrong, "slug").is_err(), "{wrong:?}");
        }
    }
}
