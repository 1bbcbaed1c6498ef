//! Where people stand: kept out, let in again, and known to be who they say.

use ::entity::user::{self, UserStatus};
use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        actor::Boundary,
        error::{Error, Result, check_version},
        event::EventType,
        queue::NewTask,
        tx::Tx,
    },
};

/// The kind of the task that ends a suspension.
pub const REINSTATE: &str = "directory.reinstate_user";
/// Why it does.
const ENDED: &str = "The suspension has ended.";

/// What the task that ends a suspension knows: whose it is, and which one.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReinstateTask {
    /// Who is kept out.
    pub user_id: Uuid,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Keeps a person out for now: until they are reinstated, or until `until`, when a task does it.
///
/// # Errors
/// NOT_FOUND, NOT_ALLOWED, CONFLICT, INVALID_TRANSITION, REQUIRED, TOO_LONG, OUT_OF_RANGE.
pub async fn suspend_user(
    tx: &mut Tx,
    id: Uuid,
    reason: &str,
    until: Option<DateTime<Utc>>,
    expected_version: Option<i32>,
) -> Result<user::Model> {
    let until = until.map(|until| until.trunc_subsecs(6));
    let (reason, until) = match (rules::reason(reason), rules::end(until, tx.now())) {
        (Ok(reason), Ok(until)) => (reason, until),
        (a, b) => return Err([a.err(), b.err()].into_iter().flatten().collect::<Vec<_>>().into()),
    };
    let before = lock(tx, id, expected_version).await?;
    rules::check_suspend(before.status)?;
    if let Some(until) = until {
        tx.enqueue(NewTask::new(REINSTATE, ReinstateTask { user_id: id, until })?.at(until)).await?;
    }
    let after = user::Model { status: UserStatus::Suspended, suspended_until: until, ..before.clone() };
    save(tx, &events::USER_SUSPENDED, &before, after, Some(&reason)).await
}

/// Lets a person in again.
///
/// # Errors
/// As [`suspend_user`].
pub async fn reinstate_user(
    tx: &mut Tx,
    id: Uuid,
    reason: &str,
    expected_version: Option<i32>,
) -> Result<user::Model> {
    let reason = rules::reason(reason)?;
    let before = lock(tx, id, expected_version).await?;
    rules::check_reinstate(before.status)?;
    reinstated(tx, &before, &reason).await
}

/// Lets a person in again whose suspension was to end at `until`: nobody, where it isn't that one any more.
///
/// # Errors
/// Where the database refuses.
pub async fn end_suspension(tx: &mut Tx, id: Uuid, until: DateTime<Utc>) -> Result<()> {
    let Some(before) = store::lock_user(tx, id).await? else { return Ok(()) };
    if before.status == UserStatus::Suspended && before.suspended_until == Some(until) {
        reinstated(tx, &before, ENDED).await?;
    }
    Ok(())
}

async fn reinstated(tx: &mut Tx, before: &user::Model, reason: &str) -> Result<user::Model> {
    let status = rules::standing(before.verified_at.is_some());
    let after = user::Model { status, suspended_until: None, ..before.clone() };
    save(tx, &events::USER_REINSTATED, before, after, Some(reason)).await
}

/// Notes that a person has proved to be who they say. Whoever is kept out stays out.
///
/// # Errors
/// NOT_FOUND, NOT_ALLOWED, CONFLICT, INVALID_TRANSITION.
pub async fn verify_user(tx: &mut Tx, id: Uuid, expected_version: Option<i32>) -> Result<user::Model> {
    let before = lock(tx, id, expected_version).await?;
    rules::check_verify(before.status, before.verified_at.is_some())?;
    let status = if before.status == UserStatus::Pending { UserStatus::Active } else { before.status };
    let after = user::Model { status, verified_at: Some(tx.now()), ..before.clone() };
    save(tx, &events::USER_VERIFIED, &before, after, None).await
}

/// The person, who is the platform's: an organization sees its members, and others decide about them.
async fn lock(tx: &Tx, id: Uuid, expected_version: Option<i32>) -> Result<user::Model> {
    let row = store::lock_user(tx, id).await?.ok_or_else(|| Error::not_found("user", "id"))?;
    if !matches!(tx.boundary(), Boundary::All) {
        let message =
            "a person is the platform's: who acts for an organization sees its members and can't do this";
        return Err(Error::denied("id", message));
    }
    check_version(id, row.version, expected_version)?;
    Ok(row)
}

async fn save(
    tx: &mut Tx,
    ty: &'static EventType,
    before: &user::Model,
    mut after: user::Model,
    reason: Option<&str>,
) -> Result<user::Model> {
    after.version += 1;
    after.updated_at = tx.now();
    store::put_users(tx, std::slice::from_ref(&after)).await?;
    tx.record(events::user(ty, Some(before), &after, reason));
    Ok(after)
}
