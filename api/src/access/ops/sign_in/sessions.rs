//! Sessions: kept up by their refresh tokens, raised by a second factor, and ended.

use ::entity::{
    admin_user,
    session::{self, SessionEnd},
};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{Factor, Tokens, lock, no_credential, tokens, use_factor};
use crate::{
    access::{
        events,
        ops::{Locked, held, impersonation::end_impersonations_in},
        permissions as keys,
        rules::{self, Family, Granter, MOST_SESSIONS, Shown},
        store,
    },
    kernel::{
        Kernel,
        error::{Error, Result, UserErrorCode, Violation},
        session_token::{AccessToken, RefreshToken},
        tx::Tx,
    },
};

/// What showing a refresh token came to.
pub enum Refreshed {
    /// Here are the next ones.
    Tokens(Tokens),
    /// It was used before: the session is ended.
    Reused,
}

/// Who shows a refresh token, and which: none where it isn't ours.
///
/// # Errors
/// INVALID where it isn't one, or of a session that is gone.
pub async fn read_refresh_token(kernel: &Kernel, text: &SecretString) -> Result<(Uuid, RefreshToken)> {
    let token = RefreshToken::verify(text.expose_secret(), kernel.keys()).ok_or_else(over)?;
    let row = store::session(kernel.db().reader(), token.session).await?.ok_or_else(over)?;
    Ok((row.admin_user_id, token))
}

/// Exchanges a refresh token for the next. One that was used before ends the session.
///
/// # Errors
/// INVALID where the session is over.
pub async fn refresh_session(tx: &mut Tx, shown: RefreshToken) -> Result<(session::Model, Refreshed)> {
    let row = store::lock_session(tx, shown.session).await?.ok_or_else(over)?;
    let account = account_of(tx, &row).await?;
    let family = Family {
        generation: row.generation,
        idle_until: row.idle_until,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    };
    let now = tx.now();
    match family.show(shown.generation, now) {
        Shown::Current(next) if account.is_active => {
            let row = session::Model {
                generation: next.generation,
                idle_until: next.idle_until,
                refreshed_at: now,
                key_id: tx.kernel().keys().first_id(),
                updated_at: now,
                version: row.version + 1,
                ..row
            };
            store::update_session(tx, &row).await?;
            tx.record(events::session(&events::SESSION_REFRESHED, &row, account.user_id));
            let tokens = tokens(tx.kernel(), &row, now, true);
            Ok((row, Refreshed::Tokens(tokens)))
        }
        Shown::Reused => Ok((end_one(tx, row, &account, SessionEnd::Reused).await?, Refreshed::Reused)),
        Shown::Current(_) | Shown::Over => Err(over()),
    }
}

/// Notes that a second factor was proved anew, and gives an access token that says so.
///
/// # Errors
/// INVALID where the code isn't right; NOT_ALLOWED where the account has no second factor.
pub async fn step_up(
    tx: &mut Tx,
    shown: &AccessToken,
    code: SecretString,
) -> Result<(session::Model, Tokens)> {
    let (mut credential, account) = lock(tx, shown.account).await?.ok_or_else(no_credential)?;
    let row = store::lock_session(tx, shown.session).await?.filter(|row| row.revoked_at.is_none());
    let row = row.ok_or_else(over)?;
    if credential.sealed_totp.is_none() {
        let message = "this account has no second factor yet";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "", message));
    }
    use_factor(tx, &mut credential, &Factor::Totp(code), "code").await?;
    let row = prove_factor(tx, row).await?;
    tx.record(events::session(&events::SESSION_STEPPED_UP, &row, account.user_id));
    let tokens = tokens(tx.kernel(), &row, tx.now(), false);
    Ok((row, tokens))
}

