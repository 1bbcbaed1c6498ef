//! Accounts: made, changed, taken out of use and back.

use ::entity::{
    admin_user::{self, AdminLevel},
    approval,
    list::StringList,
    session::SessionEnd,
    user::UserStatus,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Locked, approvals::Approved, ask_for, check_permissions, end_invitation, frozen_id, held,
    own_permissions, sign_in::end_all,
};
use crate::{
    access::{
        events, permissions as keys,
        rules::{self, Consent, Granter},
        store,
    },
    directory::USER,
    kernel::{
        actor::ADMIN_USER,
        error::{Error, Result, UserErrorCode, check_version},
        event::EventType,
        mutation::Completion,
        permission::{Action, PermissionSet},
        tx::Tx,
    },
};

/// Making an account that may what is sensitive.
pub static CREATE_ACCOUNT: Action =
    Action { kind: "access.create_account", permission: keys::MANAGE_ACCOUNTS, approvals: 1 };

/// Giving an account, by its level or its own permissions, what is sensitive.
pub static UPDATE_ACCOUNT: Action =
    Action { kind: "access.update_account", permission: keys::MANAGE_ACCOUNTS, approvals: 1 };

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

/// What is frozen of an account that somebody asks to make.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrozenAccount {
    user_id: String,
    level: AdminLevel,
    permissions: Vec<String>,
}

/// What is frozen of a change that somebody asks for: with the version that they asked about, so that nothing is undone
/// that happened since.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrozenChanges {
    admin_user_id: String,
    level: Option<AdminLevel>,
    permissions: Option<Vec<String>>,
    version: i32,
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
    let (account, consent) = draft(tx, granter, new).await?;
    consent.required()?;
    add(tx, account).await
}

/// Makes an account, or has others asked whether it may be made.
///
/// # Errors
/// As [`create_admin_user`]; APPROVAL_REQUIRED only where nobody can be asked.
pub async fn create_admin_user_or_ask(
    tx: &mut Tx,
    granter: &Granter,
    new: NewAdminUser,
) -> Result<Completion<admin_user::Model, approval::Model>> {
    let (account, consent) = draft(tx, granter, new).await?;
    if let Consent::Given = consent {
        return Ok(Completion::Done(add(tx, account).await?));
    }
    let payload = FrozenAccount {
        user_id: USER.encode(account.user_id),
        level: account.level,
        permissions: account.permissions.0,
    };
    let summary = format!("make an account: {}", in_words(Some(payload.level), Some(&payload.permissions)));
    let asked = ask_for(tx, granter, &CREATE_ACCOUNT, account.user_id, summary, payload);
    Ok(Completion::Waits(asked.await?))
}

/// Makes the account that others have approved. Answers its id.
///
/// # Errors
/// As [`create_admin_user`].
pub async fn create_approved(tx: &mut Tx, approved: &Approved) -> Result<String> {
    let FrozenAccount { user_id, level, permissions } = approved.payload()?;
    let granter = approved.granter(tx, None).await?;
    let new = NewAdminUser { user_id: frozen_id(USER, &user_id)?, level, permissions };
    Ok(ADMIN_USER.encode(create_admin_user(tx, &granter, new).await?.id))
}

/// The account as it would be made, and whether it may be at once.
async fn draft(tx: &Tx, granter: &Granter, new: NewAdminUser) -> Result<(admin_user::Model, Consent)> {
    let Locked { granter, accounts } = &Locked::lock(tx, granter, keys::MANAGE_ACCOUNTS, None, None).await?;
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
    let consent = check_grant(tx, granter, &PermissionSet::default(), &account, accounts.super_admins())?;
    if store::has_account(tx, new.user_id).await? {
        return Err(has_account_already());
    }
    Ok((account, consent))
}

