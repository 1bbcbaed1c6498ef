//! The one engine for what takes other people's approval, in this domain and in others.
//!
//! 1. An operation finds that it takes approval, and [asks](ask) for its [`Action`]: what is to be done is frozen, and
//!    hashed.
//! 2. Others [approve] it, or one [denies](deny) it; who asked may [take it back](cancel); [time](lapse) ends it.
//! 3. The last approval enqueues a task of the action's kind. Its handler, in the action's domain, [begins](begin) with
//!    what was approved, where everything still holds, does it, and [ends](end) it: all in one transaction.

mod execution;

use ::entity::{
    admin_user,
    approval::{self, ApprovalStatus},
    approval_vote::{self, ApprovalDecision},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::held;
use crate::{
    access::{
        events, permissions,
        rules::{
            self, approvals as life,
            approvals::{Standing, Terms, Vote, Voter},
        },
        store,
    },
    kernel::{
        error::{Error, Result, UserErrorCode, check_version},
        event::EventType,
        leaf::unmark,
        permission::{Action, PermissionSet},
        queue::NewTask,
        text,
        tx::Tx,
    },
};

pub use execution::{Approved, begin, end};

/// The kind of the task that ends what nobody decided in time.
pub const EXPIRE: &str = "access.expire_approval";

/// The payload of the tasks about an approval.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalTask {
    /// Which.
    pub approval_id: Uuid,
}

/// What somebody wants to have done.
#[derive(Debug)]
pub struct Wish {
    /// The account that asks.
    pub requested_by: Uuid,
    /// The person whom it is for or about: they have no say in it.
    pub beneficiary: Option<Uuid>,
    /// In words, for those who decide. Nothing personal: it goes on the record.
    pub summary: String,
    /// Exactly, and whole: whoever carries it out has nothing else. What is [personal](crate::kernel::leaf::Personal) in it is marked, and
    /// sealed on the record.
    pub payload: Value,
}

/// Who decides about an approval, or takes it back.
#[derive(Clone, Debug)]
pub struct Decider {
    /// Their account. A token that acts as itself has none, and no say.
    pub account: Option<Uuid>,
    /// What they may now.
    pub permissions: PermissionSet,
}

