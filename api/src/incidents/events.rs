//! What happens to incidents.

use ::entity::incident;
use serde_json::{Value, json};

use super::{INCIDENT, store::IncidentRow};
use crate::kernel::{
    event::{Entity, Event, EventType, event_types},
    leaf::Personal,
    scalar::Timestamp,
};

event_types! {
    Incident, super::permissions::READ;
    CREATED "monitoring.incident.created" "INCIDENT_CREATE" Medium "An incident was opened.";
    ACKNOWLEDGED "monitoring.incident.acknowledged" "INCIDENT_ACKNOWLEDGE" Info "Somebody is on an incident.";
    UPDATED "monitoring.incident.updated" "INCIDENT_UPDATE" Info "An incident, its people or its timeline changed.";
    RESOLVED "monitoring.incident.resolved" "INCIDENT_RESOLVE" Medium "An incident was ended, with its cause.";
    REOPENED "monitoring.incident.reopened" "INCIDENT_REOPEN" Medium "An incident goes on.";
    MERGED "monitoring.incident.merged" "INCIDENT_MERGE" Info "An incident went into another one.";
}

/// `ty` happened to an incident that was `before` and is `after`; `words` are what somebody wrote along.
pub(super) fn changed(
    ty: &'static EventType,
    before: Option<&IncidentRow>,
    after: &IncidentRow,
    details: Value,
    words: &[(&str, &str)],
) -> Event {
    let incident = &after.incident;
    let mut data = json!({
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity,
        "status": incident.status,
        "details": details,
    });
    for (name, text) in words {
        data[*name] = json!(Personal(text));
    }
    Event::new(ty, entity(incident)).change(before.map(state), Some(state(after))).data(data)
}

fn entity(row: &incident::Model) -> Entity {
    Entity::new("Incident", INCIDENT, row.id, row.version, row.organization_id)
}

/// What an [`IncidentFilter`](super::graphql::IncidentFilter) looks at.
fn state(row: &IncidentRow) -> Value {
    let incident = &row.incident;
    json!({
        "status": incident.status,
        "severity": incident.severity,
        "assigneeId": incident.assignee_id,
        "affectedService": row.services.iter().map(|service| &service.service_name).collect::<Vec<_>>(),
        "createdAt": Timestamp(incident.created_at).to_string(),
        "resolvedAt": incident.resolved_at.map(|at| Timestamp(at).to_string()),
    })
}
