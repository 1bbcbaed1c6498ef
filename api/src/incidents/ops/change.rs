//! Working on an incident.

use ::entity::{
    incident::{self, IncidentStatus},
    incident_timeline::{TimelineKind, Visibility},
};
use serde_json::json;
use uuid::Uuid;

use super::{Changes, Entry, check_admin, lock, resolve_services, save};
use crate::{
    incidents::{
        events, rules,
        store::{self, IncidentRow},
    },
    kernel::{actor::ADMIN_USER, error::Result, text, tx::Tx},
};

/// Says that somebody is on it. Who does so becomes the assignee where there is none.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION.
pub async fn acknowledge(
    tx: &mut Tx,
    id: Uuid,
    comment: Option<String>,
    expected: Option<i32>,
) -> Result<incident::Model> {
    let comment = text::optional(comment.as_deref(), "note", rules::MAX_TEXT)?;
    let before = lock(tx, id, expected).await?;
    rules::check_acknowledge(before.incident.status)?;
    let mut after = before.clone();
    after.incident.status = IncidentStatus::Acknowledged;
    after.incident.acknowledged_at.get_or_insert(tx.now());
    if after.incident.assignee_id.is_none() {
        after.incident.assignee_id = ADMIN_USER.parse(&tx.actor().id).ok();
    }
    let entry = Entry::new(TimelineKind::Acknowledged, "acknowledged the incident").with_comment(comment);
    save(tx, &events::ACKNOWLEDGED, &before, after, entry)
}

/// Gives it to somebody, or to nobody.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED.
pub async fn assign(
    tx: &mut Tx,
    id: Uuid,
    assignee: Option<Option<Uuid>>,
    commander: Option<Option<Uuid>>,
    expected: Option<i32>,
) -> Result<incident::Model> {
    check_admin(tx, assignee.flatten(), "assigneeId").await?;
    check_admin(tx, commander.flatten(), "commanderId").await?;
    let before = lock(tx, id, expected).await?;
    rules::check_changeable(before.incident.status)?;
    let mut after = before.clone();
    if let Some(assignee) = assignee {
        after.incident.assignee_id = assignee;
    }
    if let Some(commander) = commander {
        after.incident.commander_id = commander;
    }
    let people = |row: &IncidentRow| {
        let id = |id: Option<Uuid>| id.map(|id| ADMIN_USER.encode(id));
        json!({ "assigneeId": id(row.incident.assignee_id), "commanderId": id(row.incident.commander_id) })
    };
    if after.incident == before.incident {
        return Ok(before.incident);
    }
    let data = json!({ "from": people(&before), "to": people(&after) });
    let entry = Entry::new(TimelineKind::Assigned, "changed who works on it").with_data(data);
    save(tx, &events::UPDATED, &before, after, entry)
}

/// Moves it forward.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION, NOT_ALLOWED.
pub async fn transition(
    tx: &mut Tx,
    id: Uuid,
    to: IncidentStatus,
    comment: Option<String>,
    expected: Option<i32>,
) -> Result<incident::Model> {
    let comment = text::optional(comment.as_deref(), "note", rules::MAX_TEXT)?;
    let before = lock(tx, id, expected).await?;
    rules::check_transition(before.incident.status, to)?;
    let mut after = before.clone();
    after.incident.status = to;
    if rules::is_open(to) {
        // A step forward that skips ACKNOWLEDGED still says that somebody is on it.
        after.incident.acknowledged_at.get_or_insert(tx.now());
    }
    if to == IncidentStatus::Monitoring {
        after.incident.mitigated_at.get_or_insert(tx.now());
    }
    if to == IncidentStatus::Closed {
        after.incident.closed_at = Some(tx.now());
    }
    let ty = if to == IncidentStatus::Acknowledged { &events::ACKNOWLEDGED } else { &events::UPDATED };
    let data = json!({ "from": before.incident.status, "to": to });
    let body = format!("moved it to {}", rules::name(to));
    let entry = Entry::new(TimelineKind::StatusChanged, &body).with_data(data).with_comment(comment);
    save(tx, ty, &before, after, entry)
}

