//! Commands: everything that is done to an incident.
//!
//! Each locks the row, lets the rules decide, saves, notes it on the timeline and records it.

use ::entity::{
    incident::{self, IncidentImpact, IncidentSeverity, IncidentStatus, IncidentUrgency},
    incident_service,
    incident_timeline::{self, TimelineKind, Visibility},
};
use chrono::Datelike;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    events, rules,
    store::{self, IncidentRow},
};
use crate::kernel::{
    actor::{ADMIN_USER, PLATFORM},
    db,
    error::{Error, Result, UserErrorCode, Violation},
    event::EventType,
    tx::Tx,
};

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

/// Opens an incident.
///
/// # Errors
/// What is wrong with the input.
pub async fn create(tx: &mut Tx, new: NewIncident) -> Result<incident::Model> {
    let mut violations = Vec::new();
    let title = rules::title(&new.title).map_err(|v| violations.push(v));
    let description =
        rules::optional_text(new.description.as_deref(), "description").map_err(|v| violations.push(v));
    let severity =
        rules::initial_severity(new.severity, new.impact, new.urgency).map_err(|v| violations.push(v));
    if let Err(v) = rules::check_services(new.services.iter().map(|service| service.name.as_str())) {
        violations.push(v);
    }
    let organization_id = match new.organization_id {
        Some(id) if !tx.boundary().contains(id) => {
            violations.push(Violation::new(
                UserErrorCode::NotFound,
                "organizationId",
                "there is no organization with this id",
            ));
            PLATFORM
        }
        Some(id) => id,
        None => tx.author().organization_id,
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
    insert(tx, incident, new.services).await
}

async fn insert(
    tx: &mut Tx,
    incident: incident::Model,
    services: Vec<AffectedService>,
) -> Result<incident::Model> {
    let services = resolve_services(tx, &incident, services).await?;
    let row = IncidentRow { incident, services };
    store::insert(tx, &row).await?;
    note(tx, &row.incident, TimelineKind::Created, "opened the incident", None).await?;
    tx.record(events::changed(&events::CREATED, None, &row, Value::Null, &[]));
    Ok(row.incident)
}

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
    let comment = rules::optional_text(comment.as_deref(), "note")?;
    let before = lock(tx, id, expected).await?;
    rules::check_acknowledge(before.incident.status)?;
    let mut after = before.clone();
    after.incident.status = IncidentStatus::Acknowledged;
    after.incident.acknowledged_at.get_or_insert(tx.now());
    if after.incident.assignee_id.is_none() {
        after.incident.assignee_id = ADMIN_USER.parse(&tx.actor().id).ok();
    }
    let entry = Entry::new(TimelineKind::Acknowledged, "acknowledged the incident").with_comment(comment);
    save(tx, &events::ACKNOWLEDGED, &before, after, entry).await
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
    let data = json!({ "from": people(&before), "to": people(&after) });
    let entry = Entry::new(TimelineKind::Assigned, "changed who works on it").with_data(data);
    save(tx, &events::UPDATED, &before, after, entry).await
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
    let comment = rules::optional_text(comment.as_deref(), "note")?;
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
    save(tx, ty, &before, after, entry).await
}

/// Adds a note to the timeline.
///
/// # Errors
/// NOT_FOUND, REQUIRED, TOO_LONG.
pub async fn add_note(tx: &mut Tx, id: Uuid, body: &str, visibility: Visibility) -> Result<incident::Model> {
    let body = rules::text(body, "body")?;
    let before = lock(tx, id, None).await?;
    let after = before.clone();
    let entry = Entry { visibility, ..Entry::new(TimelineKind::Note, "").with_comment(Some(body)) };
    save(tx, &events::UPDATED, &before, after, entry).await
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
        incident.title = rules::title(title)?;
    }
    if let Some(description) = &changes.description {
        incident.description = rules::optional_text(description.as_deref(), "description")?;
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
    save(tx, &events::UPDATED, &before, after, entry).await
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
    let (root_cause, resolution) =
        (rules::text(root_cause, "rootCause"), rules::text(resolution, "resolution"));
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
    save(tx, &events::RESOLVED, &before, after, entry).await
}

/// Takes it up again: the same one within a day of its end, else a new one that points back.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION, NOT_ALLOWED, REQUIRED.
pub async fn reopen(tx: &mut Tx, id: Uuid, reason: &str, expected: Option<i32>) -> Result<incident::Model> {
    let reason = rules::text(reason, "reason")?;
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
            save(tx, &events::REOPENED, &before, after, entry).await
        }
        rules::Reopening::Linked => {
            let services = before
                .services
                .iter()
                .map(|row| AffectedService { name: row.service_name.clone(), impact: row.impact })
                .collect();
            let now = tx.now();
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
            let incident = insert(tx, incident, services).await?;
            note(tx, &incident, TimelineKind::Note, &reason, None).await?;
            Ok(incident)
        }
    }
}

