//! Who may give what to whom, and when what was given counts.
//!
//! - Nobody gives above their own level, nor what they don't have themselves for as long as they give it, nor to
//!   themselves.
//! - What is sensitive takes a second person. Until there are three who could be one, it is given at the machine.
//! - There is always a super admin who can sign in.

use ::entity::admin_user::AdminLevel;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::{
    error::{UserErrorCode, Violation},
    permission::{Catalogue, PermissionSet},
};

/// From so many active super admins on nothing sensitive is given at the machine any more.
const ENOUGH_SUPER_ADMINS: usize = 3;

/// Who gives rights or takes them.
#[derive(Clone, Debug)]
pub enum Granter {
    /// Whoever sits at the machine.
    Machine,
    /// Somebody who asks through the API.
    Caller {
        /// Their account, or the one that their token acts as.
        account: Option<Uuid>,
        /// Its level. A token that acts as itself has none: its scopes alone say what it may.
        level: Option<AdminLevel>,
        /// What they may themselves for as long as they give it.
        permissions: PermissionSet,
    },
}

impl Granter {
    /// The account, where it is one.
    pub fn account(&self) -> Option<Uuid> {
        match self {
            Self::Machine => None,
            Self::Caller { account, .. } => *account,
        }
    }

    fn level(&self) -> Option<AdminLevel> {
        match self {
            Self::Machine => None,
            Self::Caller { level, .. } => *level,
        }
    }
}

fn refused(field: &str, message: impl Into<String>) -> Violation {
    Violation::new(UserErrorCode::NotAllowed, field, message)
}

/// Whether `granter` may give the level `level`.
///
/// # Errors
/// NOT_ALLOWED: nobody grants above their own level.
pub fn check_level(granter: &Granter, level: AdminLevel) -> Result<(), Violation> {
    match granter.level() {
        Some(own) if level > own => Err(refused("level", "nobody gives a level above their own")),
        _ => Ok(()),
    }
}

/// Whether `granter` may change an account of the level `level`.
///
/// # Errors
/// NOT_ALLOWED: nobody changes one above their own level.
pub fn check_rank(granter: &Granter, level: AdminLevel) -> Result<(), Violation> {
    match granter.level() {
        Some(own) if level > own => Err(refused("id", "nobody changes an account above their own level")),
        _ => Ok(()),
    }
}

/// Whether `granter` may give something to `account`, whatever it is.
///
/// # Errors
/// NOT_ALLOWED: nobody gives anything to themselves.
pub fn check_not_self(granter: &Granter, account: Uuid, field: &str) -> Result<(), Violation> {
    match granter.account() {
        Some(own) if own == account => Err(refused(field, "nobody gives rights to themselves")),
        _ => Ok(()),
    }
}

/// Whether `granter` has what they give.
///
/// # Errors
/// NOT_ALLOWED: nobody grants what they don't have, for as long as they grant it.
pub fn check_given(granter: &Granter, given: &PermissionSet, field: &str) -> Result<(), Violation> {
    let Granter::Caller { permissions, .. } = granter else { return Ok(()) };
    let missing: Vec<_> = given.without(permissions).iter().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("nobody gives what they don't have themselves for as long: {}", missing.join(", "));
    Err(refused(field, message))
}

/// Whether `granter` may give `given` to an account on their own word; `super_admins` are active by now.
///
/// # Errors
/// As [`check_given`]; APPROVAL_REQUIRED where something of it is sensitive.
pub fn check_grant(
    granter: &Granter,
    given: &PermissionSet,
    catalogue: &Catalogue,
    super_admins: usize,
    field: &str,
) -> Result<(), Violation> {
    check_given(granter, given, field)?;
    let is_sensitive =
        |key: &&str| catalogue.permission(key).is_some_and(|permission| permission.is_sensitive);
    let sensitive: Vec<_> = given.iter().filter(is_sensitive).collect();
    let is_enough = super_admins >= ENOUGH_SUPER_ADMINS;
    if sensitive.is_empty() || (matches!(granter, Granter::Machine) && !is_enough) {
        return Ok(());
    }
    let keys = sensitive.join(", ");
    let message = if is_enough {
        format!("this gives what is sensitive ({keys}): it takes the approval of a second person")
    } else {
        format!(
            "this gives what is sensitive ({keys}): while there are fewer than {ENOUGH_SUPER_ADMINS} active super \
             admins, whoever runs the gateway gives it at the machine, by `opsgate admin`"
        )
    };
    Err(Violation::new(UserErrorCode::ApprovalRequired, field, message))
}

/// Whether a super admin can be demoted or deactivated who is one of `active`.
///
/// # Errors
/// NOT_ALLOWED for the last.
pub fn check_last_super_admin(active: usize) -> Result<(), Violation> {
    if active > 1 {
        return Ok(());
    }
    Err(refused("id", "this is the last active super admin: make another one first"))
}

/// Whether an account can go from `is_active` to the other.
///
/// # Errors
/// INVALID_TRANSITION where it is there already.
pub fn check_active(is_active: bool, wanted: bool) -> Result<(), Violation> {
    if is_active != wanted {
        return Ok(());
    }
    let message = if wanted { "this account is active" } else { "this account isn't active any more" };
    Err(Violation::new(UserErrorCode::InvalidTransition, "id", message))
}

/// An account's having a role: what decides whether it counts.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When somebody took it away.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether the account may be used.
    pub is_active: bool,
}

/// Whether an assignment counts at `now`: not expired, not revoked, of an active account.
pub fn is_effective(standing: &Standing, now: DateTime<Utc>) -> bool {
    let is_before = |end: Option<DateTime<Utc>>| end.is_none_or(|end| now < end);
    standing.is_active && is_before(standing.expires_at) && is_before(standing.revoked_at)
}

/// Whether a role can be given until `end` to who has it by `others`, which count until those ends.
///
/// # Errors
/// OUT_OF_RANGE where that is over, TAKEN where they have it for as long already.
pub fn check_end(
    end: Option<DateTime<Utc>>,
    others: &[Option<DateTime<Utc>>],
    now: DateTime<Utc>,
) -> Result<(), Violation> {
    if end.is_some_and(|end| end <= now) {
        return Err(Violation::new(UserErrorCode::OutOfRange, "expiresAt", "the end lies in the past"));
    }
    let is_covered = |other: &Option<DateTime<Utc>>| match (other, end) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(other), Some(end)) => *other >= end,
    };
    if others.iter().any(is_covered) {
        let message = "this account has the role for as long already: revoke that first to shorten it";
        return Err(Violation::new(UserErrorCode::Taken, "roleId", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
