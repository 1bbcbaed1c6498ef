//! What is watched: services, what they depend on, and how they are asked.

use std::collections::{BTreeSet, HashSet};

use ::entity::{list::IdList, service, service_status::ServiceState};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{alerts, checked, results};
use crate::{
    kernel::{
        error::{Error, Result, UserErrorCode, Violation, check_version},
        owner::owner,
        text,
        tx::Tx,
    },
    monitoring::{
        SERVICE, events,
        probe::{Probe, Target},
        rules,
        store::{self, ServiceRow},
    },
};

/// A service to be watched.
#[derive(Clone, Debug)]
pub struct NewService {
    /// Its name, unique in its organization.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// 1 is the most important.
    pub tier: i32,
    /// Who looks after it.
    pub owner: Option<String>,
    /// The services that it needs.
    pub depends_on: Vec<Uuid>,
    /// How it is asked.
    pub probe: ProbeChanges,
    /// Until when it may go down without an alert.
    pub maintenance_until: Option<DateTime<Utc>>,
    /// Whose it is, where the caller may choose.
    pub organization_id: Option<Uuid>,
}

/// What to change about a service; what is `None` stays, `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub description: Option<Option<String>>,
    /// How important it is.
    pub tier: Option<i32>,
    /// Who looks after it.
    pub owner: Option<Option<String>>,
    /// The services that it needs: the whole list.
    pub depends_on: Option<Vec<Uuid>>,
    /// How it is asked.
    pub probe: ProbeChanges,
    /// Until when it may go down without an alert.
    pub maintenance_until: Option<Option<DateTime<Utc>>>,
}

/// What to change about a probe; what is `None` stays, or is as usual where there was no probe.
#[derive(Clone, Debug, Default)]
pub struct ProbeChanges {
    /// What is asked; `Some(None)`: nothing any more.
    pub target: Option<Option<Target>>,
    /// From one probe to the next.
    pub interval_seconds: Option<i32>,
    /// How long an answer is waited for.
    pub timeout_ms: Option<i32>,
    /// Probes without an answer that make it DOWN.
    pub failures_to_down: Option<i32>,
    /// Probes as expected that make it HEALTHY again.
    pub successes_to_recover: Option<i32>,
}

impl ProbeChanges {
    /// The probe that was `before`, changed.
    fn apply(self, before: Option<Probe>) -> Result<Option<Probe>, Vec<Violation>> {
        let numbers = [
            ("intervalSeconds", self.interval_seconds),
            ("timeoutMs", self.timeout_ms),
            ("failuresToDown", self.failures_to_down),
            ("successesToRecover", self.successes_to_recover),
        ];
        let target = self.target.unwrap_or_else(|| before.as_ref().map(|probe| probe.target.clone()));
        let Some(target) = target else {
            let message = "there is no probe that this could be about: say what is asked, in `probe`";
            let about_nothing = numbers.iter().filter(|(_, number)| number.is_some());
            let wrong: Vec<_> = about_nothing
                .map(|(field, _)| Violation::new(UserErrorCode::Invalid, field, message))
                .collect();
            return if wrong.is_empty() { Ok(None) } else { Err(wrong) };
        };
        let old = before.clone().unwrap_or_else(|| Probe::new(target.clone()));
        let mut probe = Probe {
            revision: old.revision,
            target,
            interval_seconds: self.interval_seconds.unwrap_or(old.interval_seconds),
            timeout_ms: self.timeout_ms.unwrap_or(old.timeout_ms),
            failures_to_down: self.failures_to_down.unwrap_or(old.failures_to_down),
            successes_to_recover: self.successes_to_recover.unwrap_or(old.successes_to_recover),
        };
        if before.as_ref().is_some_and(|before| *before != probe) {
            probe.revision += 1;
        }
        let wrong = probe.violations();
        if wrong.is_empty() { Ok(Some(probe)) } else { Err(wrong) }
    }
}

/// The probe of a service, as it is stored.
///
/// # Errors
/// INTERNAL where what is stored is none.
pub fn probe_of(service: &service::Model) -> Result<Option<Probe>> {
    Ok(service.probe.clone().map(serde_json::from_value).transpose()?)
}

/// The revision of the probe of a service; none where it has none.
pub fn revision_of(service: &service::Model) -> Option<i32> {
    probe_of(service).ok().flatten().map(|probe| probe.revision)
}