/// Ends a session before its time: one's own, or, where `granter` may, somebody else's.
///
/// # Errors
/// NOT_FOUND; NOT_ALLOWED; INVALID_TRANSITION where it is over.
pub async fn revoke_session(
    tx: &mut Tx,
    granter: &Granter,
    may_end_others: bool,
    id: Uuid,
) -> Result<session::Model> {
    let not_found = || Error::not_found("session", "id");
    let account = store::account_of_session(tx, id).await?.ok_or_else(not_found)?;
    if granter.account() != Some(account) {
        if !may_end_others {
            let message = "ending somebody else's session takes the permission access.manage_accounts";
            return Err(Error::invalid(UserErrorCode::NotAllowed, "id", message));
        }
        let locked = Locked::lock(tx, granter, keys::MANAGE_ACCOUNTS, Some(account), None).await?;
        let account = locked.account(tx, account, "id")?;
        let held = held(tx, account, Some(tx.now())).await?;
        rules::check_rank(&locked.granter, account.level, &held, "id")?;
    }
    let row = store::lock_session(tx, id).await?.ok_or_else(not_found)?;
    let account = account_of(tx, &row).await?;
    if row.revoked_at.is_some() || row.idle_until <= tx.now() {
        let message = "this session is over";
        return Err(Error::invalid(UserErrorCode::InvalidTransition, "id", message));
    }
    end_one(tx, row, &account, SessionEnd::Revoked).await
}

/// Ends the sessions whose tokens are signed from a sealing key that is to be retired at once.
///
/// # Errors
/// Where the database can't.
pub async fn end_sessions_of_key(tx: &mut Tx, key_id: &str) -> Result<()> {
    for row in store::lock_sessions_of_key(tx, key_id).await? {
        let account = account_of(tx, &row).await?;
        end_one(tx, row, &account, SessionEnd::Revoked).await?;
    }
    Ok(())
}

/// A second factor was proved in this session, now.
pub(super) async fn prove_factor(tx: &Tx, row: session::Model) -> Result<session::Model> {
    let now = tx.now();
    let row = session::Model { factor_at: Some(now), updated_at: now, version: row.version + 1, ..row };
    store::update_session(tx, &row).await?;
    Ok(row)
}

/// Ends all sessions of an account, but this one.
pub(in crate::access::ops) async fn end_all(
    tx: &mut Tx,
    account: &admin_user::Model,
    but: Option<Uuid>,
    why: SessionEnd,
) -> Result<()> {
    let mut rows = store::lock_sessions_of(tx, account.id).await?;
    rows.retain(|row| Some(row.id) != but);
    end(tx, rows, account, why).await?;
    Ok(())
}

/// Ends the oldest sessions of an account that has as many as one may have, so that there is room for another. The
/// account is locked.
pub(super) async fn make_room(tx: &mut Tx, account: &admin_user::Model) -> Result<()> {
    let mut rows = store::lock_sessions_of(tx, account.id).await?;
    rows.truncate((rows.len() + 1).saturating_sub(MOST_SESSIONS));
    end(tx, rows, account, SessionEnd::Displaced).await?;
    Ok(())
}

/// Ends sessions of an account; as they are by then.
async fn end(
    tx: &mut Tx,
    rows: Vec<session::Model>,
    account: &admin_user::Model,
    why: SessionEnd,
) -> Result<Vec<session::Model>> {
    if rows.is_empty() {
        return Ok(rows);
    }
    store::end_sessions(tx, rows.iter().map(|row| row.id), why).await?;
    let now = tx.now();
    let ended = rows.into_iter().map(|row| session::Model {
        ended_by: Some(why),
        revoked_at: Some(now),
        updated_at: now,
        version: row.version + 1,
        ..row
    });
    let ended: Vec<_> = ended.collect();
    let of = |row| events::session(&events::SESSION_REVOKED, row, account.user_id);
    tx.record_many(ended.iter().map(of));
    for row in &ended {
        end_impersonations_in(tx, row.id).await?;
    }
    // Access tokens are good without a look into the database: every process has to hear of it.
    tx.rights_changed().await?;
    Ok(ended)
}

/// Ends one session of an account; as it is by then.
async fn end_one(
    tx: &mut Tx,
    row: session::Model,
    account: &admin_user::Model,
    why: SessionEnd,
) -> Result<session::Model> {
    let ended = end(tx, vec![row], account, why).await?.pop();
    ended.ok_or_else(|| Error::internal("of one session none was ended"))
}

async fn account_of(tx: &Tx, row: &session::Model) -> Result<admin_user::Model> {
    let account = store::account(tx, row.admin_user_id).await?;
    account.ok_or_else(|| Error::internal("a session is of an account that isn't there"))
}

/// Whatever is wrong with a refresh token, this is all that is said.
fn over() -> Error {
    let message = "this refresh token isn't good, or not any more: sign in anew";
    Violation::new(UserErrorCode::Invalid, "refreshToken", message).into()
}
