//! What the register takes, and who may be kept out. Pure.

mod organizations;
mod users;

use crate::kernel::{error::Violation, text};

pub use self::{
    organizations::slug,
    users::{check_reinstate, check_suspend, email, external_id, standing},
};

/// People that one call brings.
pub const MAX_RECORDS: usize = 500;
/// Characters of a name.
const MAX_NAME: usize = 200;
/// Characters of a reason.
const MAX_REASON: usize = 1_000;

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