/// Has a service watched from now on.
///
/// # Errors
/// What is wrong with the input, NOT_FOUND, TAKEN.
pub async fn register(tx: &mut Tx, new: NewService) -> Result<service::Model> {
    let mut wrong = Vec::new();
    let name = checked(text::required(&new.name, "name", rules::MAX_NAME), &mut wrong);
    let description = checked(description(new.description.as_deref()), &mut wrong);
    let owner_name = checked(owner_name(new.owner.as_deref()), &mut wrong);
    let tier = checked(tier(new.tier), &mut wrong);
    let probe = new.probe.apply(None).map_err(|violations| wrong.extend(violations)).ok();
    let (Some(name), Some(description), Some(owner_name), Some(tier), Some(probe), []) =
        (name, description, owner_name, tier, probe, &wrong[..])
    else {
        return Err(wrong.into());
    };
    let organization_id = owner(tx, new.organization_id).await?;
    let id = tx.new_id();
    let depends_on = dependencies(tx, id, new.depends_on).await?;
    check_name(tx, organization_id, &name, id).await?;
    let now = tx.now();
    let row = ServiceRow::new(service::Model {
        id,
        organization_id,
        name,
        description,
        tier,
        owner: owner_name,
        depends_on,
        probe: probe.as_ref().map(serde_json::to_value).transpose()?,
        maintenance_until: new.maintenance_until,
        created_at: now,
        updated_at: now,
        version: 1,
    });
    store::insert_service(tx, &row).await?;
    if let Some(probe) = &probe {
        tx.enqueue(results::task(id, probe)?).await?;
    }
    tx.record(events::service(&events::REGISTERED, None, &row, described(&row.service, probe.as_ref())));
    Ok(row.service)
}

/// Changes what is known of a service, or how it is watched.
///
/// # Errors
/// NOT_FOUND, CONFLICT, TAKEN, and what is wrong with the input.
pub async fn update(
    tx: &mut Tx,
    id: Uuid,
    changes: Changes,
    expected: Option<i32>,
) -> Result<service::Model> {
    let before = lock(tx, id, expected).await?;
    let old_probe = probe_of(&before.service)?;
    let mut after = before.clone();
    let service = &mut after.service;
    let mut wrong = Vec::new();
    if let Some(name) = &changes.name {
        let name = checked(text::required(name, "name", rules::MAX_NAME), &mut wrong);
        service.name = name.unwrap_or_default();
    }
    if let Some(text) = &changes.description {
        service.description = checked(description(text.as_deref()), &mut wrong).flatten();
    }
    if let Some(text) = &changes.owner {
        service.owner = checked(owner_name(text.as_deref()), &mut wrong).flatten();
    }
    if let Some(number) = changes.tier {
        service.tier = checked(tier(number), &mut wrong).unwrap_or_default();
    }
    if let Some(until) = changes.maintenance_until {
        service.maintenance_until = until;
    }
    let probe = changes.probe.apply(old_probe.clone()).unwrap_or_else(|violations| {
        wrong.extend(violations);
        None
    });
    if !wrong.is_empty() {
        return Err(wrong.into());
    }
    if let Some(wanted) = changes.depends_on {
        service.depends_on = dependencies(tx, id, wanted).await?;
    }
    if service.name != before.service.name {
        check_name(tx, service.organization_id, &service.name, id).await?;
    }
    service.probe = probe.as_ref().map(serde_json::to_value).transpose()?;
    if after.service == before.service {
        return Ok(before.service);
    }
    after.service.version += 1;
    after.service.updated_at = tx.now();
    if probe != old_probe {
        rearm(tx, &mut after, probe.as_ref()).await?;
    }
    store::update_service(tx, &after.service).await?;
    let details = described(&after.service, probe.as_ref());
    tx.record(events::service(&events::UPDATED, Some(&before), &after, details));
    if before.status.state != after.status.state {
        alerts::resolve_own(tx, &after.service).await?;
    }
    Ok(after.service)
}

