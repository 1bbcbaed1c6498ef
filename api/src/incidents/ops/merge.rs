//! Making one incident of several.

use ::entity::{
    incident::{self, IncidentStatus},
    incident_timeline::TimelineKind,
};
use serde_json::json;
use uuid::Uuid;

use super::{Entry, save};
use crate::{
    incidents::{events, rules, store},
    kernel::{
        error::{Error, Result, UserErrorCode, check_version},
        tx::Tx,
    },
    monitoring,
};

/// Puts `sources` into `target`: they are closed and point to it.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED.
pub async fn merge(
    tx: &mut Tx,
    target: Uuid,
    mut sources: Vec<Uuid>,
    expected: Option<i32>,
) -> Result<incident::Model> {
    sources.sort_unstable();
    sources.dedup();
    if sources.is_empty() || sources.len() > 50 {
        return Err(Error::invalid(
            UserErrorCode::OutOfRange,
            "sourceIds",
            "merge 1 to 50 incidents at once",
        ));
    }
    if sources.contains(&target) {
        return Err(Error::invalid(
            UserErrorCode::Invalid,
            "sourceIds",
            "an incident can't be merged into itself",
        ));
    }
    // Everybody locks in the order of ids, so that two merges can't wait for each other.
    let mut all = sources.clone();
    all.push(target);
    all.sort_unstable();
    let mut rows = Vec::with_capacity(all.len());
    for id in all {
        let field = if id == target { "targetId" } else { "sourceIds" };
        let row = store::lock(tx, id).await?.ok_or_else(|| Error::not_found("incident", field))?;
        rules::check_merge(row.incident.status, field)?;
        rows.push(row);
    }
    let (into, from): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.incident.id == target);
    let into = into.into_iter().next().ok_or_else(|| Error::not_found("incident", "targetId"))?;
    check_version(into.incident.id, into.incident.version, expected)?;
    let owners = from.iter().map(|row| row.incident.organization_id);
    rules::check_merged_owners(into.incident.organization_id, owners)?;

    monitoring::relink_alerts(tx, &sources, target).await?;
    let numbers: Vec<_> = from.iter().map(|row| row.incident.number.clone()).collect();
    let entry =
        Entry::new(TimelineKind::Merged, &format!("merged {} into this incident", numbers.join(", ")))
            .with_data(json!({ "sources": numbers }));
    let after = into.clone();
    let merged = save(tx, &events::MERGED, &into, after, entry)?;
    for before in from {
        let mut after = before.clone();
        after.incident.status = IncidentStatus::Closed;
        after.incident.merged_into_id = Some(target);
        after.incident.closed_at = Some(tx.now());
        let entry = Entry::new(TimelineKind::Merged, &format!("was merged into {}", merged.number))
            .with_data(json!({ "target": merged.number }));
        save(tx, &events::MERGED, &before, after, entry)?;
    }
    Ok(merged)
}
