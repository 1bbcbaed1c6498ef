//! From the result of a probe to what follows from it.
//!
//! A service is asked outside any transaction. Then the result is written down: by [`note`] where it changes nothing, a
//! measurement; by [`settle`] where it does, a fact. The state's version fences the first, its lock the second, so two
//! results of one service never mix, whoever probed.

use ::entity::{probe_result, service, service_status::ServiceState};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{PROBE_SOURCE, alerts, refused, services::probe_of};
use crate::{
    kernel::{
        Kernel,
        error::{Error, Result, UserErrorCode},
        id::Generator,
        queue::NewTask,
        request::Request,
        tx::Tx,
    },
    monitoring::{
        events,
        probe::{self, Found, Probe},
        rules::{self, News, Standing, Thresholds},
        store::{self, ServiceRow},
    },
};

/// The kind of the tasks that probe.
pub const PROBE: &str = "monitoring.probe";

/// Results a statement.
const BATCH: usize = 500;

/// What a task that probes is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeTask {
    /// The service.
    pub service_id: Uuid,
    /// The revision of its probe. When that changes, another task takes over.
    pub revision: i32,
}

/// The recurring task of a probe. It never gives up: after an outage of ours it goes on.
pub(super) fn task(service_id: Uuid, probe: &Probe) -> Result<NewTask> {
    let task = NewTask::new(PROBE, ProbeTask { service_id, revision: probe.revision })?;
    Ok(task.unique(format!("{service_id}:{}", probe.revision)).max_attempts(i32::MAX))
}

/// A service that was asked, and what came back.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The service.
    pub service_id: Uuid,
    /// The probe that it was asked with.
    pub probe: Probe,
    /// What came back.
    pub found: Found,
}

/// Asks a service as its probe says; none where it has none.
///
/// # Errors
/// Where the gateway can't ask anybody.
pub async fn ask(service: &service::Model) -> Result<Option<Asked>> {
    let Some(probe) = probe_of(service)? else { return Ok(None) };
    let found = probe::ask(&probe).await?;
    Ok(Some(Asked { service_id: service.id, probe, found }))
}

/// Asks the service `id` in the name of the caller of `request`.
///
/// # Errors
/// NOT_FOUND; NOT_ALLOWED where it has no probe, or in a dry run: what is asked can't be taken back.
pub async fn ask_now(request: &Request, id: Uuid) -> Result<Asked> {
    if request.options().is_dry_run {
        let message = "a probe can't be tried without doing it: it asks the service itself";
        return Err(refused(UserErrorCode::NotAllowed, "", message));
    }
    let found = store::service(&request.conn(), &request.caller().boundary, id).await?;
    let service = found.ok_or_else(|| Error::not_found("service", "id"))?;
    let asked = ask(&service).await?;
    asked.ok_or_else(|| refused(UserErrorCode::NotAllowed, "id", "this service has no probe"))
}

/// What a result does to a service.
struct Step {
    after: ServiceRow,
    news: Option<News>,
}

impl Step {
    /// The step that `row` takes at `now`.
    async fn of(
        db: &impl ConnectionTrait,
        row: &ServiceRow,
        asked: &Asked,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let before = &row.status;
        let standing = Standing {
            state: before.state,
            failures: before.consecutive_failures,
            successes: before.consecutive_successes,
        };
        let thresholds = Thresholds {
            failures_to_down: asked.probe.failures_to_down,
            successes_to_recover: asked.probe.successes_to_recover,
        };
        let next = rules::next(standing, asked.found.outcome, thresholds);
        let is_in_maintenance = row.service.maintenance_until.is_some_and(|until| until > now);
        let stays_down = (before.state, next.state) == (ServiceState::Down, ServiceState::Down);
        let is_announced = !stays_down
            || is_in_maintenance
            || store::has_alert_since(db, row.service.id, PROBE_SOURCE, before.state_since).await?;
        let news = rules::news(before.state, next.state, is_in_maintenance, is_announced);

        let mut after = row.clone();
        let status = &mut after.status;
        if next.state != before.state {
            (status.state, status.state_since) = (next.state, now);
        }
        (status.consecutive_failures, status.consecutive_successes) = (next.failures, next.successes);
        status.last_check_at = Some(now);
        status.response_time_ms = asked.found.response_time_ms;
        status.last_error.clone_from(&asked.found.error);
        status.updated_at = now;
        status.version += 1;
        Ok(Self { after, news })
    }
}

/// Writes down a result that changes nothing worth telling. Whether it was one: if not, [`settle`] is due.
///
/// # Errors
/// Where the database refuses.
pub async fn note(kernel: &Kernel, asked: &Asked) -> Result<bool> {
    let Some(mut run) = Run::of(kernel, asked.service_id).await? else { return Ok(false) };
    let now = kernel.clock().now();
    Ok(run.probe == asked.probe
        && run.take(kernel, now, asked.found.clone()).await?
        && run.write(kernel).await?)
}

