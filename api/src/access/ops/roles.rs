//! Roles, and who has them until when.

use ::entity::{admin_user, approval, list::StringList, role, role_assignment};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Locked, approvals::Approved, ask_for, check_permissions, end_invitation, frozen_id, held};
use crate::{
    access::{
        ROLE, ROLE_ASSIGNMENT, events, permissions as keys,
        rules::{self, Consent, Granter},
        store,
    },
    kernel::{
        actor::{ADMIN_USER, Actor, PLATFORM},
        error::{Error, Result, UserErrorCode, check_version},
        mutation::Completion,
        permission::Action,
        text,
        tx::Tx,
    },
};

/// Giving an account a role that is sensitive.
pub static ASSIGN_ROLE: Action =
    Action { kind: "access.assign_role", permission: keys::ASSIGN_ROLES, approvals: 1 };

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
    let Locked { granter, .. } = &Locked::lock(tx, granter, keys::MANAGE_ROLES, None, None).await?;
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
    let locked = Locked::lock(tx, granter, keys::MANAGE_ROLES, None, None).await?;
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
    check_changed(tx, &locked, &before, &after).await?;
    after.version += 1;
    after.updated_at = tx.now();
    store::update_role(tx, &after).await?;
    tx.record(events::role(&events::ROLE_UPDATED, Some(&before), &after));
    if after.permissions != before.permissions {
        tx.rights_changed().await?;
    }
    Ok(after)
}

/// Whether the granter may change a role so: whoever has it is given what is new in it, and loses what isn't in it any
/// more.
async fn check_changed(tx: &Tx, locked: &Locked, before: &role::Model, after: &role::Model) -> Result<()> {
    let Locked { granter, accounts } = locked;
    let catalogue = tx.kernel().catalogue();
    let [before, given] = [before, after].map(|role| catalogue.of_scopes(&role.permissions.0));
    let (added, taken) = (given.without(&before), before.without(&given));
    if store::count_holders(tx, after.id).await? == 0 {
        return Ok(rules::check_given(granter, &added, "permissions")?);
    }
    rules::check_taken(granter, &taken, "permissions")?;
    match rules::check_grant(granter, &added, catalogue, accounts.super_admins(), "permissions")? {
        Consent::Given => Ok(()),
        // It would be for all of them, so that none of them could decide about it.
        Consent::Needed(_) => {
            let message = "this gives what is sensitive to everybody who has the role: make a role of its own, and give \
                           that to each with the approval of a second person";
            Err(Error::invalid(UserErrorCode::ApprovalRequired, "permissions", message))
        }
    }
}

/// Deletes a role that nobody has any more. Who had it is still told.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED while somebody has it.
pub async fn delete_role(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    expected: Option<i32>,
) -> Result<role::Model> {
    Locked::lock(tx, granter, keys::MANAGE_ROLES, None, None).await?;
    let row = lock(tx, id, expected).await?;
    let holders = store::count_holders(tx, id).await?;
    if holders > 0 {
        let assignments = if holders == 1 { "assignment" } else { "assignments" };
        return Err(refused("id", &format!("it is given ({holders} {assignments}): revoke it first")));
    }
    store::delete_role(tx, id).await?;
    tx.record(events::role(&events::ROLE_DELETED, None, &row));
    Ok(row)
}

/// A role that can be given, to whom.
struct Gift {
    account: admin_user::Model,
    role: role::Model,
    expires_at: Option<DateTime<Utc>>,
    consent: Consent,
}

/// What is frozen of a role that somebody asks to give: with what it gives, so that nobody is given what it came to give
/// since.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrozenAssignment {
    admin_user_id: String,
    role_id: String,
    permissions: StringList,
    expires_at: Option<DateTime<Utc>>,
}

/// Gives an account a role.
///
/// # Errors
/// NOT_FOUND, OUT_OF_RANGE, TAKEN; NOT_ALLOWED and APPROVAL_REQUIRED as the [rules](rules) say.
pub async fn assign(tx: &mut Tx, granter: &Granter, new: NewAssignment) -> Result<role_assignment::Model> {
    let gift = examine(tx, granter, new).await?;
    gift.consent.clone().required()?;
    give(tx, granter, gift).await
}

/// Gives an account a role, or has others asked whether it may be given.
///
/// # Errors
/// As [`assign`]; APPROVAL_REQUIRED only where nobody can be asked.
pub async fn assign_or_ask(
    tx: &mut Tx,
    granter: &Granter,
    new: NewAssignment,
) -> Result<Completion<role_assignment::Model, approval::Model>> {
    let gift = examine(tx, granter, new).await?;
    match gift.consent {
        Consent::Given => Ok(Completion::Done(give(tx, granter, gift).await?)),
        Consent::Needed(_) => {
            let summary = format!("give the role {}", gift.role.name);
            let payload = FrozenAssignment {
                admin_user_id: ADMIN_USER.encode(gift.account.id),
                role_id: ROLE.encode(gift.role.id),
                permissions: gift.role.permissions,
                expires_at: gift.expires_at,
            };
            let asked = ask_for(tx, granter, &ASSIGN_ROLE, gift.account.user_id, summary, payload);
            Ok(Completion::Waits(asked.await?))
        }
    }
}

