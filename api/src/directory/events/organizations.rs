//! What happens to organizations and their members.

use ::entity::{organization, organization_member};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{MEMBER_REMOVED, ORGANIZATION_CREATED, ORGANIZATION_MERGED, ORGANIZATION_UPDATED};
use crate::{
    directory::{MEMBER, USER},
    kernel::{
        actor::{API_TOKEN, ORGANIZATION},
        event::{Entity, Event, EventType},
        leaf::Personal,
    },
};

/// An organization came into the register.
pub fn organization_created(row: &organization::Model) -> Event {
    let data = json!({ "slug": row.slug, "name": row.name, "status": row.status });
    Event::new(&ORGANIZATION_CREATED, entity(row, row.id)).change(None, Some(state(row))).data(data)
}

/// An organization was `before` and is `after`. Its settings stand in the register alone: there are addresses in them.
pub fn organization_updated(before: &organization::Model, after: &organization::Model) -> Event {
    let fields = [
        ("externalId", before.external_id != after.external_id),
        ("slug", before.slug != after.slug),
        ("name", before.name != after.name),
        ("status", before.status != after.status),
        ("settings", before.settings != after.settings),
    ];
    let changed: Vec<_> =
        fields.into_iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| name).collect();
    let data = json!({ "changed": changed, "slug": after.slug, "name": after.name, "status": after.status });
    Event::new(&ORGANIZATION_UPDATED, entity(after, after.id))
        .change(Some(state(before)), Some(state(after)))
        .data(data)
}

/// An organization was `before` and went into `target`, which sees it; these tokens of its ended.
pub fn organization_merged(
    before: &organization::Model,
    after: &organization::Model,
    target: Uuid,
    tokens: &[Uuid],
    reason: Option<&str>,
) -> Event {
    let mut data = json!({
        "slug": after.slug,
        "into": ORGANIZATION.encode(target),
        "rows": after.merged_rows,
        "revokedTokenIds": tokens.iter().map(|id| API_TOKEN.encode(*id)).collect::<Vec<_>>(),
    });
    if let Some(reason) = reason {
        data["reason"] = json!(Personal(reason));
    }
    Event::new(&ORGANIZATION_MERGED, entity(after, target))
        .change(Some(state(before)), Some(state(after)))
        .data(data)
}

fn entity(row: &organization::Model, owner: Uuid) -> Entity {
    Entity::new("Organization", ORGANIZATION, row.id, row.version, owner)
}

fn state(row: &organization::Model) -> Value {
    json!({ "status": row.status, "slug": row.slug })
}

/// `ty` happened to a member who was `before` and is `after`.
pub fn member(
    ty: &'static EventType,
    before: Option<&organization_member::Model>,
    after: &organization_member::Model,
) -> Event {
    let mut data = member_data(after);
    if let Some(before) = before {
        data["before"] = json!(before.role);
    }
    Event::new(ty, member_entity(after, after.version)).about(after.user_id).data(data)
}

/// Somebody is no member any more who was `row`.
pub fn member_removed(row: &organization_member::Model) -> Event {
    Event::new(&MEMBER_REMOVED, member_entity(row, row.version + 1)).about(row.user_id).data(member_data(row))
}

fn member_entity(row: &organization_member::Model, version: i32) -> Entity {
    Entity::new("OrganizationMember", MEMBER, row.id, version, row.organization_id)
}

fn member_data(row: &organization_member::Model) -> Value {
    json!({
        "organizationId": ORGANIZATION.encode(row.organization_id),
        "userId": USER.encode(row.user_id),
        "role": row.role,
    })
}