/// Results of one service, one after the other, that change nothing worth telling: they are written down together.
#[derive(Debug)]
pub struct Run {
    row: ServiceRow,
    probe: Probe,
    /// The version of the state that they follow on.
    version: i32,
    ids: Generator,
    results: Vec<probe_result::Model>,
}

impl Run {
    /// One that begins where the service `id` stands; none where it isn't there or has no probe.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn of(kernel: &Kernel, id: Uuid) -> Result<Option<Self>> {
        let Some(row) = store::watched(kernel.db().reader(), id).await? else { return Ok(None) };
        let Some(probe) = probe_of(&row.service)? else { return Ok(None) };
        let version = row.status.version;
        Ok(Some(Self { row, probe, version, ids: Generator::new(), results: Vec::new() }))
    }

    /// The probe that they are results of.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Takes the result of a probe at `at`, unless it changes something. Whether it took it.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn take(&mut self, kernel: &Kernel, at: DateTime<Utc>, found: Found) -> Result<bool> {
        let asked = Asked { service_id: self.row.service.id, probe: self.probe.clone(), found };
        let step = Step::of(kernel.db().reader(), &self.row, &asked, at).await?;
        if step.news.is_some() {
            return Ok(false);
        }
        self.row = step.after;
        // By a sequence of its own: the kernel's doesn't go back to the times of a long run.
        self.results.push(store::result_row(self.ids.next(at), asked.service_id, at, &asked.found));
        Ok(true)
    }

    /// Writes them down. Whether nobody else has written any meanwhile: if so, nothing was.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn write(self, kernel: &Kernel) -> Result<bool> {
        if self.results.is_empty() {
            return Ok(true);
        }
        if !store::note_status(kernel.telemetry(), self.version, &self.row.status).await? {
            return Ok(false);
        }
        let mut rows = self.results.into_iter().map(IntoActiveModel::into_active_model).peekable();
        while rows.peek().is_some() {
            let insert = probe_result::Entity::insert_many(rows.by_ref().take(BATCH));
            kernel.telemetry().insert(insert).await?;
        }
        Ok(true)
    }
}

/// Writes down a result and what follows from it: the new state, its event, and the alert that is raised or resolved.
/// None where the service is gone or is asked otherwise by now: the result says nothing any more.
///
/// # Errors
/// Where the database refuses.
pub async fn settle(tx: &mut Tx, asked: &Asked) -> Result<Option<(service::Model, probe_result::Model)>> {
    let Some(row) = store::lock_service(tx, asked.service_id).await? else { return Ok(None) };
    if !is_current(&row, asked)? {
        return Ok(None);
    }
    let Step { mut after, news } = Step::of(tx.db(), &row, asked, tx.now()).await?;
    let result = store::result_row(tx.new_id(), asked.service_id, tx.now(), &asked.found);
    probe_result::Entity::insert(result.clone().into_active_model()).exec_without_returning(tx.db()).await?;
    store::update_status(tx, &after.status).await?;
    let Some(news) = news else { return Ok(Some((after.service, result))) };

    // A change of state is a change of the service: an event with its version is told from one that was seen.
    after.service.version += 1;
    store::update_service(tx, &after.service).await?;
    let ty = match news {
        News::Down => &events::DOWN,
        News::Degraded => &events::DEGRADED,
        News::Recovered => &events::RECOVERED,
        News::Quiet => &events::STATUS_CHANGED,
    };
    let details = json!({
        "from": row.status.state,
        "to": after.status.state,
        "error": asked.found.error,
        "statusCode": asked.found.status_code,
        "responseTimeMs": asked.found.response_time_ms,
    });
    tx.record(events::service(ty, Some(&row), &after, details));
    match news {
        News::Down => alerts::raise_own(tx, &after).await?,
        News::Recovered => alerts::resolve_own(tx, &after.service).await?,
        News::Degraded | News::Quiet => {}
    }
    Ok(Some((after.service, result)))
}

/// As [`settle`], for somebody who had the service probed: that is on the record whatever came of it.
///
/// # Errors
/// NOT_FOUND; CONFLICT where it is asked otherwise by now.
pub async fn settle_now(tx: &mut Tx, asked: &Asked) -> Result<(service::Model, probe_result::Model)> {
    let row = store::lock_service(tx, asked.service_id).await?;
    let row = row.ok_or_else(|| Error::not_found("service", "id"))?;
    let details = json!({ "outcome": asked.found.outcome });
    tx.record(events::service(&events::PROBED, Some(&row), &row, details));
    let settled = settle(tx, asked).await?;
    settled.ok_or_else(|| {
        refused(UserErrorCode::Conflict, "id", "its probe was changed meanwhile: probe it once more")
    })
}

/// Whether the service is still asked as it was.
fn is_current(row: &ServiceRow, asked: &Asked) -> Result<bool> {
    Ok(probe_of(&row.service)?.is_some_and(|probe| probe.revision == asked.probe.revision))
}
