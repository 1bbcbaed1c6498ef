//! Alerts: raised, raised again, acknowledged, resolved, and joined to incidents.

use ::entity::{
    alert::{self, AlertSeverity, AlertStatus},
    service,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PROBE_SOURCE, checked, dedup_key, refused};
use crate::{
    kernel::{
        error::{Error, Result, UserErrorCode, check_version},
        event::EventType,
        owner::owner,
        text,
        tx::Tx,
    },
    monitoring::{
        events,
        rules::{self, Transition},
        store::{self, ServiceRow},
    },
};

/// How often a condition that is raised and resolved by others in between is tried again.
const ATTEMPTS: usize = 5;
/// The most alerts that go from some incidents into another: what one transaction writes.
const MAX_RELINKED: usize = 400;

/// A condition that somebody should look at.
#[derive(Clone, Debug)]
pub struct NewAlert {
    /// Who found it.
    pub source: String,
    /// What makes it the same condition, in the source's words.
    pub dedup_key: String,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// What is wrong.
    pub title: String,
    /// What is known.
    pub description: Option<String>,
    /// An object of texts.
    pub labels: Option<Value>,
    /// The service that it is about.
    pub service_id: Option<Uuid>,
    /// Whose it is, where the caller may choose and no service says.
    pub organization_id: Option<Uuid>,
}

/// What an alert says, checked.
struct Condition {
    source: String,
    dedup_key: String,
    severity: AlertSeverity,
    title: String,
    description: Option<String>,
    labels: Value,
}

/// Whose an alert is and what it is about.
struct Subject {
    organization_id: Uuid,
    service_id: Option<Uuid>,
    service_name: Option<String>,
}

impl Subject {
    fn service(service: &service::Model) -> Self {
        Self {
            organization_id: service.organization_id,
            service_id: Some(service.id),
            service_name: Some(service.name.clone()),
        }
    }
}

/// Raises an alert; where the same condition has an open one, that fires once more.
///
/// # Errors
/// NOT_FOUND, NOT_ALLOWED, and what is wrong with the input.
pub async fn trigger(tx: &mut Tx, new: NewAlert) -> Result<alert::Model> {
    let mut wrong = Vec::new();
    let source = checked(text::required(&new.source, "source", rules::MAX_NAME), &mut wrong);
    let dedup_key = checked(text::required(&new.dedup_key, "dedupKey", rules::MAX_TITLE), &mut wrong);
    let title = checked(text::required(&new.title, "title", rules::MAX_TITLE), &mut wrong);
    let description = text::optional(new.description.as_deref(), "description", rules::MAX_TEXT);
    let description = checked(description, &mut wrong);
    let labels = checked(rules::labels(new.labels.as_ref()), &mut wrong);
    if let Some(source) = &source {
        checked(rules::check_source(source, PROBE_SOURCE), &mut wrong);
    }
    let (Some(source), Some(dedup_key), Some(title), Some(description), Some(labels), []) =
        (source, dedup_key, title, description, labels, &wrong[..])
    else {
        return Err(wrong.into());
    };
    let subject = subject(tx, new.service_id, new.organization_id).await?;
    let condition = Condition { source, dedup_key, severity: new.severity, title, description, labels };
    raise(tx, subject, condition).await
}

/// What the caller says that it is about, and whose it is by that.
async fn subject(tx: &Tx, service_id: Option<Uuid>, organization_id: Option<Uuid>) -> Result<Subject> {
    let Some(id) = service_id else {
        let organization_id = owner(tx, organization_id).await?;
        return Ok(Subject { organization_id, service_id: None, service_name: None });
    };
    let service = store::share_service(tx, id).await?;
    let service = service.ok_or_else(|| Error::not_found("service", "serviceId"))?;
    if organization_id.is_some_and(|id| id != service.organization_id) {
        let message = "the service belongs to another organization: leave this out";
        return Err(refused(UserErrorCode::Invalid, "organizationId", message));
    }
    Ok(Subject::service(&service))
}

