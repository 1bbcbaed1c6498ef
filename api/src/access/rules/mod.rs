//! What an account, a role or a token may be, who may give what to whom, and what proves who somebody is.

pub mod approvals;
pub mod attempts;
mod grants;
mod invitation;
mod password;
mod recovery;
mod refresh;
mod totp;

use chrono::{DateTime, Utc};

use crate::kernel::error::{UserErrorCode, Violation};

pub use grants::{
    Consent, Granter, Reach, Standing, check_active, check_end, check_given, check_grant,
    check_last_super_admin, check_level, check_not_self, check_rank, is_effective,
};
pub use invitation::{InvitationToken, LASTS as INVITATION_LASTS, is_good as is_good_invitation};
pub use password::check_password;
pub use recovery::RecoveryCode;
pub use refresh::{Family, Shown};
pub use totp::Totp;

/// Characters of a name.
pub const MAX_NAME: usize = 100;
/// Characters of a description.
pub const MAX_TEXT: usize = 1_000;
/// Permissions and wildcards of a role or an account.
const MAX_PERMISSIONS: usize = 100;

/// What is wrong with a list of permissions at `field`, of which nobody declares those of `unknown`.
pub fn check_permissions(field: &str, permissions: &[String], unknown: &[&str]) -> Vec<Violation> {
    let mut violations = unknown_permissions(field, unknown);
    if permissions.len() > MAX_PERMISSIONS {
        let message = format!("these are more than {MAX_PERMISSIONS}: a wildcard names all of a domain");
        violations.push(Violation::new(UserErrorCode::TooLong, field, message));
    }
    violations
}

fn unknown_permissions(field: &str, unknown: &[&str]) -> Vec<Violation> {
    let violation = |scope: &&str| {
        let message = format!("{scope} isn't a permission: one looks like incidents.read or incidents.*");
        Violation::new(UserErrorCode::Invalid, field, message)
    };
    unknown.iter().map(violation).collect()
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
    violations.extend(unknown_permissions("scopes", unknown));
    if expires_at.is_some_and(|at| at <= now) {
        violations.push(Violation::new(UserErrorCode::OutOfRange, "expiresAt", "the end lies in the past"));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_trusted_with_one_to_four_hundred_documents() {
        for (count, code) in
            [(0, Some(UserErrorCode::Required)), (1, None), (400, None), (401, Some(UserErrorCode::TooLong))]
        {
            assert_eq!(check_documents(count).map(|violation| violation.code), code, "{count}");
        }
    }

    #[test]
    fn permissions_are_known_and_not_too_many() {
        let codes = |count, unknown: &[&str]| {
            let permissions = vec!["a.read".to_owned(); count];
            let found = check_permissions("permissions", &permissions, unknown);
            found.into_iter().map(|violation| violation.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(0, &[]), []);
        assert_eq!(codes(100, &[]), []);
        assert_eq!(codes(101, &[]), [UserErrorCode::TooLong]);
        assert_eq!(codes(2, &["x", "y"]), [UserErrorCode::Invalid, UserErrorCode::Invalid]);
    }
}