async fn add(tx: &mut Tx, account: admin_user::Model) -> Result<admin_user::Model> {
    if !store::insert_account(tx.db(), &account).await? {
        return Err(has_account_already());
    }
    tx.record(events::user(&events::USER_CREATED, None, &account));
    tx.rights_changed().await?;
    Ok(account)
}

fn has_account_already() -> Error {
    Error::invalid(UserErrorCode::Taken, "userId", "this person has an account already")
}

/// An account that is to be changed, as it is and as it would be.
struct Change {
    before: admin_user::Model,
    after: admin_user::Model,
    consent: Consent,
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
    let Change { before, after, consent } = examine(tx, granter, id, changes, expected).await?;
    consent.required()?;
    update(tx, before, after).await
}

/// Changes what an account may, or has others asked whether it may be changed so.
///
/// # Errors
/// As [`update_admin_user`]; APPROVAL_REQUIRED only where nobody can be asked.
pub async fn update_admin_user_or_ask(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    changes: AdminUserChanges,
    expected: Option<i32>,
) -> Result<Completion<admin_user::Model, approval::Model>> {
    let Change { before, after, consent } = examine(tx, granter, id, changes, expected).await?;
    if let Consent::Given = consent {
        return Ok(Completion::Done(update(tx, before, after).await?));
    }
    let level = (after.level != before.level).then_some(after.level);
    let permissions = (after.permissions != before.permissions).then_some(after.permissions.0);
    let summary = format!("change an account: {}", in_words(level, permissions.as_deref()));
    let payload =
        FrozenChanges { admin_user_id: ADMIN_USER.encode(id), level, permissions, version: before.version };
    let asked = ask_for(tx, granter, &UPDATE_ACCOUNT, before.user_id, summary, payload);
    Ok(Completion::Waits(asked.await?))
}

/// Changes an account as others have approved. Answers its id.
///
/// # Errors
/// As [`update_admin_user`].
pub async fn update_approved(tx: &mut Tx, approved: &Approved) -> Result<String> {
    let FrozenChanges { admin_user_id, level, permissions, version } = approved.payload()?;
    let granter = approved.granter(tx, None).await?;
    let id = frozen_id(ADMIN_USER, &admin_user_id)?;
    let changes = AdminUserChanges { level, permissions };
    update_admin_user(tx, &granter, id, changes, Some(version)).await?;
    Ok(admin_user_id)
}

/// The change as it would be, and whether it may be at once.
async fn examine(
    tx: &Tx,
    granter: &Granter,
    id: Uuid,
    changes: AdminUserChanges,
    expected: Option<i32>,
) -> Result<Change> {
    let (locked, before) = lock(tx, granter, id, expected).await?;
    let (granter, super_admins) = (&locked.granter, locked.accounts.super_admins());
    let mut after = before.clone();
    if let Some(level) = changes.level {
        rules::check_level(granter, level)?;
        after.level = level;
    }
    if let Some(permissions) = changes.permissions {
        after.permissions = StringList(check_permissions(tx, permissions)?);
    }
    let mut consent = Consent::Given;
    let held = own_permissions(tx, &before);
    if !own_permissions(tx, &after).without(&held).is_empty() {
        rules::check_not_self(granter, id, "id")?;
        consent = check_grant(tx, granter, &held, &after, super_admins)?;
    }
    if is_super_admin(&before) && after.level != AdminLevel::SuperAdmin {
        rules::check_last_super_admin(super_admins)?;
    }
    Ok(Change { before, after, consent })
}

async fn update(
    tx: &mut Tx,
    before: admin_user::Model,
    after: admin_user::Model,
) -> Result<admin_user::Model> {
    if after == before {
        return Ok(before);
    }
    let given = own_permissions(tx, &after).without(&own_permissions(tx, &before));
    end_invitation(tx, before.id, &given).await?;
    save(tx, &events::USER_UPDATED, &before, after).await
}

