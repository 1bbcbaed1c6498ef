//! How organizations come into the register, and their settings.

use ::entity::organization::{self, OrganizationStatus};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        error::{Error, Result, UserErrorCode, check_version},
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
    let (slug, name) = match (rules::slug(&new.slug, "slug"), rules::name(&new.name, "name")) {
        (Ok(slug), Ok(name)) => (slug, name),
        (a, b) => return Err([a.err(), b.err()].into_iter().flatten().collect::<Vec<_>>().into()),
    };
    let now = tx.now();
    let row = organization::Model {
        id: tx.new_id(),
        external_id: None,
        slug,
        name,
        status: new.status,
        settings: json!({}),
        merged_into_id: None,
        merged_at: None,
        merged_rows: None,
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

/// Writes an organization's settings over.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED, and what is wrong with the settings.
pub async fn update_settings(
    tx: &mut Tx,
    id: Uuid,
    settings: Value,
    expected: Option<i32>,
) -> Result<organization::Model> {
    let settings = rules::settings(settings)?;
    let before =
        store::lock_organization(tx, id).await?.ok_or_else(|| Error::not_found("organization", "id"))?;
    check_version(before.id, before.version, expected)?;
    if before.status == OrganizationStatus::Merged {
        let message = "this organization went into another one: change that one's";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "id", message));
    }
    if before.settings == settings {
        return Ok(before);
    }
    let after =
        organization::Model { settings, updated_at: tx.now(), version: before.version + 1, ..before.clone() };
    store::update_organization(tx, &after).await?;
    tx.record(events::organization_updated(&before, &after));
    Ok(after)
}
