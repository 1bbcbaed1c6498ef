//! Opening an incident, and opening it again.

use ::entity::{
    incident::{self, IncidentStatus},
    incident_timeline::TimelineKind,
};
use chrono::Datelike;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AffectedService, Entry, NewIncident, check_admin, lock, note, resolve_services, save};
use crate::{
    incidents::{
        events, rules,
        store::{self, IncidentRow},
    },
    kernel::{
        actor::PLATFORM,
        db,
        error::{Error, Result},
        owner::owner,
        text,
        tx::Tx,
    },
};

/// Opens an incident.
///
/// # Errors
/// What is wrong with the input.
pub async fn create(tx: &mut Tx, new: NewIncident) -> Result<incident::Model> {
    let mut violations = Vec::new();
    let title = text::required(&new.title, "title", rules::MAX_TITLE).map_err(|v| violations.push(v));
    let description = text::optional(new.description.as_deref(), "description", rules::MAX_TEXT)
        .map_err(|v| violations.push(v));
    let severity =
        rules::initial_severity(new.severity, new.impact, new.urgency).map_err(|v| violations.push(v));
    if let Err(v) = rules::check_services(new.services.iter().map(|service| service.name.as_str())) {
        violations.push(v);
    }
    let organization_id = match owner(tx, new.organization_id).await {
        Err(Error::Invalid(unknown)) => {
            violations.extend(unknown.violations);
            PLATFORM
        }
        found => found?,
    };
    let (Ok(title), Ok(description), Ok(severity), []) = (title, description, severity, &violations[..])
    else {
        return Err(violations.into());
    };
    check_admin(tx, new.assignee_id, "assigneeId").await?;

    let now = tx.now();
    let incident = incident::Model {
        id: tx.new_id(),
        number: format!("INC-{}-{:06}", now.year(), db::next_value(tx.db(), "incident_numbers").await?),
        organization_id,
        title,
        description,
        severity,
        impact: new.impact,
        urgency: new.urgency,
        status: IncidentStatus::Open,
        reporter_kind: tx.actor().kind,
        reporter_id: tx.actor().id.clone(),
        assignee_id: new.assignee_id,
        commander_id: None,
        root_cause: None,
        resolution: None,
        merged_into_id: None,
        reopened_from_id: None,
        detected_at: Some(now),
        acknowledged_at: None,
        mitigated_at: None,
        resolved_at: None,
        closed_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    insert(tx, incident, new.services, Value::Null, &[]).await
}

/// Adds an incident and records it with these details, and words that somebody wrote along.
async fn insert(
    tx: &mut Tx,
    incident: incident::Model,
    services: Vec<AffectedService>,
    details: Value,
    words: &[(&str, &str)],
) -> Result<incident::Model> {
    let services = resolve_services(tx, &incident, services).await?;
    let row = IncidentRow { incident, services };
    store::insert(tx, &row);
    note(tx, &row.incident, TimelineKind::Created, "opened the incident", None);
    tx.record(events::changed(&events::CREATED, None, &row, details, words));
    Ok(row.incident)
}

/// Takes it up again: the same one within a day of its end, else a new one that points back.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION, NOT_ALLOWED, REQUIRED.
pub async fn reopen(tx: &mut Tx, id: Uuid, reason: &str, expected: Option<i32>) -> Result<incident::Model> {
    let reason = text::required(reason, "reason", rules::MAX_TEXT)?;
    let before = lock(tx, id, expected).await?;
    let old = &before.incident;
    let ended_at = old.resolved_at.or(old.closed_at);
    match rules::reopening(old.status, ended_at, old.merged_into_id.is_some(), tx.now())? {
        rules::Reopening::Same => {
            let mut after = before.clone();
            let incident = &mut after.incident;
            incident.status = IncidentStatus::Open;
            (incident.mitigated_at, incident.resolved_at, incident.closed_at) = (None, None, None);
            let entry =
                Entry::new(TimelineKind::Reopened, "reopened the incident").with_comment(Some(reason));
            save(tx, &events::REOPENED, &before, after, entry)
        }
        rules::Reopening::Linked => {
            let services = before
                .services
                .iter()
                .map(|row| AffectedService { name: row.service_name.clone(), impact: row.impact })
                .collect();
            let now = tx.now();
            let details = json!({ "reopenedFrom": old.number });
            let incident = incident::Model {
                id: tx.new_id(),
                number: format!(
                    "INC-{}-{:06}",
                    now.year(),
                    db::next_value(tx.db(), "incident_numbers").await?
                ),
                status: IncidentStatus::Open,
                reporter_kind: tx.actor().kind,
                reporter_id: tx.actor().id.clone(),
                root_cause: None,
                resolution: None,
                reopened_from_id: Some(id),
                detected_at: Some(now),
                acknowledged_at: None,
                mitigated_at: None,
                resolved_at: None,
                closed_at: None,
                created_at: now,
                updated_at: now,
                version: 1,
                ..before.incident
            };
            let incident = insert(tx, incident, services, details, &[("note", &reason)]).await?;
            note(tx, &incident, TimelineKind::Note, &reason, None);
            Ok(incident)
        }
    }
}
