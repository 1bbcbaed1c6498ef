//! Who may act in whose place, and for how long.
//!
//! - Of a user whose level isn't above one's own, and never of oneself.
//! - Who has an account here is seen as that account; who has none, with the eyes of one organization of theirs.
//! - It has a reason and an end, an hour away at most, and only looks unless more is asked for and permitted.
//!
//! What is never done in another one's place is for the guard to say: see
//! [`Impersonator::check`](crate::kernel::actor::Impersonator::check).

use ::entity::{
    admin_user::{self, AdminLevel},
    user::UserStatus,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::error::{UserErrorCode, Violation};

/// The most minutes that one lasts.
pub const MAX_MINUTES: i32 = 60;

/// Somebody who wants to act in another one's place.
#[derive(Clone, Debug)]
pub struct Wanting {
    /// The directory user behind their account.
    pub user: Uuid,
    /// Their level.
    pub level: AdminLevel,
    /// Whether they may change anything so.
    pub may_write: bool,
}

/// Whether `minutes` are a time that one can last.
///
/// # Errors
/// OUT_OF_RANGE.
pub fn check_minutes(minutes: i32) -> Result<(), Violation> {
    if (1..=MAX_MINUTES).contains(&minutes) {
        return Ok(());
    }
    let message = format!("an impersonation lasts 1 to {MAX_MINUTES} minutes");
    Err(Violation::new(UserErrorCode::OutOfRange, "minutes", message))
}

/// Whether `wanting` may act in the place of `user`, who stands so and has this account.
///
/// # Errors
/// NOT_ALLOWED: of oneself, of somebody above, of somebody who is gone, or to change something without being permitted.
pub fn check_place(
    wanting: &Wanting,
    user: Uuid,
    status: UserStatus,
    account: Option<&admin_user::Model>,
    is_read_only: bool,
) -> Result<(), Violation> {
    let refused = |field, message| Err(Violation::new(UserErrorCode::NotAllowed, field, message));
    if user == wanting.user {
        return refused("userId", "nobody acts in their own place");
    }
    if status == UserStatus::Deleted {
        return refused("userId", "this user is deleted");
    }
    if let Some(account) = account {
        if account.level > wanting.level {
            return refused("userId", "nobody acts in the place of somebody above their own level");
        }
        if !account.is_active {
            return refused("userId", "this user's account isn't active: nothing is seen by it");
        }
    }
    if !is_read_only && !wanting.may_write {
        let message =
            "changing something in another one's place takes the permission access.impersonate_writing";
        return refused("isReadOnly", message);
    }
    Ok(())
}

/// With the eyes of which organization a user without an account is seen who is in these; `asked` names one.
///
/// # Errors
/// REQUIRED where there are several and none is named; NOT_ALLOWED where they are in none, or not in that one.
pub fn organization_of(member_of: &[Uuid], asked: Option<Uuid>) -> Result<Uuid, Violation> {
    let refused = |code, message| Err(Violation::new(code, "organizationId", message));
    match (member_of, asked) {
        ([], _) => refused(
            UserErrorCode::NotAllowed,
            "this user has neither an account here nor an organization: there is nothing that they see",
        ),
        (all, Some(one)) if all.contains(&one) => Ok(one),
        (_, Some(_)) => refused(UserErrorCode::NotAllowed, "this user isn't a member of that organization"),
        (&[one], None) => Ok(one),
        (_, None) => refused(UserErrorCode::Required, "this user is a member of several: name one"),
    }
}

/// Whether an impersonation can be ended that ends then, and was ended.
///
/// # Errors
/// INVALID_TRANSITION where it is over.
pub fn check_on(
    expires_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Violation> {
    if ended_at.is_none() && now < expires_at {
        return Ok(());
    }
    Err(Violation::new(UserErrorCode::InvalidTransition, "id", "this impersonation is over"))
}

#[cfg(test)]
mod tests {
    use AdminLevel::{Admin, SuperAdmin, Support};

    use super::*;

    fn account(level: AdminLevel, is_active: bool) -> admin_user::Model {
        admin_user::Model {
            id: Uuid::from_u128(3),
            user_id: Uuid::from_u128(2),
            level,
            permissions: ::entity::list::StringList(vec![]),
            is_active,
            created_by: None,
            last_login_at: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    #[test]
    fn it_lasts_an_hour_at_most() {
        for (minutes, expected) in [(0, false), (1, true), (60, true), (61, false), (-1, false)] {
            assert_eq!(check_minutes(minutes).is_ok(), expected, "{minutes}");
        }
    }

    #[test]
    fn nobody_acts_in_the_place_of_those_above_or_of_themselves() {
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let active = |level| Some(account(level, true));
        for (user, status, target, may_write, is_read_only, expected) in [
            (other, UserStatus::Active, None, false, true, None),
            (other, UserStatus::Suspended, None, false, true, None),
            (other, UserStatus::Active, active(Support), false, true, None),
            (other, UserStatus::Active, active(Admin), false, true, None),
            (other, UserStatus::Active, active(SuperAdmin), true, true, Some("userId")),
            (other, UserStatus::Active, Some(account(Support, false)), false, true, Some("userId")),
            (other, UserStatus::Deleted, None, false, true, Some("userId")),
            (own, UserStatus::Active, active(Admin), true, true, Some("userId")),
            (other, UserStatus::Active, None, false, false, Some("isReadOnly")),
            (other, UserStatus::Active, None, true, false, None),
        ] {
            let wanting = Wanting { user: own, level: Admin, may_write };
            let found = check_place(&wanting, user, status, target.as_ref(), is_read_only).err();
            let field = found.and_then(|violation| violation.field).and_then(|path| path.last().cloned());
            assert_eq!(field.as_deref(), expected, "{user} {status:?} {target:?} {may_write} {is_read_only}");
        }
    }

    #[test]
    fn who_has_no_account_is_seen_with_the_eyes_of_an_organization() {
        let [one, two] = [1, 2].map(Uuid::from_u128);
        for (member_of, asked, expected) in [
            (&[][..], None, Err(UserErrorCode::NotAllowed)),
            (&[], Some(one), Err(UserErrorCode::NotAllowed)),
            (&[one], None, Ok(one)),
            (&[one], Some(one), Ok(one)),
            (&[one], Some(two), Err(UserErrorCode::NotAllowed)),
            (&[one, two], Some(two), Ok(two)),
            (&[one, two], None, Err(UserErrorCode::Required)),
        ] {
            let found = organization_of(member_of, asked).map_err(|violation| violation.code);
            assert_eq!(found, expected, "{member_of:?} {asked:?}");
        }
    }

    #[test]
    fn what_is_over_is_not_ended() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        for (expires, ended, expected) in [(11, None, true), (10, None, false), (11, Some(9), false)] {
            assert_eq!(check_on(at(expires), ended.map(at), at(10)).is_ok(), expected, "{expires} {ended:?}");
        }
    }
}
