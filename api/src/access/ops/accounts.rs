//! Accounts: made, changed, taken out of use and back.

use ::entity::{
    admin_user::{self, AdminLevel},
    list::StringList,
    user::{self, UserStatus},
};
use uuid::Uuid;

use super::{
    check_permissions, check_version,
    tokens::{NewToken, create_token},
};
use crate::{
    access::{
        events,
        rules::{self, Granter},
        store::{self, AdminUserRow, Locked},
    },
    kernel::{
        actor::PLATFORM,
        error::{Error, Result, UserErrorCode},
        event::EventType,
        permission::PermissionSet,
        token::ApiToken,
        tx::Tx,
    },
};

/// The external id of the first account: unique, so that two first starts at once make one.
const OWNER: &str = "opsgate:owner";

/// Makes the first account, a super admin, and a token that acts as it. None where there is an account already.
///
/// # Errors
/// Where the database refuses.
pub async fn bootstrap(tx: &mut Tx) -> Result<Option<ApiToken>> {
    if !store::has_no_admin(tx.db()).await? {
        return Ok(None);
    }
    let now = tx.now();
    let user = user::Model {
        id: tx.new_id(),
        external_id: Some(OWNER.to_owned()),
        email: "owner@localhost".to_owned(),
        name: "Owner".to_owned(),
        status: UserStatus::Active,
        verified_at: None,
        last_active_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let account = admin_user::Model {
        id: tx.new_id(),
        user_id: user.id,
        level: AdminLevel::SuperAdmin,
        permissions: StringList::default(),
        is_active: true,
        created_by: None,
        last_login_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let id = account.id;
    tx.record(events::user(&events::USER_CREATED, None, &account));
    store::insert_admin(tx.db(), AdminUserRow { account, user }).await?;
    let token = create_token(
        tx,
        NewToken {
            name: "owner".to_owned(),
            scopes: vec!["*".to_owned()],
            organization_id: PLATFORM,
            expires_at: None,
            admin_user_id: Some(id),
        },
    )
    .await?;
    Ok(Some(token))
}

/// An account to be made for somebody who is in the directory.
#[derive(Clone, Debug)]
pub struct NewAdminUser {
    /// The person.
    pub user_id: Uuid,
    /// What they may, mostly.
    pub level: AdminLevel,
    /// Permissions and wildcards beyond those of the level.
    pub permissions: Vec<String>,
}

/// What to change about an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AdminUserChanges {
    /// What they may, mostly.
    pub level: Option<AdminLevel>,
    /// Permissions and wildcards beyond those of the level: the whole list.
    pub permissions: Option<Vec<String>>,
}

/// Makes an account.
///
/// # Errors
/// NOT_FOUND, TAKEN, what is wrong with the permissions; NOT_ALLOWED and APPROVAL_REQUIRED as the [rules](rules) say.
pub async fn create_admin_user(
    tx: &mut Tx,
    granter: &Granter,
    new: NewAdminUser,
) -> Result<admin_user::Model> {
    let permissions = check_permissions(tx, new.permissions)?;
    rules::check_level(granter, new.level)?;
    let user = store::user(tx, new.user_id).await?.ok_or_else(|| Error::not_found("user", "userId"))?;
    if matches!(user.status, UserStatus::Suspended | UserStatus::Deleted) {
        let message = "this person is kept out of the platform";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "userId", message));
    }
    let now = tx.now();
    let account = admin_user::Model {
        id: tx.new_id(),
        user_id: new.user_id,
        level: new.level,
        permissions: StringList(permissions),
        is_active: true,
        created_by: granter.account(),
        last_login_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let super_admins = store::count_super_admins(tx).await?;
    check_grant(tx, granter, &PermissionSet::default(), &account, super_admins)?;
    if !store::insert_account(tx.db(), &account).await? {
        return Err(Error::invalid(UserErrorCode::Taken, "userId", "this person has an account already"));
    }
    tx.record(events::user(&events::USER_CREATED, None, &account));
    tx.rights_changed().await?;
    Ok(account)
}

