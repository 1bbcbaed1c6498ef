//! Roles, and who has them until when.

use ::entity::{list::StringList, role, role_assignment};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{check_permissions, check_version};
use crate::{
    access::{
        events,
        rules::{self, Granter},
        store,
    },
    kernel::{
        actor::PLATFORM,
        error::{Error, Result, UserErrorCode},
        text,
        tx::Tx,
    },
};

/// A role to be made.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// Its name, unique.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Permissions and wildcards.
    pub permissions: Vec<String>,
}

/// What to change about a role; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct RoleChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Permissions and wildcards: the whole list.
    pub permissions: Option<Vec<String>>,
}

/// A role to be given.
#[derive(Clone, Copy, Debug)]
pub struct NewAssignment {
    /// The role.
    pub role_id: Uuid,
    /// To whom.
    pub admin_user_id: Uuid,
    /// Until when.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a role. It gives nobody anything yet, and has nothing in it that its maker doesn't have.
///
/// # Errors
/// What is wrong with the input, TAKEN, NOT_ALLOWED.
pub async fn create_role(tx: &mut Tx, granter: &Granter, new: NewRole) -> Result<role::Model> {
    if !tx.boundary().contains(PLATFORM) {
        let message = "roles are the platform's own: a token of an organization makes none";
        return Err(refused("", message));
    }
    let now = tx.now();
    let row = role::Model {
        id: tx.new_id(),
        name: text::required(&new.name, "name", rules::MAX_NAME)?,
        description: text::bounded(&new.description, "description", rules::MAX_TEXT)?,
        permissions: permissions(tx, new.permissions)?,
        is_built_in: false,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let given = tx.kernel().catalogue().of_scopes(&row.permissions.0);
    rules::check_given(granter, &given, "permissions")?;
    if store::is_name_taken(tx, &row.name, row.id).await? {
        return Err(store::name_taken());
    }
    store::insert_role(tx, &row).await?;
    tx.record(events::role(&events::ROLE_CREATED, None, &row));
    Ok(row)
}

/// Changes a role, and what everybody may who has it.
///
/// # Errors
/// NOT_FOUND, CONFLICT, TAKEN, what is wrong with the input; NOT_ALLOWED and APPROVAL_REQUIRED as the [rules](rules) say.
pub async fn update_role(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    changes: RoleChanges,
    expected: Option<i32>,
) -> Result<role::Model> {
    let before = lock(tx, id, expected).await?;
    let mut after = before.clone();
    if let Some(name) = changes.name {
        after.name = text::required(&name, "name", rules::MAX_NAME)?;
    }
    if let Some(text) = changes.description {
        after.description = text::bounded(&text, "description", rules::MAX_TEXT)?;
    }
    if let Some(list) = changes.permissions {
        after.permissions = permissions(tx, list)?;
    }
    if after == before {
        return Ok(before);
    }
    if after.name != before.name && store::is_name_taken(tx, &after.name, id).await? {
        return Err(store::name_taken());
    }
    check_widened(tx, granter, &before, &after).await?;
    after.version += 1;
    after.updated_at = tx.now();
    store::update_role(tx, &after).await?;
    tx.record(events::role(&events::ROLE_UPDATED, Some(&before), &after));
    if after.permissions != before.permissions {
        tx.rights_changed().await?;
    }
    Ok(after)
}

/// Whether the granter may put into a role what is new in it: whoever has the role is given that.
async fn check_widened(tx: &Tx, granter: &Granter, before: &role::Model, after: &role::Model) -> Result<()> {
    let catalogue = tx.kernel().catalogue();
    let [before, given] = [before, after].map(|role| catalogue.of_scopes(&role.permissions.0));
    let added = given.without(&before);
    if store::count_holders(tx, after.id).await? == 0 {
        return Ok(rules::check_given(granter, &added, "permissions")?);
    }
    let super_admins = store::count_super_admins(tx).await?;
    Ok(rules::check_grant(granter, &added, catalogue, super_admins, "permissions")?)
}

/// Deletes a role that nobody has any more. Who had it is still told.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED while somebody has it.
pub async fn delete_role(tx: &mut Tx, id: Uuid, expected: Option<i32>) -> Result<role::Model> {
    let row = lock(tx, id, expected).await?;
    let holders = store::count_holders(tx, id).await?;
    if holders > 0 {
        return Err(refused("id", &format!("it is given ({holders} assignments): revoke it first")));
    }
    store::delete_role(tx, id).await?;
    tx.record(events::role(&events::ROLE_DELETED, None, &row));
    Ok(row)
}

/// Gives an account a role.
///
/// # Errors
/// NOT_FOUND, OUT_OF_RANGE, TAKEN; NOT_ALLOWED and APPROVAL_REQUIRED as the [rules](rules) say.
pub async fn assign(tx: &mut Tx, granter: &Granter, new: NewAssignment) -> Result<role_assignment::Model> {
    let found = store::lock_account(tx, new.admin_user_id).await?;
    let found = found.ok_or_else(|| Error::not_found("admin user", "adminUserId"))?;
    let role = store::hold_role(tx, new.role_id).await?;
    let role = role.ok_or_else(|| Error::not_found("role", "roleId"))?;
    if !found.account.is_active {
        return Err(refused("adminUserId", "this account isn't active"));
    }
    rules::check_not_self(granter, new.admin_user_id, "adminUserId")?;
    let now = tx.now();
    let ends = store::ends_of(tx, new.admin_user_id, new.role_id).await?;
    rules::check_end(new.expires_at, &ends, now)?;
    let catalogue = tx.kernel().catalogue();
    let given = catalogue.of_scopes(&role.permissions.0);
    rules::check_grant(granter, &given, catalogue, found.super_admins, "roleId")?;
    let row = role_assignment::Model {
        id: tx.new_id(),
        role_id: role.id,
        role_name: role.name,
        admin_user_id: new.admin_user_id,
        granted_by_kind: tx.actor().kind,
        granted_by_id: tx.actor().id.clone(),
        granted_at: now,
        expires_at: new.expires_at,
        revoked_by_kind: None,
        revoked_by_id: None,
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::insert_assignment(tx, &row).await?;
    tx.record(events::assignment(&events::ROLE_GRANTED, &row, &found.account));
    tx.rights_changed().await?;
    Ok(row)
}

/// Takes a role away from an account, before its end.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION where it is over, NOT_ALLOWED for an account above the granter's level.
pub async fn revoke(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    expected: Option<i32>,
) -> Result<role_assignment::Model> {
    let found = store::lock_assignment(tx, id).await?;
    let (before, account) = found.ok_or_else(|| Error::not_found("role assignment", "id"))?;
    check_version(id, before.version, expected)?;
    rules::check_rank(granter, account.level)?;
    let now = tx.now();
    // It can be taken away from who isn't active, so that they don't have it when they are.
    let standing =
        rules::Standing { expires_at: before.expires_at, revoked_at: before.revoked_at, is_active: true };
    if !rules::is_effective(&standing, now) {
        return Err(Error::invalid(UserErrorCode::InvalidTransition, "id", "this is over already"));
    }
    let row = role_assignment::Model {
        revoked_by_kind: Some(tx.actor().kind),
        revoked_by_id: Some(tx.actor().id.clone()),
        revoked_at: Some(now),
        updated_at: now,
        version: before.version + 1,
        ..before
    };
    store::update_assignment(tx, &row).await?;
    tx.record(events::assignment(&events::ROLE_REVOKED, &row, &account));
    tx.rights_changed().await?;
    Ok(row)
}

/// The role `id`, locked, at the version that the caller expects; not a built-in one.
async fn lock(tx: &Tx, id: Uuid, expected: Option<i32>) -> Result<role::Model> {
    let row = store::lock_role(tx, id).await?.ok_or_else(|| Error::not_found("role", "id"))?;
    check_version(id, row.version, expected)?;
    if row.is_built_in {
        return Err(refused("id", "every installation has this role as it is: make one of your own"));
    }
    Ok(row)
}

/// The permissions of a role: one at least.
fn permissions(tx: &Tx, given: Vec<String>) -> Result<StringList> {
    if given.is_empty() {
        let message = "a role gives at least one permission";
        return Err(Error::invalid(UserErrorCode::Required, "permissions", message));
    }
    Ok(StringList(check_permissions(tx, given)?))
}

fn refused(field: &str, message: &str) -> Error {
    Error::invalid(UserErrorCode::NotAllowed, field, message)
}
