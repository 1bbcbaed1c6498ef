//! What happens to the gateway itself.

use serde_json::json;

use super::DEMO_BEGUN;
use crate::kernel::{
    actor::PLATFORM,
    event::{Entity, Event, EventType, event_types},
    secret::reseal::Pass,
};

event_types! {
    System, "system.health.view";
    BEGUN DEMO_BEGUN "DEMO_BEGIN" Info "A demo began: whatever this log holds is made up.";
    KEY_ADDED "platform.key.added" "SEALING_KEY_ADD" Medium
        "A key was added to the ring of sealing keys: it opens what is sealed under it, and doesn't seal yet.";
    KEY_ROTATED "platform.key.rotated" "SEALING_KEY_ROTATE" High
        "Another sealing key seals from now on, and what is sealed under others is to be sealed anew.";
    KEY_RESEALED "platform.key.resealed" "SEALING_KEY_RESEAL" Info
        "Values were sealed anew under the key that seals now. What they say is the same.";
    KEY_RETIRED "platform.key.retired" "SEALING_KEY_RETIRE" High
        "A sealing key that nothing uses any more was taken out of the ring.";
    KEY_FORGOTTEN "platform.key.forgotten" "SEALING_KEY_FORGET" Critical
        "A sealing key that is lost was given up: what is sealed under it can't be read any more.";
}

/// A demo begins in this database, of the people and events that follow from `seed`.
pub fn demo_begun(seed: u64) -> Event {
    let entity = Entity { kind: "Gateway", id: "demo".to_owned(), version: None, organization_id: PLATFORM };
    Event::new(&BEGUN, entity).data(json!({ "seed": seed.to_string() }))
}

/// A key opens from now on.
pub fn key_added(id: &str) -> Event {
    key(&KEY_ADDED, id)
}

/// A key seals from now on.
pub fn key_rotated(id: &str, before: Option<&str>) -> Event {
    key(&KEY_ROTATED, id).data(json!({ "before": before }))
}

/// What a pass came to.
pub fn key_resealed(pass: &Pass) -> Event {
    let stuck: Vec<_> =
        pass.stuck.iter().map(|(id, count)| json!({ "keyId": id, "values": count })).collect();
    key(&KEY_RESEALED, &pass.key_id).data(json!({ "values": pass.resealed, "stuck": stuck }))
}

/// A key is out of the ring.
pub fn key_retired(id: &str) -> Event {
    key(&KEY_RETIRED, id)
}

/// A key is given up.
pub fn key_forgotten(id: &str) -> Event {
    key(&KEY_FORGOTTEN, id)
}

fn key(ty: &'static EventType, id: &str) -> Event {
    let entity = Entity { kind: "SealingKey", id: id.to_owned(), version: None, organization_id: PLATFORM };
    Event::new(ty, entity)
}
