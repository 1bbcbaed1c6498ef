//! Making one organization of two.
//!
//! The source's rows become the target's, as `store/merge.rs` declares for each table, in one transaction. The source
//! stays, MERGED, with a pointer and with what was moved. What is append-only stays the source's: within a second
//! everybody who reads the target's reads it, too, since the boundary of whoever is limited to the target then holds the
//! source. The source's tokens end: who held one spoke for the source, not for the target.

use ::entity::organization::{self, OrganizationStatus};
use serde_json::json;
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        error::{Error, Result, UserErrorCode, check_version},
        tx::Tx,
    },
};

/// Puts `source` into `target` and answers the source. What is merged into that one already is answered as it is.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID, NOT_ALLOWED.
pub async fn merge_organizations(
    tx: &mut Tx,
    source: Uuid,
    target: Uuid,
    reason: Option<&str>,
    expected: Option<i32>,
) -> Result<organization::Model> {
    let reason = reason.map(rules::reason).transpose()?;
    if source == target {
        let message = "an organization can't be merged into itself";
        return Err(Error::invalid(UserErrorCode::Invalid, "sourceId", message));
    }
    // In the order of ids, so that two merges can't wait for each other.
    let (mut from, mut into) = (None, None);
    for id in [source.min(target), source.max(target)] {
        let row = store::lock_organization(tx, id).await?;
        if id == source { from = row } else { into = row }
    }
    let before = from.ok_or_else(|| Error::not_found("organization", "sourceId"))?;
    let into = into.ok_or_else(|| Error::not_found("organization", "targetId"))?;
    if before.merged_into_id == Some(target) {
        return Ok(before);
    }
    rules::check_merge(before.status, into.status)?;
    check_version(before.id, before.version, expected)?;
    let tokens = store::open_tokens(tx, source).await?;
    let moved = store::move_rows(tx, &before, target).await?;
    let rows: Vec<_> = moved
        .iter()
        .map(|rows| json!({ "type": rows.ty, "moved": rows.moved, "collided": rows.collided }))
        .collect();
    let after = organization::Model {
        status: OrganizationStatus::Merged,
        merged_into_id: Some(target),
        merged_at: Some(tx.now()),
        merged_rows: Some(json!(rows)),
        updated_at: tx.now(),
        version: before.version + 1,
        ..before.clone()
    };
    store::update_organization(tx, &after).await?;
    tx.record(events::organization_merged(&before, &after, target, &tokens, reason.as_deref()));
    // Boundaries, and the tokens that ended.
    tx.rights_changed().await?;
    Ok(after)
}
