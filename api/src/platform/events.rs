//! What happens to the gateway itself.

use ::entity::audit_log::{AuditCategory, AuditSeverity};
use serde_json::json;

use super::DEMO_BEGUN;
use crate::kernel::{
    actor::PLATFORM,
    event::{Entity, Event, EventType},
};

static BEGUN: EventType = EventType {
    name: DEMO_BEGUN,
    version: 1,
    description: "A demo began: whatever this log holds is made up.",
    category: AuditCategory::System,
    severity: AuditSeverity::Info,
    action: "DEMO_BEGIN",
    permission: "system.health.view",
};

/// All of them.
pub const ALL: &[&EventType] = &[&BEGUN];

/// A demo begins in this database, of the people and events that follow from `seed`.
pub fn demo_begun(seed: u64) -> Event {
    let entity = Entity { kind: "Gateway", id: "demo".to_owned(), version: None, organization_id: PLATFORM };
    Event::new(&BEGUN, entity).data(json!({ "seed": seed.to_string() }))
}
