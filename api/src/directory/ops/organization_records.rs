//! What the platform says of its organizations.

use std::collections::{HashMap, HashSet};

use ::entity::organization::{self, OrganizationStatus};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        actor::PLATFORM,
        error::{Error, Result, UserErrorCode, Violation},
        tx::Tx,
    },
};

/// What the platform says of an organization.
#[derive(Clone, Debug)]
pub struct OrganizationRecord {
    /// The id by which the platform knows it.
    pub external_id: String,
    /// Its name in addresses, unique.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Where it stands; without it, it stays where it is, and a new one is ACTIVE.
    pub status: Option<OrganizationStatus>,
}

/// What became of a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrganizationItem {
    /// Which it is, where nothing is wrong with it.
    pub id: Option<Uuid>,
    /// What is wrong with it.
    pub violations: Vec<Violation>,
}

/// Adds the organizations that aren't there and changes those that are otherwise by now; what is as before is left
/// alone. One that is there without an id of the platform's is known by its slug, and has the id from then on. With `is_partial` those are written with
/// which nothing is wrong; else all or none.
///
/// # Errors
/// NOT_ALLOWED where the caller is limited to an organization, LIMIT_EXCEEDED, what is wrong with a record.
pub async fn upsert_organizations(
    tx: &mut Tx,
    records: Vec<OrganizationRecord>,
    is_partial: bool,
) -> Result<Vec<OrganizationItem>> {
    if !tx.boundary().contains(PLATFORM) {
        let message = "who there is, the platform says: this takes a caller whom no organization limits";
        return Err(Error::denied("organizations", message));
    }
    rules::check_batch(records.len(), "organizations")?;
    let records: Vec<_> = (0..).zip(records).map(|(i, record)| checked(i, record)).collect();
    let right = || records.iter().flatten();
    let ids: Vec<_> = right().map(|record| record.external_id.as_str()).collect();
    let slugs: Vec<_> = right().map(|record| record.slug.as_str()).collect();
    let mut known = Known::new(store::lock_organizations(tx, &ids, &slugs).await?);
    let (mut items, mut written) = (Vec::new(), Vec::new());
    for (i, record) in records.into_iter().enumerate() {
        let step = match record {
            Ok(record) => known.step(tx, i, record),
            Err(violations) => Err(violations),
        };
        items.push(match step {
            Ok((id, row)) => {
                written.extend(row);
                OrganizationItem { id: Some(id), violations: vec![] }
            }
            Err(violations) => OrganizationItem { id: None, violations },
        });
    }
    let wrong: Vec<_> = items.iter().flat_map(|item| item.violations.clone()).collect();
    if !wrong.is_empty() && !is_partial {
        return Err(wrong.into());
    }
    store::put_organizations(tx, &written).await?;
    Ok(items)
}

fn checked(i: usize, record: OrganizationRecord) -> Result<OrganizationRecord, Vec<Violation>> {
    let at = |name: &str| format!("organizations.{i}.{name}");
    let external_id = rules::external_id(&record.external_id, &at("externalId"));
    let (slug, name) = (rules::slug(&record.slug, &at("slug")), rules::name(&record.name, &at("name")));
    let status = rules::stated(record.status, &at("status"));
    match (external_id, slug, name, status) {
        (Ok(external_id), Ok(slug), Ok(name), Ok(status)) => {
            Ok(OrganizationRecord { external_id, slug, name, status })
        }
        (a, b, c, d) => Err([a.err(), b.err(), c.err(), d.err()].into_iter().flatten().collect()),
    }
}

/// The organizations that are there, and what was said of some meanwhile.
struct Known {
    by_id: HashMap<String, organization::Model>,
    by_slug: HashMap<String, organization::Model>,
    said: HashSet<String>,
}

impl Known {
    fn new(rows: Vec<organization::Model>) -> Self {
        let by_id = rows.iter().filter_map(|row| Some((row.external_id.clone()?, row.clone()))).collect();
        let by_slug = rows.into_iter().map(|row| (row.slug.clone(), row)).collect();
        Self { by_id, by_slug, said: HashSet::new() }
    }

    /// The organization that a record is about, and what is to be written of it, if anything.
    fn step(
        &mut self,
        tx: &mut Tx,
        i: usize,
        record: OrganizationRecord,
    ) -> Result<(Uuid, Option<organization::Model>), Vec<Violation>> {
        let wrong = |name: &str, code, message: &str| {
            Err(vec![Violation::new(code, &format!("organizations.{i}.{name}"), message)])
        };
        let of_slug = self.by_slug.get(&record.slug);
        let nameless = of_slug.filter(|row| row.external_id.is_none());
        let before = self.by_id.get(&record.external_id).or(nameless).cloned();
        if !self.said.insert(record.external_id.clone()) {
            return wrong("externalId", UserErrorCode::Invalid, "this one is said twice");
        }
        if before.as_ref().is_some_and(|before| before.status == OrganizationStatus::Merged) {
            return wrong("externalId", UserErrorCode::NotAllowed, "this organization went into another one");
        }
        if of_slug.map(|row| row.id) != before.as_ref().map(|row| row.id) && of_slug.is_some() {
            return wrong("slug", UserErrorCode::Taken, "another organization has this slug");
        }
        let after = row(tx, before.as_ref(), record);
        if before.as_ref() == Some(&after) {
            return Ok((after.id, None));
        }
        let after = organization::Model {
            updated_at: tx.now(),
            version: before.as_ref().map_or(1, |before| before.version + 1),
            ..after
        };
        self.by_slug.insert(after.slug.clone(), after.clone());
        tx.record(match &before {
            Some(before) => events::organization_updated(before, &after),
            None => events::organization_created(&after),
        });
        Ok((after.id, Some(after)))
    }
}

fn row(tx: &Tx, before: Option<&organization::Model>, record: OrganizationRecord) -> organization::Model {
    let now = tx.now();
    let base = before.cloned().unwrap_or_else(|| organization::Model {
        id: tx.new_id(),
        external_id: None,
        slug: String::new(),
        name: String::new(),
        status: OrganizationStatus::Active,
        settings: json!({}),
        merged_into_id: None,
        merged_at: None,
        merged_rows: None,
        created_at: now,
        updated_at: now,
        version: 1,
    });
    organization::Model {
        external_id: Some(record.external_id),
        slug: record.slug,
        name: record.name,
        status: record.status.unwrap_or(base.status),
        ..base
    }
}