/// Has others asked whether `action` may be done. While the same is asked for already, that is it.
///
/// # Errors
/// Where the payload is nested too deep; where the database refuses.
pub async fn ask(tx: &mut Tx, action: &'static Action, wish: Wish) -> Result<approval::Model> {
    let now = tx.now();
    let row = approval::Model {
        id: tx.new_id(),
        kind: action.kind.to_owned(),
        permission: action.permission.to_owned(),
        required: action.approvals,
        summary: wish.summary,
        payload: unmark(wish.payload.clone()),
        payload_hash: Vec::new(),
        requested_by_id: wish.requested_by,
        beneficiary_id: wish.beneficiary,
        status: ApprovalStatus::Open,
        expires_at: now + life::LIFETIME,
        ended_at: None,
        ended_because: None,
        result_id: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let row = approval::Model { payload_hash: terms(&row).hash()?.to_vec(), ..row };
    if let Some(pending) = store::pending(tx, &row.payload_hash).await? {
        if !life::has_lapsed(&standing(&pending), now) {
            return Ok(pending);
        }
        lapse(tx, pending.id).await?;
    }
    if !store::insert_approval(tx, &row).await? {
        let message = "somebody asked for the same at the same time";
        return Err(Error::invalid(UserErrorCode::Conflict, "", message));
    }
    let task = NewTask::new(EXPIRE, ApprovalTask { approval_id: row.id })?;
    tx.enqueue(task.unique(row.id.to_string()).at(row.expires_at)).await?;
    tx.record(events::approval_requested(&row, &wish.payload));
    Ok(row)
}

/// Says yes. With enough of them, it is carried out.
///
/// # Errors
/// NOT_FOUND, CONFLICT, TOO_LONG; INVALID_TRANSITION and NOT_ALLOWED as the [rules](life) say.
pub async fn approve(
    tx: &mut Tx,
    decider: &Decider,
    id: Uuid,
    reason: Option<&str>,
    expected: Option<i32>,
) -> Result<approval::Model> {
    vote(tx, decider, id, ApprovalDecision::Approved, reason, expected).await
}

/// Says no, which ends it.
///
/// # Errors
/// As [`approve`]; REQUIRED without a reason.
pub async fn deny(
    tx: &mut Tx,
    decider: &Decider,
    id: Uuid,
    reason: &str,
    expected: Option<i32>,
) -> Result<approval::Model> {
    vote(tx, decider, id, ApprovalDecision::Denied, Some(reason), expected).await
}

async fn vote(
    tx: &mut Tx,
    decider: &Decider,
    id: Uuid,
    decision: ApprovalDecision,
    reason: Option<&str>,
    expected: Option<i32>,
) -> Result<approval::Model> {
    let before = lock(tx, id, expected).await?;
    let reason = text::optional(reason, "reason", rules::MAX_TEXT)?;
    if decision == ApprovalDecision::Denied && reason.is_none() {
        let message = "whoever asked is told why not";
        return Err(Error::invalid(UserErrorCode::Required, "reason", message));
    }
    let account = match decider.account {
        Some(account) => store::account(tx, account).await?,
        None => None,
    };
    let account = account.ok_or_else(|| {
        let message = "people decide about this: a token that acts as itself has no say";
        Error::invalid(UserErrorCode::NotAllowed, "id", message)
    })?;
    // By the credential that they show, and by what the account has by now.
    let voter = as_voter(tx, &account, &before).await?;
    let voter = Voter { may: voter.may && may_decide(&decider.permissions, &before), ..voter };
    let votes: Vec<_> = store::votes_of(tx, id).await?.iter().map(said).collect();
    let now = tx.now();
    let status = life::decide(&standing(&before), &voter, decision, &votes, now)?;
    let vote = approval_vote::Model {
        approval_id: id,
        admin_user_id: account.id,
        decision,
        reason: reason.clone(),
        decided_at: now,
    };
    store::put_vote(tx, vote).await?;
    if status == ApprovalStatus::Approved {
        let action = tx.kernel().catalogue().action(&before.kind);
        let action = action.ok_or_else(|| {
            let message = "this version of the gateway doesn't know how to do this";
            Error::invalid(UserErrorCode::NotAllowed, "id", message)
        })?;
        let task = NewTask::new(action.kind, ApprovalTask { approval_id: id })?;
        tx.enqueue(task.unique(id.to_string())).await?;
    }
    let (ty, ended_because) = match decision {
        ApprovalDecision::Approved => (&events::APPROVAL_APPROVED, None),
        ApprovalDecision::Denied => (&events::APPROVAL_DENIED, reason.clone()),
    };
    save(tx, ty, approval::Model { status, ended_because, ..before }, reason.as_deref()).await
}

/// Takes back what one has asked for, before it is done.
///
/// # Errors
/// NOT_FOUND, CONFLICT; NOT_ALLOWED for everybody but who asked; INVALID_TRANSITION where it has ended.
pub async fn cancel(
    tx: &mut Tx,
    decider: &Decider,
    id: Uuid,
    expected: Option<i32>,
) -> Result<approval::Model> {
    let before = lock(tx, id, expected).await?;
    life::check_cancel(&standing(&before), decider.account, tx.now())?;
    let after = approval::Model { status: ApprovalStatus::Cancelled, ..before };
    save(tx, &events::APPROVAL_CANCELLED, after, None).await
}

/// Ends what nobody decided in time, or what couldn't be carried out in time; leaves everything else as it is.
///
/// # Errors
/// Where the database refuses.
pub async fn lapse(tx: &mut Tx, id: Uuid) -> Result<()> {
    let Some(before) = store::lock_approval(tx, id).await? else { return Ok(()) };
    if life::has_lapsed(&standing(&before), tx.now()) {
        let after = approval::Model { status: ApprovalStatus::Expired, ..before };
        save(tx, &events::APPROVAL_EXPIRED, after, None).await?;
    }
    Ok(())
}

/// The approval `id`, locked, at the version that the caller expects.
async fn lock(tx: &Tx, id: Uuid, expected: Option<i32>) -> Result<approval::Model> {
    let row = store::lock_approval(tx, id).await?.ok_or_else(|| Error::not_found("approval", "id"))?;
    check_version(id, row.version, expected)?;
    Ok(row)
}

/// Saves an approval and records what happened to it; `reason` is what somebody wrote along.
async fn save(
    tx: &mut Tx,
    ty: &'static EventType,
    mut row: approval::Model,
    reason: Option<&str>,
) -> Result<approval::Model> {
    let now = tx.now();
    let is_pending = matches!(row.status, ApprovalStatus::Open | ApprovalStatus::Approved);
    row.ended_at = (!is_pending).then_some(now);
    row.updated_at = now;
    row.version += 1;
    store::update_approval(tx, &row).await?;
    tx.record(events::approval(ty, &row, reason));
    Ok(row)
}

/// What is frozen of an approval.
fn terms(row: &approval::Model) -> Terms<'_> {
    Terms {
        kind: &row.kind,
        permission: &row.permission,
        required: row.required,
        summary: &row.summary,
        payload: &row.payload,
        requested_by: row.requested_by_id,
        beneficiary: row.beneficiary_id,
    }
}

fn standing(row: &approval::Model) -> Standing {
    Standing {
        status: row.status,
        expires_at: row.expires_at,
        // One that takes nobody's approval takes at least somebody's.
        required: usize::try_from(row.required).unwrap_or(0).max(1),
        requested_by: row.requested_by_id,
        beneficiary: row.beneficiary_id,
    }
}

fn said(row: &approval_vote::Model) -> Vote {
    Vote { account: row.admin_user_id, decision: row.decision }
}

/// Whether somebody with these permissions may decide about it: approve anything, and do this themselves.
fn may_decide(given: &PermissionSet, row: &approval::Model) -> bool {
    given.has(permissions::APPROVE) && given.has(&row.permission)
}

/// An account as it is in the database now, as somebody who decides.
async fn as_voter(tx: &Tx, account: &admin_user::Model, row: &approval::Model) -> Result<Voter> {
    let may = account.is_active && may_decide(&held(tx, account, Some(tx.now())).await?, row);
    Ok(Voter { account: account.id, person: account.user_id, may })
}
