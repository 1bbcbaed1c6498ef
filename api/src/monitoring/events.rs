//! What happens to services and alerts.

use ::entity::alert::{self, AlertSeverity, AlertStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ALERT, SERVICE, store::ServiceRow};
use crate::kernel::{
    error::Result,
    event::{Entity, Event, EventType, LogEvent, event_types},
    scalar::Timestamp,
};

/// The name of the event that an alert began to fire.
pub const ALERT_TRIGGERED: &str = "monitoring.alert.triggered";
/// The name of the event that an alert is over.
pub const ALERT_RESOLVED: &str = "monitoring.alert.resolved";

event_types! {
    Monitoring, super::permissions::READ;
    REGISTERED "monitoring.service.registered" "SERVICE_REGISTER" Info "A service is to be watched.";
    UPDATED "monitoring.service.updated" "SERVICE_UPDATE" Info "What is known of a service, or how it is watched, changed.";
    DEREGISTERED "monitoring.service.deregistered" "SERVICE_DEREGISTER" Medium "A service isn't watched any more.";
    PROBED "monitoring.service.probed" "SERVICE_PROBE" Info "Somebody had a service probed at once.";
    DOWN "monitoring.service.down" "SERVICE_DOWN" High "A service doesn't answer any more.";
    DEGRADED "monitoring.service.degraded" "SERVICE_DEGRADED" Medium "A service answers slowly, or not as expected.";
    RECOVERED "monitoring.service.recovered" "SERVICE_RECOVERED" Info "A service that was down or degraded is well again.";
    STATUS_CHANGED "monitoring.service.status_changed" "SERVICE_STATUS_CHANGE" Info
        "The state of a service changed, and nobody need get up for it: its first good result, or a change under maintenance.";
    TRIGGERED ALERT_TRIGGERED "ALERT_TRIGGER" Medium "An alert began to fire.";
    ALERT_UPDATED "monitoring.alert.updated" "ALERT_UPDATE" Info "An alert fired again, or joined an incident.";
    ACKNOWLEDGED "monitoring.alert.acknowledged" "ALERT_ACKNOWLEDGE" Info "Somebody is on an alert.";
    RESOLVED ALERT_RESOLVED "ALERT_RESOLVE" Info "What an alert is about is over.";
}

/// `ty` happened to a service that was `before` and is `after`.
pub(super) fn service(
    ty: &'static EventType,
    before: Option<&ServiceRow>,
    after: &ServiceRow,
    details: Value,
) -> Event {
    let service = &after.service;
    let data = json!({
        "name": service.name,
        "tier": service.tier,
        "state": after.status.state,
        "details": details,
    });
    let entity = Entity::new("Service", SERVICE, service.id, service.version, service.organization_id);
    Event::new(ty, entity).change(before.map(service_state), Some(service_state(after))).data(data)
}

/// A service that was `row` is gone.
pub(super) fn deregistered(row: &ServiceRow) -> Event {
    let mut last = row.clone();
    last.service.version += 1;
    service(&DEREGISTERED, None, &last, Value::Null).change(Some(service_state(row)), None)
}

/// What a [`ServiceFilter`](super::graphql::ServiceFilter) looks at.
fn service_state(row: &ServiceRow) -> Value {
    let service = &row.service;
    json!({
        "name": service.name,
        "tier": service.tier,
        "owner": service.owner,
        // A list, as a filter has what stands in a side table.
        "state": [row.status.state],
        "maintenanceUntil": service.maintenance_until.map(|at| Timestamp(at).to_string()),
        "createdAt": Timestamp(service.created_at).to_string(),
    })
}

/// Whether `event` is about how a service is doing, or whether it is under maintenance.
pub(super) fn is_status_change(event: &LogEvent) -> bool {
    let (before, after) = (event.row.before.as_ref(), event.row.after.as_ref());
    let value = |state: Option<&Value>, key: &str| state.and_then(|state| state.get(key)).cloned();
    ["state", "maintenanceUntil"].into_iter().any(|key| value(before, key) != value(after, key))
}

/// What an event tells of its alert: the payload of `monitoring.alert.*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertFact {
    /// The alert.
    pub alert_id: Uuid,
    /// Who raised it: `probe` for the gateway's own probes.
    pub source: String,
    /// What makes it the same condition.
    pub dedup_key: String,
    /// What is wrong.
    pub title: String,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// Where it stands.
    pub status: AlertStatus,
    /// How often it fired.
    pub count: i32,
    /// The service that it is about.
    pub service_id: Option<Uuid>,
    /// The name of that service.
    pub service_name: Option<String>,
    /// The incident that it belongs to.
    pub incident_id: Option<Uuid>,
}

impl AlertFact {
    /// What `event` tells, where it is about an alert.
    ///
    /// # Errors
    /// INTERNAL where it is one, and the payload isn't that of one.
    pub fn of(event: &LogEvent) -> Result<Option<Self>> {
        if event.entity_uuid(ALERT).is_none() || !event.row.event_type.starts_with("monitoring.alert.") {
            return Ok(None);
        }
        Ok(Some(Self::deserialize(&event.row.payload)?))
    }
}

/// `ty` happened to an alert that was `before` and is `after`; `service` is the name of the service that it is about.
pub(super) fn alert(
    ty: &'static EventType,
    before: Option<&alert::Model>,
    after: &alert::Model,
    service: Option<String>,
) -> Event {
    let fact = AlertFact {
        alert_id: after.id,
        source: after.source.clone(),
        dedup_key: after.dedup_key.clone(),
        title: after.title.clone(),
        severity: after.severity,
        status: after.status,
        count: after.count,
        service_id: after.service_id,
        service_name: service,
        incident_id: after.incident_id,
    };
    let entity = Entity::new("Alert", ALERT, after.id, after.version, after.organization_id);
    Event::new(ty, entity).change(before.map(alert_state), Some(alert_state(after))).data(fact)
}

/// What an [`AlertFilter`](super::graphql::AlertFilter) looks at.
fn alert_state(row: &alert::Model) -> Value {
    json!({
        "status": row.status,
        "severity": row.severity,
        "source": row.source,
        "serviceId": row.service_id,
        "incidentId": row.incident_id,
        "createdAt": Timestamp(row.created_at).to_string(),
    })
}
