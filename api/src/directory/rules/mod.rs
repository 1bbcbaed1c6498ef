//! What the register takes, and who may be kept out. Pure.

mod billing;
mod organizations;
mod settings;
mod users;

use crate::kernel::{
    error::{UserErrorCode, Violation},
    text,
};

pub use self::{
    billing::{MAX_SUBSCRIPTIONS, amount, currency, in_currency, is_overdue, is_recurring, monthly, plan},
    organizations::{check_merge, check_same_role, member_role, slug, stated},
    settings::{settings, settings_schema},
    users::{check_reinstate, check_suspend, check_verify, email, end, external_id, standing},
};

/// People that one call brings.
pub const MAX_RECORDS: usize = 500;
/// Items of a mutation over many.
pub const MAX_BATCH: usize = 100;
/// Characters of a name.
const MAX_NAME: usize = 200;
/// Characters of a reason.
const MAX_REASON: usize = 1_000;

/// Whether a mutation over many may have so many items at `field`.
///
/// # Errors
/// LIMIT_EXCEEDED.
pub fn check_batch(count: usize, field: &str) -> Result<(), Violation> {
    if count <= MAX_BATCH {
        return Ok(());
    }
    let message = format!("these are {count}: bring at most {MAX_BATCH} at once");
    Err(Violation::new(UserErrorCode::LimitExceeded, field, message))
}

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