/// Gives the role that others have approved. Answers the assignment's id.
///
/// # Errors
/// As [`assign`]; CONFLICT where the role gives something else by now.
pub async fn assign_approved(tx: &mut Tx, approved: &Approved) -> Result<String> {
    let frozen: FrozenAssignment = approved.payload()?;
    let granter = approved.granter(tx, frozen.expires_at).await?;
    let new = NewAssignment {
        role_id: frozen_id(ROLE, &frozen.role_id)?,
        admin_user_id: frozen_id(ADMIN_USER, &frozen.admin_user_id)?,
        expires_at: frozen.expires_at,
    };
    let gift = examine(tx, &granter, new).await?;
    if gift.role.permissions != frozen.permissions {
        let message = "the role was changed meanwhile: what it gives isn't what was approved";
        return Err(Error::invalid(UserErrorCode::Conflict, "roleId", message));
    }
    gift.consent.clone().required()?;
    Ok(ROLE_ASSIGNMENT.encode(give(tx, &granter, gift).await?.id))
}

/// Whether a role can be given, and whether at once. Neither the account nor the role changes before the transaction ends.
async fn examine(tx: &Tx, granter: &Granter, new: NewAssignment) -> Result<Gift> {
    let (key, about) = (keys::ASSIGN_ROLES, Some(new.admin_user_id));
    let locked = Locked::lock(tx, granter, key, about, new.expires_at).await?;
    let account = locked.account(tx, new.admin_user_id, "adminUserId")?.clone();
    let Locked { granter, accounts } = &locked;
    let role = store::hold_role(tx, new.role_id).await?;
    let role = role.ok_or_else(|| Error::not_found("role", "roleId"))?;
    if !account.is_active {
        return Err(refused("adminUserId", "this account isn't active"));
    }
    rules::check_not_self(granter, new.admin_user_id, "adminUserId")?;
    let ends = store::ends_of(tx, new.admin_user_id, new.role_id).await?;
    rules::check_end(new.expires_at, &ends, tx.now())?;
    let catalogue = tx.kernel().catalogue();
    let given = catalogue.of_scopes(&role.permissions.0);
    let consent = rules::check_grant(granter, &given, catalogue, accounts.super_admins(), "roleId")?;
    Ok(Gift { account, role, expires_at: new.expires_at, consent })
}

async fn give(tx: &mut Tx, granter: &Granter, gift: Gift) -> Result<role_assignment::Model> {
    let now = tx.now();
    let given = tx.kernel().catalogue().of_scopes(&gift.role.permissions.0);
    end_invitation(tx, gift.account.id, &given).await?;
    // What was approved is given by who asked for it, not by the task that does it.
    let granted_by = match granter {
        Granter::Approved { account, .. } => Actor::admin(*account),
        Granter::Machine | Granter::Caller { .. } => tx.actor().clone(),
    };
    let row = role_assignment::Model {
        id: tx.new_id(),
        role_id: gift.role.id,
        role_name: gift.role.name,
        admin_user_id: gift.account.id,
        granted_by_kind: granted_by.kind,
        granted_by_id: granted_by.id,
        granted_at: now,
        expires_at: gift.expires_at,
        revoked_by_kind: None,
        revoked_by_id: None,
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::insert_assignment(tx, &row).await?;
    tx.record(events::assignment(&events::ROLE_GRANTED, &row, &gift.account));
    tx.rights_changed().await?;
    Ok(row)
}

/// Takes a role away from an account, before its end.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION where it is over, NOT_ALLOWED for an account that may do what the granter may not.
pub async fn revoke(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    expected: Option<i32>,
) -> Result<role_assignment::Model> {
    let not_found = || Error::not_found("role assignment", "id");
    let holder = store::holder_of(tx, id).await?.ok_or_else(not_found)?;
    let locked = Locked::lock(tx, granter, keys::ASSIGN_ROLES, Some(holder), None).await?;
    let account = locked.account(tx, holder, "id")?;
    let before = store::lock_assignment(tx, id).await?.ok_or_else(not_found)?;
    check_version(id, before.version, expected)?;
    let now = tx.now();
    rules::check_rank(&locked.granter, account.level, &held(tx, account, Some(now)).await?, "id")?;
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
    tx.record(events::assignment(&events::ROLE_REVOKED, &row, account));
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
