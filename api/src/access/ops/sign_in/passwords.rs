//! Passwords: given at the machine, and changed by whose they are.

use std::net::IpAddr;

use ::entity::{admin_user, credential, session::SessionEnd};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{
    attempts::PasswordAttempt, hash_of, lock, no_credential, save, seal, sessions::end_all, sign_in_name,
};
use crate::{
    access::{
        events,
        rules::{self, RecoveryCode},
        store,
    },
    kernel::{
        Kernel,
        error::{Error, Result, UserErrorCode},
        password::{self, Line},
        tx::Tx,
    },
};

/// A password that can be taken, hashed.
pub struct NewPassword {
    pub(super) hash: String,
    /// The hash of the one before, where that was looked at.
    pub(super) replaces: Option<String>,
}

impl NewPassword {
    /// A random one, to be handed out once: 80 bits, in letters that don't look alike.
    ///
    /// # Errors
    /// Where it can't be hashed.
    pub async fn generate() -> Result<(Self, SecretString)> {
        let password = SecretString::from(RecoveryCode::generate().expose().as_str());
        let hash = password::hash(password.clone(), Line::Known).await?;
        Ok((Self { hash, replaces: None }, password))
    }
}

/// Looks at the password of who wants another one, and at that.
///
/// # Errors
/// THROTTLED; INVALID where the current one isn't right; what is wrong with the new one.
pub async fn verify_password(
    kernel: &Kernel,
    account: Uuid,
    address: Option<IpAddr>,
    current: SecretString,
    new: SecretString,
) -> Result<NewPassword> {
    let credential = store::credential_of(kernel.db().reader(), account).await?.ok_or_else(no_credential)?;
    rules::check_password(new.expose_secret(), &credential.sign_in_name, "newPassword")?;
    let attempt = PasswordAttempt::count(kernel, &credential.sign_in_name, address, true).await?;
    let hash = hash_of(kernel, &credential)?;
    if !password::verify(current, Some(hash.clone()), Line::Known).await? {
        let message = "this isn't the current password";
        return Err(Error::invalid(UserErrorCode::Invalid, "currentPassword", message));
    }
    attempt.was_right(kernel).await?;
    if password::verify(new.clone(), Some(hash.clone()), Line::Known).await? {
        let message = "this is the current password";
        return Err(Error::invalid(UserErrorCode::Invalid, "newPassword", message));
    }
    Ok(NewPassword { hash: password::hash(new, Line::Known).await?, replaces: Some(hash) })
}

/// Puts another password in the place of the one that was looked at, and ends all sessions but `session`.
///
/// # Errors
/// CONFLICT where somebody has changed it meanwhile.
pub async fn replace_password(
    tx: &mut Tx,
    account: Uuid,
    new: NewPassword,
    session: Option<Uuid>,
) -> Result<admin_user::Model> {
    let (mut credential, account) = lock(tx, account).await?.ok_or_else(no_credential)?;
    if new.replaces != Some(hash_of(tx.kernel(), &credential)?) {
        let message = "the password was changed meanwhile";
        return Err(Error::invalid(UserErrorCode::Conflict, "", message));
    }
    put(tx, &mut credential, &new).await?;
    tx.record(events::credential(&events::PASSWORD_UPDATED, &account));
    end_all(tx, &account, session, SessionEnd::PasswordChanged).await?;
    Ok(account)
}

/// Gives an account a password, and the address that it signs in by; what it had is no good any more.
///
/// # Errors
/// NOT_FOUND; TAKEN where another account signs in by this address.
pub async fn set_password(tx: &mut Tx, id: Uuid, name: &str, new: NewPassword) -> Result<admin_user::Model> {
    let accounts = store::lock_accounts(tx, &[id]).await?;
    let account = accounts.get(id).ok_or_else(|| Error::not_found("admin user", "id"))?;
    match store::lock_credential(tx, id).await? {
        Some(mut credential) => put(tx, &mut credential, &new).await?,
        None => {
            let credential = new_credential(tx, id, &sign_in_name(name), &new);
            if !store::insert_credential(tx, &credential).await? {
                let message = "another account signs in by this address";
                return Err(Error::invalid(UserErrorCode::Taken, "name", message));
            }
        }
    }
    store::revoke_invitations(tx, id).await?;
    tx.record(events::credential(&events::PASSWORD_UPDATED, account));
    end_all(tx, account, None, SessionEnd::PasswordChanged).await?;
    Ok(account.clone())
}

/// What an account signs in with that has nothing yet.
pub(super) fn new_credential(tx: &Tx, account: Uuid, name: &str, new: &NewPassword) -> credential::Model {
    let (id, now) = (tx.new_id(), tx.now());
    credential::Model {
        id,
        admin_user_id: account,
        sign_in_name: name.to_owned(),
        sealed_password: seal(tx.kernel(), id, new.hash.as_bytes()),
        password_changed_at: now,
        sealed_totp: None,
        totp_confirmed_at: None,
        totp_step: None,
        sealed_new_totp: None,
        new_totp_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

async fn put(tx: &Tx, credential: &mut credential::Model, new: &NewPassword) -> Result<()> {
    credential.sealed_password = seal(tx.kernel(), credential.id, new.hash.as_bytes());
    credential.password_changed_at = tx.now();
    save(tx, credential).await
}
