//! What the directory does in the background: suspensions end.

use super::ops::{self, REINSTATE, ReinstateTask};
use crate::kernel::{
    error::Result,
    queue::{Handlers, Job, Outcome},
};

/// What runs the directory's tasks.
pub fn handlers() -> Handlers {
    Handlers::new().on(REINSTATE, reinstate)
}

async fn reinstate(job: Job) -> Result<Outcome> {
    let task: ReinstateTask = job.payload()?;
    let mut tx = job.begin().await?;
    ops::end_suspension(&mut tx, task.user_id, task.until).await?;
    tx.finish().await?;
    Ok(Outcome::Done)
}