/// Adds a note to the timeline.
///
/// # Errors
/// NOT_FOUND, REQUIRED, TOO_LONG.
pub async fn add_note(tx: &mut Tx, id: Uuid, body: &str, visibility: Visibility) -> Result<incident::Model> {
    let body = text::required(body, "body", rules::MAX_TEXT)?;
    let before = lock(tx, id, None).await?;
    let after = before.clone();
    let entry = Entry { visibility, ..Entry::new(TimelineKind::Note, "").with_comment(Some(body)) };
    save(tx, &events::UPDATED, &before, after, entry)
}

/// Changes what it says.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED, and what is wrong with the input.
pub async fn update(
    tx: &mut Tx,
    id: Uuid,
    changes: Changes,
    expected: Option<i32>,
) -> Result<incident::Model> {
    let before = lock(tx, id, expected).await?;
    rules::check_changeable(before.incident.status)?;
    let mut after = before.clone();
    let incident = &mut after.incident;
    if let Some(title) = &changes.title {
        incident.title = text::required(title, "title", rules::MAX_TITLE)?;
    }
    if let Some(description) = &changes.description {
        incident.description = text::optional(description.as_deref(), "description", rules::MAX_TEXT)?;
    }
    if let Some(impact) = changes.impact {
        incident.impact = impact;
    }
    if let Some(urgency) = changes.urgency {
        incident.urgency = urgency;
    }
    let is_rated = changes.impact.is_some() || changes.urgency.is_some();
    incident.severity = match (changes.severity, incident.impact, incident.urgency) {
        (Some(given), _, _) => given,
        (None, Some(impact), Some(urgency)) if is_rated => rules::severity(impact, urgency),
        _ => incident.severity,
    };
    if let Some(services) = changes.services {
        rules::check_services(services.iter().map(|service| service.name.as_str()))?;
        after.services = resolve_services(tx, &after.incident, services).await?;
    }
    if after.incident == before.incident && after.services == before.services {
        return Ok(before.incident);
    }
    if after.services != before.services {
        store::replace_services(tx, id, &after.services).await?;
    }
    let entry = if after.incident.severity == before.incident.severity {
        Entry::new(TimelineKind::Updated, "changed the incident")
    } else {
        Entry::new(TimelineKind::SeverityChanged, "changed the severity")
            .with_data(json!({ "from": before.incident.severity, "to": after.incident.severity }))
    };
    save(tx, &events::UPDATED, &before, after, entry)
}

/// Ends it, with its cause and what was done.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION, REQUIRED, TOO_LONG.
pub async fn resolve(
    tx: &mut Tx,
    id: Uuid,
    root_cause: &str,
    resolution: &str,
    expected: Option<i32>,
) -> Result<incident::Model> {
    let (root_cause, resolution) = (
        text::required(root_cause, "rootCause", rules::MAX_TEXT),
        text::required(resolution, "resolution", rules::MAX_TEXT),
    );
    let (root_cause, resolution) = match (root_cause, resolution) {
        (Ok(root_cause), Ok(resolution)) => (root_cause, resolution),
        (a, b) => return Err([a.err(), b.err()].into_iter().flatten().collect::<Vec<_>>().into()),
    };
    let before = lock(tx, id, expected).await?;
    rules::check_resolve(before.incident.status)?;
    let mut after = before.clone();
    let now = tx.now();
    let incident = &mut after.incident;
    incident.status = IncidentStatus::Resolved;
    incident.root_cause = Some(root_cause);
    incident.resolution = Some(resolution);
    incident.mitigated_at.get_or_insert(now);
    incident.resolved_at = Some(now);
    let entry = Entry::new(TimelineKind::Resolved, "resolved the incident");
    save(tx, &events::RESOLVED, &before, after, entry)
}
