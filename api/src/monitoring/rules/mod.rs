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
