//! How organizations come into the register, and who is a member of them.

use ::entity::{
    organization::{self, OrganizationStatus},
    organization_member,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        error::{Error, Result, UserErrorCode},
        tx::Tx,
    },
};

/// An organization to be added.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name in addresses, unique.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: OrganizationStatus,
}

/// Adds an organization.
///
/// # Errors
/// TAKEN, and what is wrong with the input.
pub async fn create_organization(tx: &mut Tx, new: NewOrganization) -> Result<organization::Model> {
    let (slug, name) = match (rules::slug(&new.slug), rules::name(&new.name, "name")) {
        (Ok(slug), Ok(name)) => (slug, name),
        (a, b) => return Err([a.err(), b.err()].into_iter().flatten().collect::<Vec<_>>().into()),
    };
    let now = tx.now();
    let row = organization::Model {
        id: tx.new_id(),
        slug,
        name,
        status: new.status,
        settings: json!({}),
        merged_into_id: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    if !store::insert_organization(tx, &row).await? {
        return Err(Error::invalid(UserErrorCode::Taken, "slug", "another organization has this slug"));
    }
    tx.record(events::organization_created(&row));
    Ok(row)
}

/// Makes people members of an organization, with what they are there; whoever is one already stays what they are.
/// Answers how many came in.
///
/// # Errors
/// NOT_FOUND, LIMIT_EXCEEDED, and what is wrong with a role.
pub async fn add_members(tx: &mut Tx, organization: Uuid, people: &[(Uuid, &str)]) -> Result<usize> {
    if people.len() > rules::MAX_RECORDS {
        let message = format!("add at most {} members at once", rules::MAX_RECORDS);
        return Err(Error::invalid(UserErrorCode::LimitExceeded, "members", message));
    }
    if !store::has_organization(tx, organization).await? {
        return Err(Error::not_found("organization", "organizationId"));
    }
    let ids: Vec<Uuid> = people.iter().map(|(id, _)| *id).collect();
    let known = store::lock_known(tx, &ids).await?;
    let members = store::members(tx, organization, &ids).await?;
    let now = tx.now();
    let mut rows: Vec<organization_member::Model> = Vec::new();
    for (i, (user_id, role)) in people.iter().enumerate() {
        let role = rules::name(role, &format!("members.{i}.role"))?;
        if !known.contains(user_id) {
            return Err(Error::not_found("user", &format!("members.{i}.userId")));
        }
        if members.contains(user_id) || rows.iter().any(|row| row.user_id == *user_id) {
            continue;
        }
        tx.record(events::member_added(*user_id, organization, &role));
        let id = tx.new_id();
        rows.push(organization_member::Model {
            id,
            organization_id: organization,
            user_id: *user_id,
            role,
            created_at: now,
            updated_at: now,
            version: 1,
        });
    }
    let added = rows.len();
    store::insert_members(tx, rows).await?;
    Ok(added)
}
