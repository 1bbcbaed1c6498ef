//! What alerts do to incidents, by the built-in rule: a critical alert of a service opens one incident; further alerts
//! of that service join it, however many; where an alert is over, its incident's timeline says so.

use ::entity::{alert::AlertSeverity, incident::IncidentSeverity, incident_timeline::TimelineKind};
use serde_json::json;
use uuid::Uuid;

use super::{AffectedService, Entry, NewIncident, create, save};
use crate::{
    incidents::{
        events, rules,
        store::{self, IncidentRow},
    },
    kernel::{actor::PLATFORM, error::Result, tx::Tx},
    monitoring::{self, ALERT, AlertFact},
};

/// Deals with an alert that began to fire; `organization_id` is whose it is.
///
/// # Errors
/// Where the database refuses.
pub async fn alert_fired(tx: &mut Tx, alert: &AlertFact, organization_id: Uuid) -> Result<()> {
    let Some(service_id) = alert.service_id else { return Ok(()) };
    let open = store::open_incident_of(tx, service_id).await?;
    if open.is_none() && alert.severity != AlertSeverity::Critical {
        return Ok(());
    }
    let id = match open {
        Some(id) => id,
        None => {
            let services = alert.service_name.iter();
            let new = NewIncident {
                title: alert.title.clone(),
                severity: Some(IncidentSeverity::Critical),
                services: services.map(|name| AffectedService { name: name.clone(), impact: None }).collect(),
                organization_id: (organization_id != PLATFORM).then_some(organization_id),
                ..NewIncident::default()
            };
            create(tx, new).await?.id
        }
    };
    let Some(before) = store::lock(tx, id).await? else { return Ok(()) };
    if monitoring::link_alert(tx, alert.alert_id, id).await?.is_none() {
        return Ok(());
    }
    let body = format!("the alert \u{201c}{}\u{201d} fires", alert.title);
    let entry = Entry::new(TimelineKind::AlertLinked, &body).with_data(data(alert));
    let after = before.clone();
    save(tx, &events::UPDATED, &before, after, entry).map(|_| ())
}

/// Deals with an alert that is over: whoever works on its incident reads it there. Which one that is says the alert, and
/// not the event: the alert may have been over before it was joined, and its incident been merged since.
///
/// # Errors
/// Where the database refuses.
pub async fn alert_over(tx: &mut Tx, alert: &AlertFact) -> Result<()> {
    let Some(before) = lock_incident_of(tx, alert.alert_id).await? else { return Ok(()) };
    if !rules::is_open(before.incident.status) {
        return Ok(());
    }
    let body = format!("the alert \u{201c}{}\u{201d} is over", alert.title);
    let entry = Entry::new(TimelineKind::AlertResolved, &body).with_data(data(alert));
    let after = before.clone();
    save(tx, &events::UPDATED, &before, after, entry).map(|_| ())
}

/// The incident of an alert, locked: from here on no merge takes the alert to another one.
async fn lock_incident_of(tx: &mut Tx, alert: Uuid) -> Result<Option<IncidentRow>> {
    let mut linked = monitoring::incident_of_alert(tx, alert).await?;
    while let Some(id) = linked {
        let row = store::lock(tx, id).await?;
        linked = monitoring::incident_of_alert(tx, alert).await?;
        if linked == Some(id) {
            return Ok(row);
        }
    }
    Ok(None)
}

fn data(alert: &AlertFact) -> serde_json::Value {
    json!({ "alertId": ALERT.encode(alert.alert_id), "service": alert.service_name })
}
