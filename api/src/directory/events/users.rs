//! What happens to users.

use ::entity::user;
use serde_json::{Value, json};

use crate::{
    directory::USER,
    kernel::{
        actor::PLATFORM,
        event::{Entity, Event, EventType},
        leaf::Personal,
        scalar::Timestamp,
    },
};

/// `ty` happened to a person who was `before` and is `after`; `reason` is what somebody wrote along.
pub fn user(
    ty: &'static EventType,
    before: Option<&user::Model>,
    after: &user::Model,
    reason: Option<&str>,
) -> Event {
    let mut data = json!({ "externalId": after.external_id, "status": after.status });
    if let Some(before) = before {
        data["changed"] = json!(changed(before, after));
    }
    if let Some(until) = after.suspended_until {
        data["suspendedUntil"] = json!(Timestamp(until).to_string());
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
