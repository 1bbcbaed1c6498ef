//! What happens to the record: that somebody reads what is personal in it.

use ::entity::audit_log::{AuditCategory, AuditSeverity};
use serde_json::json;
use uuid::Uuid;

use crate::kernel::{
    event::{Entity, Event, EventType},
    record::AUDIT_LOG,
};

static PERSONAL_READ: EventType = EventType {
    name: "audit.personal.read",
    version: 1,
    description: "Somebody read the personal values of an audit entry.",
    category: AuditCategory::Audit,
    severity: AuditSeverity::Low,
    action: "AUDIT_PERSONAL_READ",
    permission: super::permissions::READ,
};

/// All of them.
pub const ALL: &[&EventType] = &[&PERSONAL_READ];

/// Somebody read the personal values of an entry, which is about the user `subject`, by the field at `path` of the
/// operation `operation`.
pub(super) fn personal_read(
    entry: Uuid,
    organization_id: Uuid,
    subject: Option<Uuid>,
    operation: Option<&str>,
    path: &str,
) -> Event {
    let entity = Entity { kind: "AuditLog", id: AUDIT_LOG.encode(entry), version: None, organization_id };
    let event = Event::new(&PERSONAL_READ, entity).data(json!({ "operation": operation, "path": path }));
    match subject {
        Some(user) => event.about(user),
        None => event,
    }
}
