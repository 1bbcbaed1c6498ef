//! Acting in another one's place: begun for a reason, shown by a token of its own, and ended.

use ::entity::{
    impersonation::{self, ImpersonationEnd},
    list::StringList,
};
use chrono::{SubsecRound, TimeDelta};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::held;
use crate::{
    access::{
        events, permissions,
        rules::{self, Granter, Wanting},
        store,
    },
    kernel::{
        actor::{Actor, PLATFORM},
        error::{Error, Result, UserErrorCode, check_version},
        impersonation_token::Claims,
        permission::PermissionSet,
        queue::NewTask,
        text,
        tx::Tx,
    },
};

/// The kind of the task that ends one whose time is over.
pub const END: &str = "access.end_impersonation";

/// The payload of that task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImpersonationTask {
    /// Which.
    pub impersonation_id: Uuid,
}

/// Somebody who wants to act in another one's place.
#[derive(Clone, Debug)]
pub struct Impersonating {
    /// Their account.
    pub account: Uuid,
    /// The session that they ask in, where it is one of ours.
    pub session: Option<Uuid>,
    /// What they may.
    pub permissions: PermissionSet,
}

/// In whose place, why, and for how long.
#[derive(Clone, Debug)]
pub struct NewImpersonation {
    /// The directory user.
    pub user_id: Uuid,
    /// With the eyes of which organization, where they have no account.
    pub organization_id: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// How long, in minutes.
    pub minutes: i32,
    /// Whether nothing is to be changed.
    pub is_read_only: bool,
}

/// Begins to act in the place of a user. The token by which it is shown is in the answer and nowhere else.
///
/// # Errors
/// What is wrong with the input; NOT_FOUND; NOT_ALLOWED as the [rules] say.
pub async fn start_impersonation(
    tx: &mut Tx,
    who: &Impersonating,
    new: NewImpersonation,
) -> Result<(impersonation::Model, SecretString)> {
    let reason = text::required(&new.reason, "reason", rules::MAX_TEXT)?;
    rules::check_minutes(new.minutes)?;
    let own = store::account(tx, who.account).await?;
    let own = own.ok_or_else(|| Error::internal("whoever asks has no account"))?;
    let user = store::user(tx, new.user_id).await?.ok_or_else(|| Error::not_found("user", "userId"))?;
    let account = store::account_of_user(tx, user.id).await?;
    let wanting = Wanting {
        user: own.user_id,
        level: own.level,
        may_write: who.permissions.has(permissions::IMPERSONATE_WRITING),
    };
    rules::check_place(&wanting, user.id, user.status, account.as_ref(), new.is_read_only)?;
    let organization_id = match &account {
        Some(_) if new.organization_id.is_some() => {
            let message = "this user has an account here, and is seen as that";
            return Err(Error::invalid(UserErrorCode::NotAllowed, "organizationId", message));
        }
        Some(_) => PLATFORM,
        None => {
            let member_of = store::organizations_of_user(tx, user.id).await?;
            rules::organization_of(&member_of, new.organization_id)?
        }
    };
    let now = tx.now();
    let row = impersonation::Model {
        id: tx.new_id(),
        impersonator_id: own.id,
        user_id: user.id,
        admin_user_id: account.as_ref().map(|account| account.id),
        organization_id,
        session_id: who.session,
        scopes: StringList(who.permissions.iter().map(str::to_owned).collect()),
        reason,
        is_read_only: new.is_read_only,
        // A JWT says it in whole seconds.
        expires_at: (now + TimeDelta::minutes(new.minutes.into())).trunc_subsecs(0),
        ended_by: None,
        ended_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::insert_impersonation(tx, &row).await?;
    let task = NewTask::new(END, ImpersonationTask { impersonation_id: row.id })?;
    tx.enqueue(task.unique(row.id.to_string()).at(row.expires_at)).await?;
    tx.record(events::impersonation(&events::IMPERSONATION_STARTED, &row));
    tx.rights_changed().await?;
    let subject = row.admin_user_id.map_or_else(|| Actor::user(user.id), Actor::admin);
    let claims = Claims::new(row.id, subject.id, Actor::admin(own.id).id, now, row.expires_at);
    let token = claims.sign(&tx.kernel().keys().keys()[0])?;
    Ok((row, token))
}

/// Ends an impersonation before its time: one's own, or, where `granter` may, somebody else's.
///
/// # Errors
/// NOT_FOUND, CONFLICT, NOT_ALLOWED; INVALID_TRANSITION where it is over.
pub async fn end_impersonation(
    tx: &mut Tx,
    granter: &Granter,
    may_end_others: bool,
    id: Uuid,
    expected: Option<i32>,
) -> Result<impersonation::Model> {
    let row = store::lock_impersonation(tx, id).await?;
    let row = row.ok_or_else(|| Error::not_found("impersonation", "id"))?;
    check_version(id, row.version, expected)?;
    if granter.account() != Some(row.impersonator_id) {
        if !may_end_others {
            let message = "ending somebody else's impersonation takes the permission access.manage_accounts";
            return Err(Error::invalid(UserErrorCode::NotAllowed, "id", message));
        }
        let account = store::account(tx, row.impersonator_id).await?;
        let account = account.ok_or_else(|| Error::internal("an impersonation is of no account"))?;
        rules::check_rank(granter, account.level, &held(tx, &account, Some(tx.now())).await?, "id")?;
    }
    rules::check_on(row.expires_at, row.ended_at, tx.now())?;
    end(tx, row, ImpersonationEnd::Ended).await
}

/// Ends an impersonation whose time is over, unless it has ended.
///
/// # Errors
/// Where the database can't.
pub async fn expire_impersonation(tx: &mut Tx, id: Uuid) -> Result<()> {
    let row = store::lock_impersonation(tx, id).await?;
    match row.filter(|row| row.ended_at.is_none() && row.expires_at <= tx.now()) {
        Some(row) => end(tx, row, ImpersonationEnd::Expired).await.map(|_| ()),
        None => Ok(()),
    }
}

/// Ends those that were begun in a session which is over.
///
/// # Errors
/// Where the database can't.
pub(super) async fn end_impersonations_in(tx: &mut Tx, session: Uuid) -> Result<()> {
    for row in store::lock_impersonations_in(tx, session).await? {
        end(tx, row, ImpersonationEnd::SessionEnded).await?;
    }
    Ok(())
}

async fn end(tx: &mut Tx, row: impersonation::Model, why: ImpersonationEnd) -> Result<impersonation::Model> {
    let now = tx.now();
    let row = impersonation::Model {
        ended_by: Some(why),
        ended_at: Some(now),
        updated_at: now,
        version: row.version + 1,
        ..row
    };
    store::update_impersonation(tx, &row).await?;
    tx.record(events::impersonation(&events::IMPERSONATION_ENDED, &row));
    // Its token is good without a look into the database: every process has to hear of it.
    tx.rights_changed().await?;
    Ok(row)
}
