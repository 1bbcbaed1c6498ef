//! What access does in the background: carrying out what was approved, ending what nobody decided in time and
//! impersonations whose time is over, mailing invitations, and forgetting who has tried to sign in.

use super::{
    ops::{
        self, ImpersonationTask,
        approvals::{self, ApprovalTask},
    },
    rules::attempts::LONGEST_MEMORY,
    store,
};
use crate::kernel::{
    error::Result,
    queue::{Handlers, Job, Outcome, Schedule},
};

/// The kind of the task that forgets attempts.
const FORGET: &str = "access.forget_attempts";
/// Tallies that one statement deletes, and statements of one run.
const BATCH: u64 = 500;
const BATCHES: usize = 100;

/// What is due at certain times.
pub const SCHEDULES: &[Schedule] =
    &[Schedule { name: FORGET, cron: "43 3 * * *", zone: "UTC", kind: FORGET }];

/// What runs the tasks of access.
pub fn handlers() -> Handlers {
    Handlers::new()
        .on(ops::ASSIGN_ROLE.kind, assign_role)
        .on(ops::CREATE_ACCOUNT.kind, create_account)
        .on(ops::UPDATE_ACCOUNT.kind, update_account)
        .on(ops::INVITE.kind, invite)
        .on(approvals::EXPIRE, expire)
        .on(ops::END_IMPERSONATION, end_impersonation)
        .on(FORGET, forget)
        .on(ops::MAIL, mail)
}

/// Mails an invitation.
async fn mail(job: Job) -> Result<Outcome> {
    ops::send(&job.kernel, &job.payload()?).await?;
    Ok(Outcome::Done)
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

async fn invite(job: Job) -> Result<Outcome> {
    let Some((mut tx, approved)) = approvals::begin(&job).await? else { return Ok(Outcome::Done) };
    let done = ops::invite_approved(&mut tx, &approved).await;
    approvals::end(&job, tx, approved, done).await
}

/// Ends one approval, unless it has ended.
async fn expire(job: Job) -> Result<Outcome> {
    let task: ApprovalTask = job.payload()?;
    let mut tx = job.begin().await?;
    approvals::lapse(&mut tx, task.approval_id).await?;
    tx.finish().await?;
    Ok(Outcome::Done)
}

/// Ends one impersonation, unless it has ended.
async fn end_impersonation(job: Job) -> Result<Outcome> {
    let task: ImpersonationTask = job.payload()?;
    let mut tx = job.begin().await?;
    ops::expire_impersonation(&mut tx, task.impersonation_id).await?;
    tx.finish().await?;
    Ok(Outcome::Done)
}

/// Deletes what was counted and doesn't matter any more.
async fn forget(job: Job) -> Result<Outcome> {
    let now = job.kernel.clock().now();
    for _ in 0..BATCHES {
        let before = now - LONGEST_MEMORY;
        if store::delete_tallies_before(job.kernel.telemetry(), before, BATCH).await? < BATCH {
            return Ok(Outcome::Done);
        }
        if job.cancelled.is_cancelled() {
            break;
        }
    }
    Ok(Outcome::Again(now))
}