/// Puts `sources` into `target`: they are closed and point to it.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED.
pub async fn merge(
    tx: &mut Tx,
    target: Uuid,
    mut sources: Vec<Uuid>,
    expected: Option<i32>,
) -> Result<incident::Model> {
    sources.sort_unstable();
    sources.dedup();
    if sources.is_empty() || sources.len() > 50 {
        return Err(Error::invalid(
            UserErrorCode::OutOfRange,
            "sourceIds",
            "merge 1 to 50 incidents at once",
        ));
    }
    if sources.contains(&target) {
        return Err(Error::invalid(
            UserErrorCode::Invalid,
            "sourceIds",
            "an incident can't be merged into itself",
        ));
    }
    // Everybody locks in the order of ids, so that two merges can't wait for each other.
    let mut all = sources.clone();
    all.push(target);
    all.sort_unstable();
    let mut rows = Vec::with_capacity(all.len());
    for id in all {
        let field = if id == target { "targetId" } else { "sourceIds" };
        let row = store::lock(tx, id).await?.ok_or_else(|| Error::not_found("incident", field))?;
        rules::check_merge(row.incident.status, field)?;
        rows.push(row);
    }
    let (into, from): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.incident.id == target);
    let into = into.into_iter().next().ok_or_else(|| Error::not_found("incident", "targetId"))?;
    check_version(&into.incident, expected)?;

    let numbers: Vec<_> = from.iter().map(|row| row.incident.number.clone()).collect();
    let entry =
        Entry::new(TimelineKind::Merged, &format!("merged {} into this incident", numbers.join(", ")))
            .with_data(json!({ "sources": numbers }));
    let after = into.clone();
    let merged = save(tx, &events::MERGED, &into, after, entry).await?;
    for before in from {
        let mut after = before.clone();
        after.incident.status = IncidentStatus::Closed;
        after.incident.merged_into_id = Some(target);
        after.incident.closed_at = Some(tx.now());
        let entry = Entry::new(TimelineKind::Merged, &format!("was merged into {}", merged.number))
            .with_data(json!({ "target": merged.number }));
        save(tx, &events::MERGED, &before, after, entry).await?;
    }
    Ok(merged)
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
async fn save(
    tx: &mut Tx,
    ty: &'static EventType,
    before: &IncidentRow,
    mut after: IncidentRow,
    entry: Entry,
) -> Result<incident::Model> {
    after.incident.version += 1;
    after.incident.updated_at = tx.now();
    store::update(tx, &after.incident).await?;
    let data = (!entry.data.is_null()).then(|| entry.data.clone());
    let row = timeline_row(tx, &after.incident, entry.kind, &entry.text(), data, entry.visibility);
    store::insert_entries(tx, vec![row]).await?;
    store::insert_participant(tx, after.incident.id, tx.actor().kind, &tx.actor().id, tx.now()).await?;
    let words: Vec<_> = entry.comment.iter().map(|comment| ("note", comment.as_str())).collect();
    let details = json!({ "kind": entry.kind, "visibility": entry.visibility, "change": entry.data });
    tx.record(events::changed(ty, Some(before), &after, details, &words));
    Ok(after.incident)
}

/// Notes something on the timeline of an incident that is being written anyway.
async fn note(
    tx: &mut Tx,
    incident: &incident::Model,
    kind: TimelineKind,
    body: &str,
    data: Option<Value>,
) -> Result<()> {
    let row = timeline_row(tx, incident, kind, body, data, Visibility::Internal);
    store::insert_entries(tx, vec![row]).await?;
    store::insert_participant(tx, incident.id, tx.actor().kind, &tx.actor().id, tx.now()).await
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
async fn lock(tx: &Tx, id: Uuid, expected: Option<i32>) -> Result<IncidentRow> {
    let row = store::lock(tx, id).await?.ok_or_else(|| Error::not_found("incident", "id"))?;
    check_version(&row.incident, expected)?;
    Ok(row)
}

fn check_version(incident: &incident::Model, expected: Option<i32>) -> Result<()> {
    match expected {
        Some(expected) if expected != incident.version => Err(Error::stale(incident.id, incident.version)),
        _ => Ok(()),
    }
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
