//! What a new token may be.

use chrono::{DateTime, Utc};

use crate::kernel::error::{UserErrorCode, Violation};

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
