//! What the register takes of organizations.

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

/// Characters of a slug.
const MAX_SLUG: usize = 63;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_can_stand_in_an_address() {
        for right in ["acme", "acme-reptiles", "4-paws"] {
            assert_eq!(slug(right).unwrap(), right);
        }
        for wrong in ["", "-acme", "acme-", "a--b", "Acme", "acme reptiles", "äcme", &"x".repeat(64)] {
            assert!(slug(wrong).is_err(), "{wrong:?}");
        }
    }
}
