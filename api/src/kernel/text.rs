//! Texts that people write: trimmed, no longer than is kept, and without what PostgreSQL can't hold.

use super::error::{UserErrorCode, Violation};

/// A text of at most `max` characters that says something.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn required(given: &str, field: &str, max: usize) -> Result<String, Violation> {
    if given.trim().is_empty() {
        return Err(Violation::new(UserErrorCode::Required, field, "this can't be empty"));
    }
    bounded(given, field, max)
}

/// A text that may be left out; an empty one counts as left out.
///
/// # Errors
/// TOO_LONG or INVALID.
pub fn optional(given: Option<&str>, field: &str, max: usize) -> Result<Option<String>, Violation> {
    let text = bounded(given.unwrap_or_default(), field, max)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A text of at most `max` characters, which may be empty.
///
/// # Errors
/// TOO_LONG or INVALID.
pub fn bounded(given: &str, field: &str, max: usize) -> Result<String, Violation> {
    let text = given.trim();
    if text.chars().count() > max {
        let message = format!("this has more than {max} characters");
        return Err(Violation::new(UserErrorCode::TooLong, field, message));
    }
    if text.contains('\0') {
        return Err(Violation::new(UserErrorCode::Invalid, field, "this contains a NUL character"));
    }
    Ok(text.to_owned())
}

/// The most characters of an address (RFC 5321, section 4.5.3.1.3, without its brackets).
const MAX_EMAIL: usize = 254;

/// An address. Only that it can be one: whether mail arrives is for whoever sends some.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn email(given: &str, field: &str) -> Result<String, Violation> {
    let email = required(given, field, MAX_EMAIL)?;
    let is_one = email.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !email.contains(char::is_whitespace)
    });
    if is_one {
        return Ok(email);
    }
    Err(Violation::new(UserErrorCode::Invalid, field, "an address looks like somebody@example.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_bounded() {
        for (given, code) in [
            ("", UserErrorCode::Required),
            (" \n", UserErrorCode::Required),
            (&*"ä".repeat(4), UserErrorCode::TooLong),
            ("a\0b", UserErrorCode::Invalid),
        ] {
            assert_eq!(required(given, "name", 3).unwrap_err().code, code, "{given:?}");
        }
        assert_eq!(required("  ääa \n", "name", 3).unwrap(), "ääa");
        assert_eq!(optional(None, "name", 3).unwrap(), None);
        assert_eq!(optional(Some("  "), "name", 3).unwrap(), None);
        assert_eq!(optional(Some(" a"), "name", 3).unwrap().unwrap(), "a");
        assert_eq!(optional(Some("abcd"), "name", 3).unwrap_err().code, UserErrorCode::TooLong);
        assert_eq!(bounded(" ", "name", 3).unwrap(), "");
        assert_eq!(bounded("a\0", "name", 3).unwrap_err().code, UserErrorCode::Invalid);
    }
}
