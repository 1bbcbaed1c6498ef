//! What access does in the background: carrying out what was approved, and ending what nobody decided in time.

use super::ops::{
    self,
    approvals::{self, ApprovalTask},
};
use crate::kernel::{
    error::Result,
    queue::{Handlers, Job, Outcome},
};

/// What runs the tasks of access.
pub fn handlers() -> Handlers {
    Handlers::new()
        .on(ops::ASSIGN_ROLE.kind, assign_role)
        .on(ops::CREATE_ACCOUNT.kind, create_account)
        .on(ops::UPDATE_ACCOUNT.kind, update_account)
        .on(approvals::EXPIRE, expire)
}

async fn assign_role(job: Job) -> Result<Outcome> {
    let Some((mut tx, approved)) = approvals::begin(&job).await? else { return Ok(Outcome::Done) };
    let done = ops::assign_approved(&mut tx, &approved).await;
    approvals::end(&job, tx, approved, done).await
}

async fn create_account(job: Job) -> Result<Outcome> {
    let Some((mut tx, approved)) = approvals::begin(&job).await? else { return Ok(Outcome::Done) };
    let done = ops::create_approved(&mut tx, &approved).await;
    approvals::end(&job, tx, approved, done).await
}

async fn update_account(job: Job) -> Result<Outcome> {
    let Some((mut tx, approved)) = approvals::begin(&job).await? else { return Ok(Outcome::Done) };
    let done = ops::update_approved(&mut tx, &approved).await;
    approvals::end(&job, tx, approved, done).await
}

/// Ends one approval, unless it has ended.
async fn expire(job: Job) -> Result<Outcome> {
    let task: ApprovalTask = job.payload()?;
    let mut tx = job.begin().await?;
    approvals::lapse(&mut tx, task.approval_id).await?;
    if tx.is_empty() {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    Ok(Outcome::Done)
}
