//! Decisions about services and alerts: states, transitions, what a text may be, arithmetic. Pure.

mod alert;
mod service;
mod tally;

use crate::kernel::error::{UserErrorCode, Violation};

pub use alert::{Transition, check_source, check_transition, labels, raised_severity};
pub use service::{MAX_DEPENDENCIES, News, Standing, Thresholds, check_tier, news, next, overall};
pub use tally::Tally;

/// Characters of a name or title.
pub const MAX_NAME: usize = 100;
/// Characters of a title.
pub const MAX_TITLE: usize = 255;
/// Characters of any longer text.
pub const MAX_TEXT: usize = 10_000;

/// A text of at most `max` characters that must say something, trimmed.
///
/// # Errors
/// REQUIRED, TOO_LONG or INVALID.
pub fn text(text: &str, field: &str, max: usize) -> Result<String, Violation> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Violation::new(UserErrorCode::Required, field, "this can't be empty"));
    }
    if text.chars().count() > max {
        let message = format!("this has more than {max} characters");
        return Err(Violation::new(UserErrorCode::TooLong, field, message));
    }
    if text.contains('\0') {
        return Err(Violation::new(UserErrorCode::Invalid, field, "this contains a NUL character"));
    }
    Ok(text.to_owned())
}

/// A text that may be left out; an empty one counts as left out.
///
/// # Errors
/// As [`text`].
pub fn optional_text(given: Option<&str>, field: &str, max: usize) -> Result<Option<String>, Violation> {
    match given.map(str::trim) {
        None | Some("") => Ok(None),
        Some(given) => text(given, field, max).map(Some),
    }
}

/// A number between `least` and `most`.
///
/// # Errors
/// OUT_OF_RANGE.
pub fn within(number: i32, least: i32, most: i32, field: &str) -> Result<(), Violation> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    let message = format!("this is {least} to {most}, not {number}");
    Err(Violation::new(UserErrorCode::OutOfRange, field, message))
}
