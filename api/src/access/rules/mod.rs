//! What an account, a role or a token may be, who may give what to whom, and what proves who somebody is.

mod allowlist;
pub mod approvals;
pub mod attempts;
mod grants;
mod impersonation;
mod invitation;
mod password;
mod recovery;
mod refresh;
mod tokens;
mod totp;

use crate::kernel::error::{UserErrorCode, Violation};

pub use allowlist::{Keeper, check_allowlist, check_entries};
pub use grants::{
    Consent, Granter, Reach, Standing, check_active, check_end, check_given, check_grant, check_has,
    check_last_super_admin, check_level, check_not_self, check_rank, check_taken, is_effective, sensitive,
};
pub use impersonation::{Wanting, check_minutes, check_on, check_place, organization_of};
pub use invitation::{InvitationToken, LASTS as INVITATION_LASTS, is_good as is_good_invitation};
pub use password::check_password;
pub use recovery::RecoveryCode;
pub use refresh::{Family, MOST as MOST_SESSIONS, Shown};
pub use tokens::{
    check_alive, check_budget, check_documents, check_maker, check_networks, check_overlap, check_owner,
    check_token, check_token_end,
};
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

#[cfg(test)]
mod tests {
    use super::*;

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
