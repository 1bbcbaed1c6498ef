//! Commands: everything that is done to an incident.
//!
//! Each locks the row, lets the rules decide, saves, notes it on the timeline and records it.

mod alerts;
mod change;
mod merge;
mod open;

use ::entity::{
    incident::{self, IncidentImpact, IncidentSeverity, IncidentUrgency},
    incident_service,
    incident_timeline::{self, TimelineKind, Visibility},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    events,
    store::{self, IncidentRow},
};
use crate::kernel::{
    error::{Error, Result, UserErrorCode, check_version},
    event::EventType,
    tx::Tx,
};

pub use alerts::{alert_fired, alert_over};
pub use change::{acknowledge, add_note, assign, resolve, transition, update};
pub use merge::merge;
pub use open::{create, reopen};

/// An incident to be opened.
#[derive(Clone, Debug, Default)]
pub struct NewIncident {
    /// What it is about.
    pub title: String,
    /// What is known.
    pub description: Option<String>,
    /// Given, or derived from impact and urgency.
    pub severity: Option<IncidentSeverity>,
    /// How many are affected.
    pub impact: Option<IncidentImpact>,
    /// How soon it must be dealt with.
    pub urgency: Option<IncidentUrgency>,
    /// What is affected.
    pub services: Vec<AffectedService>,
    /// Who is to work on it.
    pub assignee_id: Option<Uuid>,
    /// Whose it is, where the caller may choose.
    pub organization_id: Option<Uuid>,
}

/// A service that an incident affects.
#[derive(Clone, Debug)]
pub struct AffectedService {
    /// Its name; of a watched one, or of any.
    pub name: String,
    /// How much of it.
    pub impact: Option<IncidentImpact>,
}

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What it is about.
    pub title: Option<String>,
    /// What is known; `Some(None)` clears it.
    pub description: Option<Option<String>>,
    /// How bad it is.
    pub severity: Option<IncidentSeverity>,
    /// How many are affected.
    pub impact: Option<Option<IncidentImpact>>,
    /// How soon it must be dealt with.
    pub urgency: Option<Option<IncidentUrgency>>,
    /// What is affected.
    pub services: Option<Vec<AffectedService>>,
}

/// What a change says on the timeline.
struct Entry {
    kind: TimelineKind,
    body: String,
    /// What somebody wrote along: on the timeline as it is, in the record as a personal value.
    comment: Option<String>,
    data: Value,
    visibility: Visibility,
}

impl Entry {
    fn new(kind: TimelineKind, body: &str) -> Self {
        Self {
            kind,
            body: body.to_owned(),
            comment: None,
            data: Value::Null,
            visibility: Visibility::Internal,
        }
    }

    fn with_comment(mut self, comment: Option<String>) -> Self {
        self.comment = comment;
        self
    }

    fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    fn text(&self) -> String {
        match (self.body.as_str(), self.comment.as_deref()) {
            (body, None) => body.to_owned(),
            ("", Some(comment)) => comment.to_owned(),
            (body, Some(comment)) => format!("{body}: {comment}"),
        }
    }
}

/// Saves a change: the row, the timeline, the participant and the record.
fn save(
    tx: &mut Tx,
    ty: &'static EventType,
    before: &IncidentRow,
    mut after: IncidentRow,
    entry: Entry,
) -> Result<incident::Model> {
    after.incident.version += 1;
    after.incident.updated_at = tx.now();
    store::update(tx, &after.incident)?;
    let data = (!entry.data.is_null()).then(|| entry.data.clone());
    let row = timeline_row(tx, &after.incident, entry.kind, &entry.text(), data, entry.visibility);
    store::insert_entry(tx, row);
    let words: Vec<_> = entry.comment.iter().map(|comment| ("note", comment.as_str())).collect();
    let details = json!({ "kind": entry.kind, "visibility": entry.visibility, "change": entry.data });
    tx.record(events::changed(ty, Some(before), &after, details, &words));
    Ok(after.incident)
}

/// Notes something on the timeline of an incident that is being written anyway.
fn note(tx: &mut Tx, incident: &incident::Model, kind: TimelineKind, body: &str, data: Option<Value>) {
    let row = timeline_row(tx, incident, kind, body, data, Visibility::Internal);
    store::insert_entry(tx, row);
}

fn timeline_row(
    tx: &Tx,
    incident: &incident::Model,
    kind: TimelineKind,
    body: &str,
    data: Option<Value>,
    visibility: Visibility,
) -> incident_timeline::Model {
    incident_timeline::Model {
        id: tx.new_id(),
        incident_id: incident.id,
        organization_id: incident.organization_id,
        kind,
        actor_kind: tx.actor().kind,
        actor_id: tx.actor().id.clone(),
        visibility,
        body: body.to_owned(),
        data,
        created_at: tx.now(),
    }
}

/// The incident `id`, locked, at the version that the caller expects.
async fn lock(tx: &mut Tx, id: Uuid, expected: Option<i32>) -> Result<IncidentRow> {
    let row = store::lock(tx, id).await?.ok_or_else(|| Error::not_found("incident", "id"))?;
    check_version(row.incident.id, row.incident.version, expected)?;
    Ok(row)
}

async fn check_admin(tx: &Tx, id: Option<Uuid>, field: &str) -> Result<()> {
    match id {
        Some(id) if !store::has_admin(tx, id).await? => {
            Err(Error::invalid(UserErrorCode::NotFound, field, "there is no active admin user with this id"))
        }
        _ => Ok(()),
    }
}

/// The rows of affected services; a name that is watched points to the watched one.
async fn resolve_services(
    tx: &Tx,
    incident: &incident::Model,
    services: Vec<AffectedService>,
) -> Result<Vec<incident_service::Model>> {
    let names: Vec<_> = services.iter().map(|service| service.name.trim().to_owned()).collect();
    let known = store::services_by_name(tx, incident.organization_id, &names).await?;
    let rows = services.into_iter().zip(names).zip(0..);
    Ok(rows
        .map(|((service, name), ordinal)| incident_service::Model {
            incident_id: incident.id,
            ordinal,
            service_id: known.get(&name).copied(),
            service_name: name,
            impact: service.impact,
        })
        .collect())
}
