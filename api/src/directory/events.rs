//! What happens to users and organizations. Names and addresses are personal and stand in the register alone.

use ::entity::{organization, user};
use serde_json::{Value, json};
use uuid::Uuid;

use super::USER;
use crate::kernel::{
    actor::{ORGANIZATION, PLATFORM},
    event::{Entity, Event, EventType, event_types},
    leaf::Personal,
};

event_types! {
    Directory, "directory.read";
    USER_CREATED "directory.user.created" "USER_CREATE" Info "A person came into the register.";
    USER_UPDATED "directory.user.updated" "USER_UPDATE" Info "What is known of a person changed.";
    USER_VERIFIED "directory.user.verified" "USER_VERIFY" Info "A person has proved to be who they say.";
    USER_SUSPENDED "directory.user.suspended" "USER_SUSPEND" Medium "A person is kept out for now.";
    USER_REINSTATED "directory.user.reinstated" "USER_REINSTATE" Medium "A person who was kept out may come in again.";
    ORGANIZATION_CREATED "directory.organization.created" "ORGANIZATION_CREATE" Info "An organization came into the register.";
    MEMBER_ADDED "directory.member.added" "MEMBER_ADD" Info "A person became a member of an organization.";
}

/// `ty` happened to a person who was `before` and is `after`; `reason` is what somebody wrote along.
pub(super) fn user(
    ty: &'static EventType,
    before: Option<&user::Model>,
    after: &user::Model,
    reason: Option<&str>,
) -> Event {
    let mut data = json!({ "externalId": after.external_id, "status": after.status });
    if let Some(before) = before {
        data["changed"] = json!(changed(before, after));
    }
    if let Some(reason) = reason {
        data["reason"] = json!(Personal(reason));
    }
    let entity = Entity::new("User", USER, after.id, after.version, PLATFORM);
    Event::new(ty, entity).about(after.id).change(before.map(state), Some(state(after))).data(data)
}

fn changed(before: &user::Model, after: &user::Model) -> Vec<&'static str> {
    let fields = [
        ("email", before.email != after.email),
        ("name", before.name != after.name),
        ("status", before.status != after.status),
        ("verifiedAt", before.verified_at != after.verified_at),
    ];
    fields.into_iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| name).collect()
}

fn state(row: &user::Model) -> Value {
    json!({ "status": row.status })
}

/// An organization came into the register.
pub(super) fn organization_created(row: &organization::Model) -> Event {
    let entity = Entity::new("Organization", ORGANIZATION, row.id, row.version, row.id);
    Event::new(&ORGANIZATION_CREATED, entity)
        .data(json!({ "slug": row.slug, "name": row.name, "status": row.status }))
}

/// `user` became a member of `organization`, which sees it.
pub(super) fn member_added(user: Uuid, organization: Uuid, role: &str) -> Event {
    let entity = Entity { kind: "User", id: USER.encode(user), version: None, organization_id: organization };
    let data = json!({ "organizationId": ORGANIZATION.encode(organization), "role": role });
    Event::new(&MEMBER_ADDED, entity).about(user).data(data)
}
