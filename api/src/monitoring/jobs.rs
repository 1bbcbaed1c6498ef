//! What monitoring does in the background: probing, and forgetting old results.

use chrono::TimeDelta;

use super::{
    ops::{self, ProbeTask},
    store,
};
use crate::kernel::{
    error::{Error, Result},
    queue::{Handlers, Job, Outcome, Schedule},
};

/// The kind of the task that forgets old results.
const PRUNE: &str = "monitoring.prune_results";
/// How long results are kept: a little longer than the longest range of uptime.
const KEPT: TimeDelta = TimeDelta::days(91);
/// Results that one statement deletes, and statements of one run.
const BATCH: u64 = 500;
const BATCHES: usize = 100;
/// How often a result is written down anew because another came in between.
const ATTEMPTS: usize = 5;

/// What is due at certain times.
pub const SCHEDULES: &[Schedule] = &[Schedule { name: PRUNE, cron: "17 3 * * *", zone: "UTC", kind: PRUNE }];

/// What runs monitoring's tasks.
pub fn handlers() -> Handlers {
    Handlers::new().on(ops::PROBE, probe).on(PRUNE, prune)
}

/// Probes one service, again and again, until it is deregistered or another revision of its probe takes over.
async fn probe(job: Job) -> Result<Outcome> {
    let task: ProbeTask = job.payload()?;
    let clock = job.kernel.clock();
    let began = clock.now();
    let row = store::watched(job.kernel.db().reader(), task.service_id).await?;
    let Some(row) = row.filter(|row| ops::revision_of(&row.service) == Some(task.revision)) else {
        return Ok(Outcome::Done);
    };
    let asked = tokio::select! {
        asked = ops::ask(&row.service) => asked?,
        () = job.cancelled.cancelled() => return Err(Error::unavailable("the probe was interrupted")),
    };
    let Some(asked) = asked else { return Ok(Outcome::Done) };
    // By the beginning: a slow answer doesn't make probes rarer.
    let next = began + TimeDelta::seconds(asked.probe.interval_seconds.into());
    for _ in 0..ATTEMPTS {
        if ops::note(&job.kernel, &asked).await? {
            return Ok(Outcome::Again(next));
        }
        let mut tx = job.begin().await?;
        let is_settled = ops::settle(&mut tx, &asked).await?.is_some();
        if !tx.is_empty() {
            tx.commit().await?;
            return Ok(Outcome::Again(next));
        }
        tx.rollback().await?;
        if !is_settled {
            return Ok(Outcome::Done);
        }
        // Another result came in between and changed the state as this one would have: it is a measurement now.
    }
    Err(Error::unavailable("other results of this service come in all the time"))
}

/// Deletes results that nobody asks for any more.
async fn prune(job: Job) -> Result<Outcome> {
    let now = job.kernel.clock().now();
    for _ in 0..BATCHES {
        if store::delete_older(job.kernel.telemetry(), now - KEPT, BATCH).await? < BATCH {
            return Ok(Outcome::Done);
        }
        if job.cancelled.is_cancelled() {
            break;
        }
    }
    Ok(Outcome::Again(now))
}