/// What an account would be, for those who decide about it.
fn in_words(level: Option<AdminLevel>, permissions: Option<&[String]>) -> String {
    let level = level.map(|level| match level {
        AdminLevel::Support => "level SUPPORT".to_owned(),
        AdminLevel::Admin => "level ADMIN".to_owned(),
        AdminLevel::SuperAdmin => "level SUPER_ADMIN".to_owned(),
    });
    let permissions = permissions.map(|permissions| match permissions {
        [] => "no permissions beside".to_owned(),
        some => format!("permissions {}", some.join(", ")),
    });
    level.into_iter().chain(permissions).collect::<Vec<_>>().join("; ")
}

/// Takes an account out of use: whoever shows it is turned away from the next request on, and its sessions end.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION, NOT_ALLOWED.
pub async fn deactivate_admin_user(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    expected: Option<i32>,
) -> Result<admin_user::Model> {
    let (locked, before) = lock(tx, granter, id, expected).await?;
    rules::check_active(before.is_active, false)?;
    if is_super_admin(&before) {
        rules::check_last_super_admin(locked.accounts.super_admins())?;
    }
    let after = admin_user::Model { is_active: false, ..before.clone() };
    let after = save(tx, &events::USER_DEACTIVATED, &before, after).await?;
    // Else they would be on again where the account is.
    end_all(tx, &after, None, SessionEnd::Deactivated).await?;
    Ok(after)
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
    let (Locked { granter, .. }, before) = lock(tx, granter, id, expected).await?;
    rules::check_active(before.is_active, true)?;
    let held = held(tx, &before, Some(tx.now())).await?;
    rules::check_given(&granter, &held, "id")?;
    let after = admin_user::Model { is_active: true, ..before.clone() };
    save(tx, &events::USER_REACTIVATED, &before, after).await
}

/// The account `id`, locked, at the version that the caller expects, where the granter may change it.
async fn lock(
    tx: &Tx,
    granter: &Granter,
    id: Uuid,
    expected: Option<i32>,
) -> Result<(Locked, admin_user::Model)> {
    let locked = Locked::lock(tx, granter, keys::MANAGE_ACCOUNTS, Some(id), None).await?;
    let account = locked.account(tx, id, "id")?.clone();
    check_version(id, account.version, expected)?;
    let held = held(tx, &account, Some(tx.now())).await?;
    rules::check_rank(&locked.granter, account.level, &held, "id")?;
    Ok((locked, account))
}

fn is_super_admin(account: &admin_user::Model) -> bool {
    account.is_active && account.level == AdminLevel::SuperAdmin
}

/// The account that `text` means at the machine: its id, or the address of the person.
///
/// # Errors
/// NOT_FOUND; INVALID where there are several of that address.
pub async fn named_account(tx: &Tx, text: &str) -> Result<Uuid> {
    let found = match ADMIN_USER.parse(text) {
        Ok(id) => return Ok(id),
        Err(_) => store::accounts_by_email(tx, text).await?,
    };
    match *found {
        [id] => Ok(id),
        [] => Err(Error::not_found("admin user", "account")),
        _ => {
            let message = "several accounts are of people with this address: name one by its id";
            Err(Error::invalid(UserErrorCode::Invalid, "account", message))
        }
    }
}

/// Whether the granter may have an account that had `held` become `after`, and whether at once.
fn check_grant(
    tx: &Tx,
    granter: &Granter,
    held: &PermissionSet,
    after: &admin_user::Model,
    super_admins: usize,
) -> Result<Consent> {
    let catalogue = tx.kernel().catalogue();
    // What comes with the level is the level's fault.
    let of_level = catalogue.of_account(after.level, &[]).without(held);
    let of_level = rules::check_grant(granter, &of_level, catalogue, super_admins, "level")?;
    let beside = own_permissions(tx, after).without(held);
    let beside = rules::check_grant(granter, &beside, catalogue, super_admins, "permissions")?;
    Ok(of_level.and(beside))
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
