//! Second factors: enrolled, confirmed, taken away; and the codes for who has lost theirs.

use ::entity::{admin_user, credential, session, session::SessionEnd};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    Tokens, lock, no_credential, save, seal,
    sessions::{end_all, prove_factor},
    tokens, totp_of, wrong_code,
};
use crate::{
    access::{
        events,
        ops::{Locked, held},
        permissions as keys,
        rules::{self, Granter, RecoveryCode, Totp},
        store,
    },
    kernel::{
        error::{Error, Result, UserErrorCode},
        session_token::AccessToken,
        tx::Tx,
    },
};

pub use super::attempts::{count_factor, forget_factors};

/// How long a secret waits for its first code.
const TO_CONFIRM: TimeDelta = TimeDelta::minutes(10);

/// A secret that an authenticator app is to learn. Handed out once.
pub struct Enrolment {
    /// To be typed in.
    pub secret: Zeroizing<String>,
    /// To be read by a camera.
    pub uri: Zeroizing<String>,
    /// Until when its first code is waited for.
    pub expires_at: DateTime<Utc>,
}

/// Makes a secret for the account. The one that it has stays until the new one is confirmed. Who replaces one has proved
/// it lately, which `step_up` says: a session from before the first one was enrolled knows the password alone.
///
/// # Errors
/// NOT_ALLOWED where the account has no password; STEP_UP_REQUIRED.
pub async fn enroll_mfa(
    tx: &mut Tx,
    account: Uuid,
    step_up: Result<()>,
) -> Result<(admin_user::Model, Enrolment)> {
    let (mut credential, account) = lock(tx, account).await?.ok_or_else(no_credential)?;
    if credential.sealed_totp.is_some() {
        step_up?;
    }
    let totp = Totp::generate();
    let now = tx.now();
    credential.sealed_new_totp = Some(seal(tx.kernel(), credential.id, totp.bytes()));
    credential.new_totp_at = Some(now);
    save(tx, &mut credential).await?;
    tx.record(events::credential(&events::MFA_BEGUN, &account));
    let uri = totp.uri(&credential.sign_in_name);
    Ok((account, Enrolment { secret: totp.base32(), uri, expires_at: now + TO_CONFIRM }))
}

/// Takes the secret into use whose code this is, and makes recovery codes. The session goes on with all its rights, and
/// the account's others end.
///
/// # Errors
/// INVALID where the code isn't right; NOT_ALLOWED where none is waited for; STEP_UP_REQUIRED as for [`enroll_mfa`].
pub async fn confirm_mfa(
    tx: &mut Tx,
    shown: &AccessToken,
    code: SecretString,
    step_up: Result<()>,
) -> Result<(admin_user::Model, Tokens, Vec<RecoveryCode>)> {
    let (mut credential, account) = lock(tx, shown.account).await?.ok_or_else(no_credential)?;
    let row = store::lock_session(tx, shown.session).await?.filter(|row| row.revoked_at.is_none());
    let row = row.ok_or_else(|| Error::not_found("session", ""))?;
    if credential.sealed_totp.is_some() {
        step_up?;
    }
    let now = tx.now();
    let is_waited_for = credential.new_totp_at.is_some_and(|at| now < at + TO_CONFIRM);
    let totp = totp_of(tx.kernel(), credential.id, credential.sealed_new_totp.as_deref())?;
    let Some(totp) = totp.filter(|_| is_waited_for) else {
        let message = "no code is waited for, or not any more: begin anew with mfaEnroll";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "code", message));
    };
    let step = totp.accept(code.expose_secret(), now, None).ok_or_else(|| wrong_code("code"))?;
    credential.sealed_totp = credential.sealed_new_totp.take();
    credential.totp_step = Some(step);
    credential.totp_confirmed_at = Some(now);
    credential.new_totp_at = None;
    save(tx, &mut credential).await?;
    let codes = new_recovery_codes(tx, account.id).await?;
    let row: session::Model = prove_factor(tx, row).await?;
    tx.record(events::credential(&events::MFA_ENROLLED, &account));
    end_all(tx, &account, Some(row.id), SessionEnd::MfaChanged).await?;
    let tokens = tokens(tx.kernel(), &row, now, false);
    Ok((account, tokens, codes))
}

/// Makes new recovery codes; the ones from before are no good any more.
///
/// # Errors
/// NOT_ALLOWED where the account has no second factor.
pub async fn regenerate_recovery_codes(
    tx: &mut Tx,
    account: Uuid,
) -> Result<(admin_user::Model, Vec<RecoveryCode>)> {
    let (credential, account) = lock(tx, account).await?.ok_or_else(no_credential)?;
    check_enrolled(&credential)?;
    let codes = new_recovery_codes(tx, account.id).await?;
    tx.record(events::credential(&events::RECOVERY_CODES_REGENERATED, &account));
    Ok((account, codes))
}

/// Takes the second factor of somebody else away who has lost it, and ends their sessions: with their password they can
/// enrol a new one, and nothing else before.
///
/// # Errors
/// NOT_FOUND; NOT_ALLOWED for one's own, an account above one's level, or one without a second factor.
pub async fn reset_mfa(tx: &mut Tx, granter: &Granter, id: Uuid) -> Result<admin_user::Model> {
    let locked = Locked::lock(tx, granter, keys::MANAGE_ACCOUNTS, Some(id), None).await?;
    let account = locked.account(tx, id, "adminUserId")?.clone();
    if granter.account() == Some(id) {
        let message = "one's own second factor is replaced, by mfaEnroll; not taken away";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "adminUserId", message));
    }
    let held = held(tx, &account, Some(tx.now())).await?;
    rules::check_rank(&locked.granter, account.level, &held, "adminUserId")?;
    let mut credential = store::lock_credential(tx, id).await?.ok_or_else(no_credential)?;
    check_enrolled(&credential)?;
    credential.sealed_totp = None;
    credential.totp_step = None;
    credential.totp_confirmed_at = None;
    credential.sealed_new_totp = None;
    credential.new_totp_at = None;
    save(tx, &mut credential).await?;
    store::replace_recovery_codes(tx, id, &[]).await?;
    tx.record(events::credential(&events::MFA_RESET, &account));
    end_all(tx, &account, None, SessionEnd::MfaChanged).await?;
    Ok(account)
}

fn check_enrolled(credential: &credential::Model) -> Result<()> {
    if credential.sealed_totp.is_some() {
        return Ok(());
    }
    Err(Error::invalid(UserErrorCode::NotAllowed, "", "this account has no second factor"))
}

async fn new_recovery_codes(tx: &Tx, account: Uuid) -> Result<Vec<RecoveryCode>> {
    let codes = RecoveryCode::generate_all();
    let hashes: Vec<_> = codes.iter().map(RecoveryCode::hash).collect();
    store::replace_recovery_codes(tx, account, &hashes).await?;
    Ok(codes)
}