/// Adds an alert, or counts it on the open one of the same condition. However many do so at the same time, there is one.
async fn raise(tx: &mut Tx, subject: Subject, condition: Condition) -> Result<alert::Model> {
    let Condition { source, dedup_key, severity, title, description, labels } = condition;
    let now = tx.now();
    let new = alert::Model {
        id: tx.new_id(),
        organization_id: subject.organization_id,
        source,
        dedup_key,
        status: AlertStatus::Firing,
        severity,
        title,
        description,
        labels,
        service_id: subject.service_id,
        incident_id: None,
        count: 1,
        first_seen_at: now,
        last_seen_at: now,
        acknowledged_at: None,
        acknowledged_by_kind: None,
        acknowledged_by_id: None,
        resolved_at: None,
        resolved_by_kind: None,
        resolved_by_id: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    for _ in 0..ATTEMPTS {
        let open = store::lock_open(tx, new.organization_id, &new.source, &new.dedup_key).await?;
        if let Some(before) = open {
            let mut after = before.clone();
            after.count = after.count.saturating_add(1);
            after.severity = rules::raised_severity(before.severity, severity);
            after.last_seen_at = now.max(before.last_seen_at);
            return save(tx, &events::ALERT_UPDATED, &before, after, subject.service_name).await;
        }
        if store::insert_open(tx, &new).await? {
            tx.record(events::alert(&events::TRIGGERED, None, &new, subject.service_name));
            return Ok(new);
        }
    }
    Err(Error::unavailable("this alert is being raised and resolved all the time: try again"))
}

/// Says that somebody is on an alert, or that it is over.
///
/// # Errors
/// NOT_FOUND, CONFLICT, INVALID_TRANSITION.
pub async fn transition(
    tx: &mut Tx,
    id: Uuid,
    step: Transition,
    expected: Option<i32>,
) -> Result<alert::Model> {
    let before = store::lock_alert(tx, id).await?.ok_or_else(|| Error::not_found("alert", "id"))?;
    check_version(id, before.version, expected)?;
    rules::check_transition(before.status, step)?;
    let service = service_name(tx, before.service_id).await?;
    advance(tx, before, step, service).await
}

/// Makes a step that is allowed.
async fn advance(
    tx: &mut Tx,
    before: alert::Model,
    step: Transition,
    service: Option<String>,
) -> Result<alert::Model> {
    let mut after = before.clone();
    let (now, actor) = (tx.now(), tx.actor().clone());
    after.status = step.to();
    let ty = match step {
        Transition::Acknowledge => {
            after.acknowledged_at = Some(now);
            (after.acknowledged_by_kind, after.acknowledged_by_id) = (Some(actor.kind), Some(actor.id));
            &events::ACKNOWLEDGED
        }
        Transition::Resolve => {
            after.resolved_at = Some(now);
            (after.resolved_by_kind, after.resolved_by_id) = (Some(actor.kind), Some(actor.id));
            &events::RESOLVED
        }
    };
    save(tx, ty, &before, after, service).await
}

/// Raises the alert of a service that went down.
pub(super) async fn raise_own(tx: &mut Tx, row: &ServiceRow) -> Result<()> {
    let ServiceRow { service, status } = row;
    let condition = Condition {
        source: PROBE_SOURCE.to_owned(),
        dedup_key: dedup_key(service.id),
        severity: AlertSeverity::Critical,
        title: format!("{} is down", service.name),
        description: status.last_error.clone(),
        labels: json!({ "service": service.name, "tier": service.tier.to_string() }),
    };
    raise(tx, Subject::service(service), condition).await?;
    Ok(())
}

/// Resolves the open alert of a service's probes, where there is one.
pub(super) async fn resolve_own(tx: &mut Tx, service: &service::Model) -> Result<()> {
    let key = dedup_key(service.id);
    match store::lock_open(tx, service.organization_id, PROBE_SOURCE, &key).await? {
        Some(open) => {
            advance(tx, open, Transition::Resolve, Some(service.name.clone())).await?;
            Ok(())
        }
        None => Ok(()),
    }
}

/// Joins an alert to an incident. None where it isn't there; as it is where it is joined to that one already.
///
/// # Errors
/// Where the database refuses.
pub async fn link_alert(tx: &mut Tx, alert: Uuid, incident: Uuid) -> Result<Option<alert::Model>> {
    let Some(before) = store::lock_alert(tx, alert).await? else { return Ok(None) };
    if before.incident_id == Some(incident) {
        return Ok(Some(before));
    }
    let after = alert::Model { incident_id: Some(incident), ..before.clone() };
    let service = service_name(tx, after.service_id).await?;
    save(tx, &events::ALERT_UPDATED, &before, after, service).await.map(Some)
}

/// The incident that an alert is joined to now, which may be another one than an event of it says.
///
/// # Errors
/// Where the database can't be read.
pub async fn incident_of_alert(tx: &Tx, alert: Uuid) -> Result<Option<Uuid>> {
    store::incident_of_alert(tx, alert).await
}

/// Moves the alerts of the incidents `from` to the incident `to`. Answers how many there were.
///
/// # Errors
/// LIMIT_EXCEEDED where they are more than one transaction writes.
pub async fn relink_alerts(tx: &mut Tx, from: &[Uuid], to: Uuid) -> Result<usize> {
    let alerts = store::lock_of_incidents(tx, from, MAX_RELINKED as u64 + 1).await?;
    if alerts.len() > MAX_RELINKED {
        let message = format!("these incidents have more than {MAX_RELINKED} alerts: merge fewer at once");
        return Err(refused(UserErrorCode::LimitExceeded, "", &message));
    }
    let services: Vec<Uuid> = alerts.iter().filter_map(|alert| alert.service_id).collect();
    let services = store::services_by_id(tx.db(), &services).await?;
    let ids: Vec<Uuid> = alerts.iter().map(|alert| alert.id).collect();
    store::relink(tx, &ids, to).await?;
    for before in &alerts {
        let after = alert::Model {
            incident_id: Some(to),
            updated_at: tx.now(),
            version: before.version + 1,
            ..before.clone()
        };
        let service = after.service_id.and_then(|id| services.get(&id)).map(|service| service.name.clone());
        tx.record(events::alert(&events::ALERT_UPDATED, Some(before), &after, service));
    }
    Ok(alerts.len())
}

async fn service_name(tx: &Tx, id: Option<Uuid>) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    Ok(store::services_by_id(tx.db(), &[id]).await?.remove(&id).map(|service| service.name.clone()))
}

/// Saves a change and records it.
async fn save(
    tx: &mut Tx,
    ty: &'static EventType,
    before: &alert::Model,
    mut after: alert::Model,
    service: Option<String>,
) -> Result<alert::Model> {
    after.version += 1;
    after.updated_at = tx.now();
    store::update_alert(tx, &after).await?;
    tx.record(events::alert(ty, Some(before), &after, service));
    Ok(after)
}
