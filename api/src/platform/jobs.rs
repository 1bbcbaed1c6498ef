//! What the platform does in the background: sealing anew.

use chrono::TimeDelta;

use super::{RESEAL, events};
use crate::kernel::{
    error::Result,
    queue::{Handlers, Job, Outcome},
    secret::reseal,
};

/// After this everybody has heard of another key: whoever still sealed by the one before does so no more.
const HEARD: TimeDelta = TimeDelta::seconds(3);

/// What runs the tasks of the platform.
pub fn handlers() -> Handlers {
    Handlers::new().on(RESEAL, reseal)
}

/// Seals anew until there is nothing left to.
async fn reseal(job: Job) -> Result<Outcome> {
    let pass = reseal::pass(&job).await?;
    for (key, values) in &pass.stuck {
        tracing::error!(key, values, "sealed values don't open, and stay as they are");
    }
    if pass.resealed > 0 {
        let mut tx = job.begin().await?;
        tx.record(events::key_resealed(&pass));
        tx.commit().await?;
    }
    let now = job.kernel.clock().now();
    Ok(match (pass.is_whole, pass.resealed) {
        (true, 0) => Outcome::Done,
        (true, _) => Outcome::Again(now + HEARD),
        (false, _) => Outcome::Again(now),
    })
}
