//! Who may give what to whom, and when what was given counts.
//!
//! - Nobody gives above their own level, nor what they don't have themselves for as long as they give it, nor to
//!   themselves.
//! - Nobody changes an account, or takes something from it, that may do what they may not.
//! - What is sensitive takes a second person. Until there are three who could be one, it is given at the machine.
//! - There is always an active super admin. How they sign in is another matter: at the machine they are helped.

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
        /// How far their rights reach.
        reach: Reach,
    },
    /// Somebody who asked through the API, and others have approved it since.
    Approved {
        /// Their account.
        account: Uuid,
        /// How far their rights reach, now that it is done.
        reach: Reach,
    },
}

/// How far somebody's rights reach.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// The level of their account. A token that acts as itself has none: its scopes alone say what it may.
    pub level: Option<AdminLevel>,
    /// What they may now.
    pub now: PermissionSet,
    /// What they may for as long as they give something.
    pub lasting: PermissionSet,
}

/// Whether something can be given at once.
#[derive(Clone, Debug)]
#[must_use]
pub enum Consent {
    /// It can.
    Given,
    /// Others must approve it first. What to say to whom that can't wait for them.
    Needed(Violation),
}

impl Consent {
    /// Where it can't be asked for, it isn't given.
    ///
    /// # Errors
    /// APPROVAL_REQUIRED.
    pub fn required(self) -> Result<(), Violation> {
        match self {
            Self::Given => Ok(()),
            Self::Needed(violation) => Err(violation),
        }
    }

    /// That of two things which are given together.
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::Given => other,
            Self::Needed(_) => self,
        }
    }
}

impl Reach {
    /// That of an account which isn't in use.
    pub fn nothing() -> Self {
        Self { level: Some(AdminLevel::Support), ..Self::default() }
    }

    /// What lies within both; of the level the database has the last word.
    fn within(&self, held: Self) -> Self {
        Self {
            level: held.level,
            now: self.now.intersection(&held.now),
            lasting: self.lasting.intersection(&held.lasting),
        }
    }
}

impl Granter {
    /// The same with a reach that lies within what their account has by now.
    #[must_use]
    pub fn narrowed(&self, held: Reach) -> Self {
        match self {
            Self::Machine => Self::Machine,
            Self::Caller { account, reach } => Self::Caller { account: *account, reach: reach.within(held) },
            Self::Approved { account, reach } => {
                Self::Approved { account: *account, reach: reach.within(held) }
            }
        }
    }

    /// Whether they may do what takes the permission `key`; at the machine everything.
    pub fn has(&self, key: &str) -> bool {
        self.reach().is_none_or(|reach| reach.now.has(key))
    }

    /// The account, where it is one.
    pub fn account(&self) -> Option<Uuid> {
        match self {
            Self::Machine => None,
            Self::Caller { account, .. } => *account,
            Self::Approved { account, .. } => Some(*account),
        }
    }

    /// How far their rights reach; without an end at the machine.
    fn reach(&self) -> Option<&Reach> {
        match self {
            Self::Machine => None,
            Self::Caller { reach, .. } | Self::Approved { reach, .. } => Some(reach),
        }
    }

    /// Their level, where they have one.
    pub fn level(&self) -> Option<AdminLevel> {
        self.reach().and_then(|reach| reach.level)
    }

    /// Whether they are of a lower level.
    pub fn is_below(&self, level: AdminLevel) -> bool {
        self.level().is_some_and(|own| own < level)
    }
}

fn refused(field: &str, message: impl Into<String>) -> Violation {
    Violation::new(UserErrorCode::NotAllowed, field, message)
}

/// Refuses for want of those of `wanted` that aren't in `had`.
fn check_had(
    had: &PermissionSet,
    wanted: &PermissionSet,
    field: &str,
    message: &str,
) -> Result<(), Violation> {
    let missing: Vec<_> = wanted.without(had).iter().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(refused(field, format!("{message}: {}", missing.join(", "))).lacking(missing))
}

/// Whether `granter` may give the level `level`.
///
/// # Errors
/// NOT_ALLOWED: nobody grants above their own level.
pub fn check_level(granter: &Granter, level: AdminLevel) -> Result<(), Violation> {
    if granter.is_below(level) {
        return Err(refused("level", "nobody gives a level above their own"));
    }
    Ok(())
}

/// Whether `granter` may change the account at `field`, of the level `level`, that may do what is `held`.
///
/// # Errors
/// NOT_ALLOWED: nobody changes one above their own level, or that may do what they may not.
pub fn check_rank(
    granter: &Granter,
    level: AdminLevel,
    held: &PermissionSet,
    field: &str,
) -> Result<(), Violation> {
    if granter.is_below(level) {
        return Err(refused(field, "nobody changes an account above their own level"));
    }
    let Some(reach) = granter.reach() else { return Ok(()) };
    check_had(&reach.now, held, field, "nobody changes an account that may do what they may not themselves")
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

/// Whether `granter` may now what is `wanted`.
///
/// # Errors
/// NOT_ALLOWED.
pub fn check_has(granter: &Granter, wanted: &PermissionSet, field: &str) -> Result<(), Violation> {
    let Some(reach) = granter.reach() else { return Ok(()) };
    check_had(&reach.now, wanted, field, "nobody gives what they don't have themselves")
}

/// Whether `granter` has what they give.
///
/// # Errors
/// NOT_ALLOWED: nobody grants what they don't have, for as long as they grant it.
pub fn check_given(granter: &Granter, given: &PermissionSet, field: &str) -> Result<(), Violation> {
    let Some(reach) = granter.reach() else { return Ok(()) };
    check_had(&reach.lasting, given, field, "nobody gives what they don't have themselves for as long")
}

/// Whether `granter` may take `taken` from whoever has it.
///
/// # Errors
/// NOT_ALLOWED: nobody takes from others what they don't have themselves.
pub fn check_taken(granter: &Granter, taken: &PermissionSet, field: &str) -> Result<(), Violation> {
    let Some(reach) = granter.reach() else { return Ok(()) };
    check_had(&reach.now, taken, field, "nobody takes from others what they don't have themselves")
}

/// What of `given` is sensitive.
pub fn sensitive(given: &PermissionSet, catalogue: &Catalogue) -> Vec<&'static str> {
    let is_sensitive =
        |key: &&str| catalogue.permission(key).is_some_and(|permission| permission.is_sensitive);
    given.iter().filter(is_sensitive).collect()
}

/// Whether `granter` may give `given` to an account, and whether on their own word; `super_admins` are active by now.
///
/// # Errors
/// As [`check_given`]; APPROVAL_REQUIRED where something of it is sensitive and there aren't enough yet who could approve.
/// A token that acts as itself can't ask for approval: nobody knows who stands behind it, and it could be the approver.
pub fn check_grant(
    granter: &Granter,
    given: &PermissionSet,
    catalogue: &Catalogue,
    super_admins: usize,
    field: &str,
) -> Result<Consent, Violation> {
    check_given(granter, given, field)?;
    let sensitive = sensitive(given, catalogue);
    let is_enough = super_admins >= ENOUGH_SUPER_ADMINS;
    let is_settled = match granter {
        Granter::Machine => !is_enough,
        Granter::Caller { .. } => false,
        Granter::Approved { .. } => true,
    };
    if sensitive.is_empty() || is_settled {
        return Ok(Consent::Given);
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
    let violation = Violation::new(UserErrorCode::ApprovalRequired, field, message);
    if is_enough && granter.account().is_some() { Ok(Consent::Needed(violation)) } else { Err(violation) }
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
