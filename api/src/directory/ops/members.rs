//! Who is a member of an organization, and as what.

use ::entity::{
    organization::{self, OrganizationStatus},
    organization_member,
};
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        error::{Error, Result, UserErrorCode, check_version},
        tx::Tx,
    },
};

/// Makes people members of an organization, with what they are there; whoever is one already stays what they are.
/// Answers how many came in.
///
/// # Errors
/// NOT_FOUND, NOT_ALLOWED, LIMIT_EXCEEDED, and what is wrong with a role.
pub async fn add_members(tx: &mut Tx, organization: Uuid, people: &[(Uuid, &str)]) -> Result<usize> {
    if people.len() > rules::MAX_RECORDS {
        let message = format!("add at most {} members at once", rules::MAX_RECORDS);
        return Err(Error::invalid(UserErrorCode::LimitExceeded, "members", message));
    }
    open_organization(tx, organization).await?;
    let ids: Vec<Uuid> = people.iter().map(|(id, _)| *id).collect();
    let known = store::lock_known(tx, &ids).await?;
    let members = store::members_among(tx, organization, &ids).await?;
    let mut rows: Vec<organization_member::Model> = Vec::new();
    for (i, (user_id, role)) in people.iter().enumerate() {
        let role = rules::member_role(role, &format!("members.{i}.role"))?;
        if !known.contains(user_id) {
            return Err(Error::not_found("user", &format!("members.{i}.userId")));
        }
        if !members.contains(user_id) && rows.iter().all(|row| row.user_id != *user_id) {
            rows.push(new_member(tx, organization, *user_id, role));
        }
    }
    let added = rows.len();
    store::insert_members(tx, rows).await?;
    Ok(added)
}

/// Makes somebody a member. Whoever is one already, as the same, is answered as they are.
///
/// # Errors
/// NOT_FOUND, NOT_ALLOWED, TAKEN where they are one as something else, and what is wrong with the role.
pub async fn add_member(
    tx: &mut Tx,
    organization: Uuid,
    user: Uuid,
    role: &str,
) -> Result<organization_member::Model> {
    let role = rules::member_role(role, "role")?;
    open_organization(tx, organization).await?;
    if !store::lock_known(tx, &[user]).await?.contains(&user) {
        return Err(Error::not_found("user", "userId"));
    }
    if let Some(member) = store::lock_member_of(tx, organization, user).await? {
        rules::check_same_role(&member.role, &role)?;
        return Ok(member);
    }
    let row = new_member(tx, organization, user, role);
    store::insert_members(tx, vec![row.clone()]).await?;
    Ok(row)
}

/// Says what a member is from now on.
///
/// # Errors
/// NOT_FOUND, CONFLICT, and what is wrong with the role.
pub async fn update_member(
    tx: &mut Tx,
    id: Uuid,
    role: &str,
    expected: Option<i32>,
) -> Result<organization_member::Model> {
    let role = rules::member_role(role, "role")?;
    let before = lock(tx, id, expected).await?;
    if before.role == role {
        return Ok(before);
    }
    let version = before.version + 1;
    let after = organization_member::Model { role, version, updated_at: tx.now(), ..before.clone() };
    store::update_member(tx, &after).await?;
    tx.record(events::member(&events::MEMBER_UPDATED, Some(&before), &after));
    Ok(after)
}

/// Takes a member out of their organization. Answers what they were.
///
/// # Errors
/// NOT_FOUND or CONFLICT.
pub async fn remove_member(
    tx: &mut Tx,
    id: Uuid,
    expected: Option<i32>,
) -> Result<organization_member::Model> {
    let row = lock(tx, id, expected).await?;
    store::delete_member(tx, id).await?;
    tx.record(events::member_removed(&row));
    // Whoever acts in their place sees what the organization has while they are in it.
    tx.rights_changed().await?;
    Ok(row)
}

fn new_member(tx: &mut Tx, organization: Uuid, user: Uuid, role: String) -> organization_member::Model {
    let now = tx.now();
    let row = organization_member::Model {
        id: tx.new_id(),
        organization_id: organization,
        user_id: user,
        role,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    tx.record(events::member(&events::MEMBER_ADDED, None, &row));
    row
}

async fn lock(tx: &Tx, id: Uuid, expected: Option<i32>) -> Result<organization_member::Model> {
    let row = store::lock_member(tx, id).await?.ok_or_else(|| Error::not_found("member", "id"))?;
    check_version(row.id, row.version, expected)?;
    Ok(row)
}

/// The organization, which isn't merged into another one before the transaction ends.
async fn open_organization(tx: &Tx, id: Uuid) -> Result<organization::Model> {
    let row = store::share_organization(tx, id).await?;
    let row = row.ok_or_else(|| Error::not_found("organization", "organizationId"))?;
    if row.status == OrganizationStatus::Merged {
        let message = "this organization went into another one: add them there";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "organizationId", message));
    }
    Ok(row)
}
