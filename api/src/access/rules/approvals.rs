//! The life of an approval: who decides, what their votes come to, and whether what was approved may still be done.
//!
//! ```text
//!            enough others approve            carried out
//!      OPEN ──────────────────────► APPROVED ─────────────► EXECUTED
//!        │                             │
//!        ├─ anybody denies ◄───────────┤ ── or it doesn't hold any more ─► DENIED
//!        ├─ who asked takes it back ◄──┤ ────────────────────────────────► CANCELLED
//!        └─ seven days are over ◄──────┘ ────────────────────────────────► EXPIRED
//! ```

use ::entity::{approval::ApprovalStatus, approval_vote::ApprovalDecision};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::kernel::{
    error::{Error, Result, UserErrorCode, Violation},
    leaf,
};

/// How long there is to decide, and to carry it out.
pub const LIFETIME: TimeDelta = TimeDelta::days(7);

/// What is frozen when somebody asks.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms<'a> {
    /// What is to be done.
    pub kind: &'a str,
    /// What deciding takes beside the right to approve anything.
    pub permission: &'a str,
    /// How many others must approve.
    pub required: i32,
    /// What is to be done, in words.
    pub summary: &'a str,
    /// What is to be done, exactly.
    pub payload: &'a Value,
    /// The account that asks.
    pub requested_by: Uuid,
    /// The person whom it is for or about.
    pub beneficiary: Option<Uuid>,
}

impl Terms<'_> {
    /// SHA-256 of the canonical JSON of all of it.
    ///
    /// # Errors
    /// INTERNAL where the payload is nested too deep.
    pub fn hash(&self) -> Result<[u8; 32]> {
        let canonical = leaf::canonical_json(&serde_json::to_value(self)?);
        let canonical = canonical.map_err(|error| Error::internal(error.to_string()))?;
        Ok(Sha256::digest(canonical).into())
    }
}

/// Where an approval stands, with everything that decides how it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Its state.
    pub status: ApprovalStatus,
    /// From then on it is too late.
    pub expires_at: DateTime<Utc>,
    /// How many others must approve.
    pub required: usize,
    /// The account that asks.
    pub requested_by: Uuid,
    /// The person whom it is for or about.
    pub beneficiary: Option<Uuid>,
}

/// Somebody who decides.
#[derive(Clone, Copy, Debug)]
pub struct Voter {
    /// Their account.
    pub account: Uuid,
    /// The person behind it.
    pub person: Uuid,
    /// Whether they hold the right to approve, and the right to do it themselves.
    pub may: bool,
}

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Whose account.
    pub account: Uuid,
    /// What they said.
    pub decision: ApprovalDecision,
}

/// What becomes of an approved request when it is to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    CarryOut,
    /// It isn't, for this reason.
    Deny(&'static str),
    /// It is too late.
    Expire,
    /// It isn't waiting to be carried out.
    Leave,
}

fn refused(message: &str) -> Violation {
    Violation::new(UserErrorCode::NotAllowed, "id", message)
}

/// Whether it is still to be decided or carried out.
///
/// # Errors
/// INVALID_TRANSITION where it has ended.
pub fn check_pending(standing: &Standing, now: DateTime<Utc>) -> Result<(), Violation> {
    let message = match standing.status {
        ApprovalStatus::Open | ApprovalStatus::Approved if now < standing.expires_at => return Ok(()),
        ApprovalStatus::Open | ApprovalStatus::Approved | ApprovalStatus::Expired => "this has expired",
        ApprovalStatus::Executed => "this is done already",
        ApprovalStatus::Denied => "this was denied",
        ApprovalStatus::Cancelled => "this was taken back",
    };
    Err(Violation::new(UserErrorCode::InvalidTransition, "id", message))
}

/// Why somebody has no say in it; nothing where they have.
fn objection(standing: &Standing, voter: &Voter) -> Option<&'static str> {
    if voter.account == standing.requested_by {
        Some("nobody decides about what they asked for themselves")
    } else if standing.beneficiary == Some(voter.person) {
        Some("nobody decides about what is for or about themselves")
    } else if !voter.may {
        Some("deciding about this takes the right to do it oneself")
    } else {
        None
    }
}

/// What `voter`'s decision makes of it, after `votes`.
///
/// # Errors
/// INVALID_TRANSITION where it has ended, or is to be approved and is; NOT_ALLOWED for whoever has no say in it, and for a
/// second approval by the same person.
pub fn decide(
    standing: &Standing,
    voter: &Voter,
    decision: ApprovalDecision,
    votes: &[Vote],
    now: DateTime<Utc>,
) -> Result<ApprovalStatus, Violation> {
    check_pending(standing, now)?;
    if let Some(objection) = objection(standing, voter) {
        return Err(refused(objection));
    }
    if decision == ApprovalDecision::Denied {
        return Ok(ApprovalStatus::Denied);
    }
    if standing.status == ApprovalStatus::Approved {
        let message = "this is approved already";
        return Err(Violation::new(UserErrorCode::InvalidTransition, "id", message));
    }
    let approvals = votes.iter().filter(|vote| vote.decision == ApprovalDecision::Approved);
    let mut others: Vec<_> = approvals.map(|vote| vote.account).collect();
    if others.contains(&voter.account) {
        return Err(refused("you have approved this already: it takes somebody else"));
    }
    others.sort_unstable();
    others.dedup();
    let is_enough = others.len() + 1 >= standing.required;
    Ok(if is_enough { ApprovalStatus::Approved } else { ApprovalStatus::Open })
}

/// Whether `account` may take it back.
///
/// # Errors
/// NOT_ALLOWED for everybody but who asked; INVALID_TRANSITION where it has ended.
pub fn check_cancel(standing: &Standing, account: Option<Uuid>, now: DateTime<Utc>) -> Result<(), Violation> {
    if account != Some(standing.requested_by) {
        return Err(refused("only whoever asked for this takes it back: others deny it"));
    }
    check_pending(standing, now)
}

/// Whether nobody has decided in time, or it couldn't be carried out in time.
pub fn has_lapsed(standing: &Standing, now: DateTime<Utc>) -> bool {
    let is_pending = matches!(standing.status, ApprovalStatus::Open | ApprovalStatus::Approved);
    is_pending && now >= standing.expires_at
}

/// What becomes of it now that it is to be carried out: everything that was true when it was approved must still be.
/// `approvers` are those who approved, as they stand now.
pub fn judge(
    standing: &Standing,
    approvers: &[Voter],
    may_requester: bool,
    is_intact: bool,
    now: DateTime<Utc>,
) -> Verdict {
    if standing.status != ApprovalStatus::Approved {
        return Verdict::Leave;
    }
    if has_lapsed(standing, now) {
        return Verdict::Expire;
    }
    if !is_intact {
        return Verdict::Deny("what stands here isn't what was asked for");
    }
    if !may_requester {
        return Verdict::Deny("who asked for this may not do it any more");
    }
    let entitled = approvers.iter().filter(|voter| objection(standing, voter).is_none());
    let mut accounts: Vec<_> = entitled.map(|voter| voter.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    if accounts.len() < standing.required {
        return Verdict::Deny("who approved this may not do so any more");
    }
    Verdict::CarryOut
}

#[cfg(test)]
mod tests;
