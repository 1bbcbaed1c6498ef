//! What happens to organizations and their members.

use ::entity::organization;
use serde_json::json;
use uuid::Uuid;

use super::{MEMBER_ADDED, ORGANIZATION_CREATED};
use crate::{
    directory::USER,
    kernel::{
        actor::ORGANIZATION,
        event::{Entity, Event},
    },
};

/// An organization came into the register.
pub fn organization_created(row: &organization::Model) -> Event {
    let entity = Entity::new("Organization", ORGANIZATION, row.id, row.version, row.id);
    Event::new(&ORGANIZATION_CREATED, entity)
        .data(json!({ "slug": row.slug, "name": row.name, "status": row.status }))
}

/// `user` became a member of `organization`, which sees it.
pub fn member_added(user: Uuid, organization: Uuid, role: &str) -> Event {
    let entity = Entity { kind: "User", id: USER.encode(user), version: None, organization_id: organization };
    let data = json!({ "organizationId": ORGANIZATION.encode(organization), "role": role });
    Event::new(&MEMBER_ADDED, entity).about(user).data(data)
}
