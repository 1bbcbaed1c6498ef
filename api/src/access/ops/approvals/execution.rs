//! Doing what was approved: everything is looked at again, in the transaction that does it.

use ::entity::approval::{self, ApprovalStatus};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::{ApprovalTask, as_voter, lapse, save, standing, terms};
use crate::{
    access::{
        events,
        ops::{held, reach},
        rules::{Granter, approvals as life, approvals::Verdict},
        store,
    },
    kernel::{
        error::{Error, Result},
        queue::{Job, Outcome},
        tx::Tx,
    },
};

/// What was approved, and is about to be done.
#[derive(Debug)]
pub struct Approved(approval::Model);

impl Approved {
    /// What is to be done.
    ///
    /// # Errors
    /// INTERNAL where it isn't a `T`.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(T::deserialize(&self.0.payload)?)
    }

    /// Whoever asked for it, as somebody who gives rights until `end`, as the database has them now.
    pub(in crate::access::ops) async fn granter(
        &self,
        tx: &Tx,
        end: Option<DateTime<Utc>>,
    ) -> Result<Granter> {
        let account = store::account(tx, self.0.requested_by_id).await?;
        let account = account.ok_or_else(|| Error::internal("who asked for an approval isn't there"))?;
        Ok(Granter::Approved { account: account.id, reach: reach(tx, &account, end).await? })
    }
}

/// Begins what a task of its kind is to do: the transaction to do it in, and what was approved. None where it isn't to
/// be done, which is on the record by then: what was true when it was approved doesn't hold any more.
///
/// # Errors
/// Where the task isn't this attempt's any more, or the database can't.
pub async fn begin(job: &Job) -> Result<Option<(Tx, Approved)>> {
    let task: ApprovalTask = job.payload()?;
    let mut tx = job.begin().await?;
    let Some(row) = store::lock_approval(&tx, task.approval_id).await? else {
        tx.rollback().await?;
        return Ok(None);
    };
    match verdict(&tx, job, &row).await? {
        Verdict::CarryOut => return Ok(Some((tx, Approved(row)))),
        Verdict::Deny(why) => deny(&mut tx, row, why).await?,
        Verdict::Expire => lapse(&mut tx, row.id).await?,
        Verdict::Leave => {}
    }
    tx.finish().await?;
    Ok(None)
}

async fn verdict(tx: &Tx, job: &Job, row: &approval::Model) -> Result<Verdict> {
    let mut approvers = Vec::new();
    for account in store::approvers_of(tx, row.id).await? {
        approvers.push(as_voter(tx, &account, row).await?);
    }
    let may_requester = match store::account(tx, row.requested_by_id).await? {
        Some(account) => account.is_active && held(tx, &account, Some(tx.now())).await?.has(&row.permission),
        None => false,
    };
    let is_intact = row.kind == job.kind && terms(row).hash()?[..] == row.payload_hash[..];
    Ok(life::judge(&standing(row), &approvers, may_requester, is_intact, tx.now()))
}

/// The last word is the rules': what can't be done any more is denied.
async fn deny(tx: &mut Tx, row: approval::Model, why: &str) -> Result<()> {
    let after =
        approval::Model { status: ApprovalStatus::Denied, ended_because: Some(why.to_owned()), ..row };
    save(tx, &events::APPROVAL_DENIED, after, Some(why)).await?;
    Ok(())
}

/// Ends what was [begun](begin): `done` is the id of what was made or changed, or why it can't be. What a rule refuses is
/// undone and denied; anything else is undone, and the task tries again.
///
/// # Errors
/// What went wrong, unless a rule refused it; where the database can't.
pub async fn end(job: &Job, mut tx: Tx, approved: Approved, done: Result<String>) -> Result<Outcome> {
    let Approved(row) = approved;
    match done {
        Ok(result_id) => {
            let status = ApprovalStatus::Executed;
            let after = approval::Model { status, result_id: Some(result_id), ..row };
            save(&mut tx, &events::APPROVAL_EXECUTED, after, None).await?;
            tx.commit().await?;
        }
        Err(refusal @ Error::Invalid(_)) => {
            tx.rollback().await?;
            let mut tx = job.begin().await?;
            match store::lock_approval(&tx, row.id).await? {
                Some(row) if row.status == ApprovalStatus::Approved => {
                    deny(&mut tx, row, &refusal.to_string()).await?;
                    tx.commit().await?;
                }
                // Somebody ended it meanwhile.
                _ => tx.rollback().await?,
            }
        }
        Err(error) => {
            tx.rollback().await?;
            return Err(error);
        }
    }
    Ok(Outcome::Done)
}