/// Has the service watched as `probe` says from now on. Without one, nothing is known of it any more.
async fn rearm(tx: &mut Tx, row: &mut ServiceRow, probe: Option<&Probe>) -> Result<()> {
    let status = &mut row.status;
    (status.consecutive_failures, status.consecutive_successes) = (0, 0);
    if probe.is_none() && status.state != ServiceState::Unknown {
        (status.state, status.state_since) = (ServiceState::Unknown, tx.now());
    }
    status.version += 1;
    status.updated_at = tx.now();
    store::update_status(tx, status).await?;
    if let Some(probe) = probe {
        tx.enqueue(results::task(row.service.id, probe)?).await?;
    }
    Ok(())
}

/// Has a service watched no more. Its open alert of the probes is over; others stay.
///
/// # Errors
/// NOT_FOUND, CONFLICT.
pub async fn deregister(tx: &mut Tx, id: Uuid, expected: Option<i32>) -> Result<service::Model> {
    let row = lock(tx, id, expected).await?;
    store::delete_service(tx, id).await?;
    tx.record(events::deregistered(&row));
    alerts::resolve_own(tx, &row.service).await?;
    Ok(row.service)
}

/// The service `id`, locked, at the version that the caller expects.
async fn lock(tx: &Tx, id: Uuid, expected: Option<i32>) -> Result<ServiceRow> {
    let row = store::lock_service(tx, id).await?.ok_or_else(|| Error::not_found("service", "id"))?;
    check_version(id, row.service.version, expected)?;
    Ok(row)
}

async fn check_name(tx: &Tx, organization: Uuid, name: &str, id: Uuid) -> Result<()> {
    if store::is_name_taken(tx, organization, name, id).await? { Err(store::name_taken()) } else { Ok(()) }
}

/// The services that `id` is to depend on: there, the caller's, and without a way back to `id`.
async fn dependencies(tx: &Tx, id: Uuid, wanted: Vec<Uuid>) -> Result<IdList> {
    let wrong = |code, message: &str| Err(Error::invalid(code, "dependsOn", message));
    let mut seen = HashSet::new();
    let list: Vec<Uuid> = wanted.into_iter().filter(|id| seen.insert(*id)).collect();
    if list.len() > rules::MAX_DEPENDENCIES {
        let message = format!("a service depends on at most {} others", rules::MAX_DEPENDENCIES);
        return wrong(UserErrorCode::LimitExceeded, &message);
    }
    // Step by step along what they depend on; the rows stay locked, so that nobody closes a circle meanwhile.
    let mut next: BTreeSet<Uuid> = list.iter().copied().collect();
    let mut is_first = true;
    while !next.is_empty() {
        if next.contains(&id) {
            return wrong(UserErrorCode::Invalid, "services can't depend on each other in a circle");
        }
        let found = store::dependencies(tx, &next).await?;
        if is_first && let Some(i) = list.iter().position(|id| !found.contains_key(id)) {
            return Err(Error::not_found("service", &format!("dependsOn.{i}")));
        }
        is_first = false;
        seen.extend(next);
        next = found.into_values().flatten().filter(|next| *next == id || !seen.contains(next)).collect();
    }
    Ok(IdList(list))
}

fn description(given: Option<&str>) -> Result<Option<String>, Violation> {
    text::optional(given, "description", rules::MAX_TEXT)
}

fn owner_name(given: Option<&str>) -> Result<Option<String>, Violation> {
    text::optional(given, "owner", rules::MAX_NAME)
}

fn tier(given: i32) -> Result<i16, Violation> {
    rules::check_tier(given)?;
    Ok(i16::try_from(given).unwrap_or_default())
}

/// What the record says of a service beyond its name.
fn described(service: &service::Model, probe: Option<&Probe>) -> Value {
    let asked = probe.map(|probe| match &probe.target {
        Target::Http(target) => json!({ "kind": "HTTP", "url": target.url, "method": target.method }),
        Target::Tcp(target) => json!({ "kind": "TCP", "host": target.host, "port": target.port }),
    });
    json!({
        "dependsOn": service.depends_on.0.iter().map(|id| SERVICE.encode(*id)).collect::<Vec<_>>(),
        "probe": asked,
        "intervalSeconds": probe.map(|probe| probe.interval_seconds),
        "timeoutMs": probe.map(|probe| probe.timeout_ms),
        "failuresToDown": probe.map(|probe| probe.failures_to_down),
        "successesToRecover": probe.map(|probe| probe.successes_to_recover),
        "maintenanceUntil": service.maintenance_until,
    })
}