/// Changes what an account may.
///
/// # Errors
/// NOT_FOUND, CONFLICT, what is wrong with the permissions; NOT_ALLOWED and APPROVAL_REQUIRED as the [rules](rules) say.
pub async fn update_admin_user(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    changes: AdminUserChanges,
    expected: Option<i32>,
) -> Result<admin_user::Model> {
    let Locked { account: before, super_admins } = lock(tx, granter, id, expected).await?;
    let mut after = before.clone();
    if let Some(level) = changes.level {
        rules::check_level(granter, level)?;
        after.level = level;
    }
    if let Some(permissions) = changes.permissions {
        after.permissions = StringList(check_permissions(tx, permissions)?);
    }
    if after == before {
        return Ok(before);
    }
    let held = own_permissions(tx, &before);
    if !own_permissions(tx, &after).without(&held).is_empty() {
        rules::check_not_self(granter, id, "id")?;
        check_grant(tx, granter, &held, &after, super_admins)?;
    }
    if is_super_admin(&before) && after.level != AdminLevel::SuperAdmin {
        rules::check_last_super_admin(super_admins)?;
    }
    save(tx, &events::USER_UPDATED, &before, after).await
}

/// Takes an account out of use: whoever shows it is turned away from the next request on.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION, NOT_ALLOWED.
pub async fn deactivate_admin_user(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    expected: Option<i32>,
) -> Result<admin_user::Model> {
    let Locked { account: before, super_admins } = lock(tx, granter, id, expected).await?;
    rules::check_active(before.is_active, false)?;
    if is_super_admin(&before) {
        rules::check_last_super_admin(super_admins)?;
    }
    let after = admin_user::Model { is_active: false, ..before.clone() };
    save(tx, &events::USER_DEACTIVATED, &before, after).await
}

/// Lets an account be used again, with all that it may. What is sensitive of it was approved when it was given.
///
/// # Errors
/// As [`deactivate_admin_user`]; NOT_ALLOWED where it may what the granter may not.
pub async fn reactivate_admin_user(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    expected: Option<i32>,
) -> Result<admin_user::Model> {
    let before = lock(tx, granter, id, expected).await?.account;
    rules::check_active(before.is_active, true)?;
    let mut held = own_permissions(tx, &before);
    for permissions in store::permissions_of_roles(tx, id).await? {
        held = held.union(&tx.kernel().catalogue().of_scopes(&permissions.0));
    }
    rules::check_given(granter, &held, "id")?;
    let after = admin_user::Model { is_active: true, ..before.clone() };
    save(tx, &events::USER_REACTIVATED, &before, after).await
}

/// The account `id`, locked, at the version that the caller expects, where the granter may change it.
async fn lock(tx: &Tx, granter: &Granter, id: Uuid, expected: Option<i32>) -> Result<Locked> {
    let locked = store::lock_account(tx, id).await?.ok_or_else(|| Error::not_found("admin user", "id"))?;
    check_version(id, locked.account.version, expected)?;
    rules::check_rank(granter, locked.account.level)?;
    Ok(locked)
}

fn is_super_admin(account: &admin_user::Model) -> bool {
    account.is_active && account.level == AdminLevel::SuperAdmin
}

/// What an account may by its level and its own permissions, without its roles.
fn own_permissions(tx: &Tx, account: &admin_user::Model) -> PermissionSet {
    tx.kernel().catalogue().of_account(account.level, &account.permissions.0)
}

/// Whether the granter may have an account that had `held` become `after`.
fn check_grant(
    tx: &Tx,
    granter: &Granter,
    held: &PermissionSet,
    after: &admin_user::Model,
    super_admins: usize,
) -> Result<()> {
    let catalogue = tx.kernel().catalogue();
    // What comes with the level is the level's fault.
    let of_level = catalogue.of_account(after.level, &[]).without(held);
    rules::check_grant(granter, &of_level, catalogue, super_admins, "level")?;
    let beside = own_permissions(tx, after).without(held);
    rules::check_grant(granter, &beside, catalogue, super_admins, "permissions")?;
    Ok(())
}

async fn save(
    tx: &mut Tx,
    ty: &'static EventType,
    before: &admin_user::Model,
    mut after: admin_user::Model,
) -> Result<admin_user::Model> {
    after.version += 1;
    after.updated_at = tx.now();
    store::update_account(tx, &after).await?;
    tx.record(events::user(ty, Some(before), &after));
    tx.rights_changed().await?;
    Ok(after)
}
