//! Signing in: what somebody shows is proved first, then a session begins.
//!
//! Counting and hashing come before the transaction; the second factor is looked at within it, so that a code works once
//! however many requests bring it at the same moment.

mod attempts;
mod factors;
mod invitations;
mod passwords;
mod sessions;

use self::sessions::make_room;
pub(super) use self::{invitations::open as open_invitation, sessions::end_all};
pub use factors::{
    Enrolment, confirm_mfa, count_factor, enroll_mfa, forget_factors, regenerate_recovery_codes, reset_mfa,
};
pub use invitations::{
    Accepted, INVITE, Invitation, MAIL, NewInvitation, accept_invitation, invite, invite_approved,
    invite_or_ask, read_invitation, send,
};
pub use passwords::{NewPassword, replace_password, set_password, verify_password};
pub use sessions::{
    Refreshed, end_sessions_of_key, read_refresh_token, refresh_session, revoke_session, step_up,
};

use ::entity::{admin_user, credential, session};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    access::{
        events,
        rules::{Family, RecoveryCode, Totp},
        store,
    },
    kernel::{
        Kernel,
        actor::ADMIN_USER,
        error::{Error, Result, UserErrorCode, Violation},
        password::{self, Line},
        request::Origin,
        secret::{Aad, SealingKey, sealed::SealedTable},
        session_token::{ACCESS, AccessToken, RefreshToken},
        tx::{Author, Tx},
    },
};

use self::attempts::{PasswordAttempt, is_known};

/// What is sealed of this domain.
pub const SEALED: &[&SealedTable] = &[&CREDENTIALS, &invitations::SEALED];

static CREDENTIALS: SealedTable = SealedTable {
    name: "credentials",
    row: "id",
    beside: None,
    columns: &["sealed_password", "sealed_totp", "sealed_new_totp"],
};

/// What somebody shows who signs in.
pub struct SignIn {
    /// The address that they sign in by.
    pub name: String,
    /// Their password.
    pub password: SecretString,
    /// Their second factor, where they have one.
    pub factor: Option<Factor>,
    /// A refresh token from a sign-in before, by which the client is known.
    pub last_refresh_token: Option<SecretString>,
}

/// A second factor.
pub enum Factor {
    /// A code of the moment.
    Totp(SecretString),
    /// A recovery code.
    Recovery(SecretString),
}

impl Factor {
    /// Where it stands in the input of a sign-in.
    fn field(&self) -> &'static str {
        match self {
            Self::Totp(_) => "secondFactor.totp",
            Self::Recovery(_) => "secondFactor.recoveryCode",
        }
    }
}

/// A password that was right, and a second factor that is still to be looked at.
pub struct Proved {
    account: admin_user::Model,
    /// The hash as it was then: who has changed the password meanwhile has ended this, too.
    hash: Zeroizing<String>,
    factor: Option<Factor>,
    attempt: PasswordAttempt,
}

impl Proved {
    /// Whose it is.
    pub fn account(&self) -> Uuid {
        self.account.id
    }

    /// They are signed in: nothing that was counted stands against them.
    ///
    /// # Errors
    /// Where the database can't.
    pub async fn done(&self, kernel: &Kernel) -> Result<()> {
        self.attempt.signed_in(kernel).await?;
        match self.factor {
            Some(_) => forget_factors(kernel, self.account.id).await,
            None => Ok(()),
        }
    }
}

/// What a session is shown by. The texts are handed out once and kept nowhere.
pub struct Tokens {
    /// The session.
    pub session: Uuid,
    /// For requests.
    pub access: SecretString,
    /// Until when.
    pub access_expires_at: DateTime<Utc>,
    /// For the next tokens; none where the one that they have stays.
    pub refresh: Option<(SecretString, DateTime<Utc>)>,
    /// Whether they have to enrol a second factor before anything else.
    pub is_enrolling: bool,
}

/// Looks at what somebody shows. An account that isn't there, one that isn't active and a wrong password are alike.
///
/// # Errors
/// THROTTLED; INVALID where it isn't right, REQUIRED where a second factor is wanted, too.
pub async fn prove(kernel: &Kernel, origin: &Origin, sign_in: SignIn) -> Result<Proved> {
    let SignIn { name, password, factor, last_refresh_token } = sign_in;
    let name = sign_in_name(&name);
    let is_known = is_known(kernel, &name, last_refresh_token.as_ref()).await?;
    let attempt = PasswordAttempt::count(kernel, &name, origin.ip_address, is_known).await?;
    let found = store::credential_by_name(kernel.db().reader(), &name).await?;
    let active = found.as_ref().filter(|(_, account)| account.is_active);
    let hash = active.map(|(credential, _)| hash_of(kernel, credential)).transpose()?;
    let line = if is_known { Line::Known } else { Line::Strangers };
    let is_right = password::verify(password, hash.clone(), line).await?;
    let Some((credential, account)) = found else { return Err(wrong()) };
    let Some(hash) = hash.filter(|_| is_right) else {
        note_denied(kernel, origin, account, "PASSWORD");
        return Err(wrong());
    };
    attempt.was_right(kernel).await?;
    let factor = match (&credential.sealed_totp, factor) {
        (None, _) => None,
        (Some(_), None) => return Err(factor_wanted()),
        (Some(_), Some(factor)) => {
            count_factor(kernel, account.id).await?;
            Some(factor)
        }
    };
    Ok(Proved { account, hash: hash.into(), factor, attempt })
}

/// Has it on the record that somebody couldn't sign in as an account: an entry at once, and one more a minute at most. Nobody
/// waits for that: how long an answer takes doesn't tell whether there is an account.
fn note_denied(kernel: &Kernel, origin: &Origin, account: admin_user::Model, shown: &'static str) {
    let author = Author::knocking(origin);
    let key = (ADMIN_USER.encode(account.id), format!("(sign-in) {shown}"));
    let say = move |attempts| events::session_denied(&account, shown, attempts);
    let (noting, now) = (kernel.clone(), kernel.clock().now());
    kernel.background(async move { noting.denials().note_attempt(&noting, now, author, key, say).await });
}

/// The same of who has shown the right password, and a second factor that isn't.
pub fn note_wrong_factor(kernel: &Kernel, origin: &Origin, proved: &Proved) {
    let shown = match proved.factor {
        Some(Factor::Totp(_)) => "TOTP",
        Some(Factor::Recovery(_)) => "RECOVERY_CODE",
        None => return,
    };
    note_denied(kernel, origin, proved.account.clone(), shown);
}

/// Begins a session of who has proved who they are.
///
/// # Errors
/// INVALID where the second factor isn't right, or what was proved isn't so any more.
pub async fn start_session(tx: &mut Tx, proved: &Proved) -> Result<(session::Model, Tokens)> {
    let account = store::note_login(tx, proved.account.id).await?.ok_or_else(wrong)?;
    let mut credential = store::lock_credential(tx, account.id).await?.ok_or_else(wrong)?;
    if hash_of(tx.kernel(), &credential)? != *proved.hash {
        return Err(wrong());
    }
    let now = tx.now();
    let factor_at = match (credential.sealed_totp.is_some(), &proved.factor) {
        (false, _) => None,
        (true, None) => return Err(factor_wanted()),
        (true, Some(factor)) => {
            use_factor(tx, &mut credential, factor, factor.field()).await?;
            Some(now)
        }
    };
    let row = begin(tx, &account, factor_at).await?;
    let tokens = tokens(tx.kernel(), &row, now, true);
    Ok((row, tokens))
}

/// Begins a session of somebody who proved a second factor at `factor_at`, or has none yet. The account is locked.
async fn begin(
    tx: &mut Tx,
    account: &admin_user::Model,
    factor_at: Option<DateTime<Utc>>,
) -> Result<session::Model> {
    make_room(tx, account).await?;
    let now = tx.now();
    let family = Family::begin(now);
    let row = session::Model {
        id: tx.new_id(),
        admin_user_id: account.id,
        generation: family.generation,
        factor_at,
        refreshed_at: now,
        idle_until: family.idle_until,
        expires_at: family.expires_at,
        ended_by: None,
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
        key_id: tx.kernel().keys().first_id(),
    };
    store::insert_session(tx, &row).await?;
    tx.record(events::session(&events::SESSION_STARTED, &row, account.user_id));
    Ok(row)
}

/// The tokens of a session, as it is now; all from one key.
fn tokens(kernel: &Kernel, row: &session::Model, now: DateTime<Utc>, with_refresh: bool) -> Tokens {
    let keys = kernel.keys();
    // Where its key is gone, it isn't the refresh token that it has which gets it this far.
    let sign = |sign: &dyn Fn(&SealingKey) -> SecretString| {
        keys.with(&row.key_id, sign).unwrap_or_else(|| sign(&keys.keys()[0]))
    };
    let access = AccessToken {
        session: row.id,
        account: row.admin_user_id,
        factor_at: row.factor_at,
        expires_at: (now + ACCESS).min(row.expires_at),
    };
    let refresh = RefreshToken { session: row.id, generation: row.generation };
    Tokens {
        session: row.id,
        access: sign(&|key| access.sign(key)),
        access_expires_at: access.expires_at,
        refresh: with_refresh.then(|| (sign(&|key| refresh.sign(key)), row.idle_until)),
        is_enrolling: row.factor_at.is_none(),
    }
}

/// What the account signs in with, and the account. Neither changes before the transaction ends.
async fn lock(tx: &Tx, account: Uuid) -> Result<Option<(credential::Model, admin_user::Model)>> {
    let Some(account) = store::hold_account(tx, account).await? else { return Ok(None) };
    let credential = store::lock_credential(tx, account.id).await?;
    Ok(credential.map(|credential| (credential, account)))
}

/// Uses up a second factor.
async fn use_factor(tx: &Tx, credential: &mut credential::Model, factor: &Factor, field: &str) -> Result<()> {
    let is_right = match factor {
        Factor::Totp(code) => {
            let totp = totp_of(tx.kernel(), credential.id, credential.sealed_totp.as_deref())?;
            let step =
                totp.and_then(|totp| totp.accept(code.expose_secret(), tx.now(), credential.totp_step));
            if step.is_some() {
                credential.totp_step = step;
                save(tx, credential).await?;
            }
            step.is_some()
        }
        Factor::Recovery(code) => match RecoveryCode::parse(code.expose_secret()) {
            Some(code) => store::use_recovery_code(tx, credential.admin_user_id, code.hash()).await?,
            None => false,
        },
    };
    if is_right { Ok(()) } else { Err(wrong_code(field).into()) }
}

async fn save(tx: &Tx, credential: &mut credential::Model) -> Result<()> {
    credential.version += 1;
    credential.updated_at = tx.now();
    store::update_credential(tx, credential).await
}

/// The address as it is compared. PostgreSQL can't even be asked for a NUL.
fn sign_in_name(typed: &str) -> String {
    typed.trim().to_lowercase().replace('\0', "\u{fffd}")
}

fn hash_of(kernel: &Kernel, credential: &credential::Model) -> Result<String> {
    let hash = open(kernel, credential.id, &credential.sealed_password)?;
    String::from_utf8(hash.to_vec()).map_err(|_| Error::internal("a password's hash isn't text"))
}

fn totp_of(kernel: &Kernel, id: Uuid, sealed: Option<&str>) -> Result<Option<Totp>> {
    let Some(sealed) = sealed else { return Ok(None) };
    let bytes = open(kernel, id, sealed)?;
    let totp = Totp::from_bytes(&bytes);
    totp.map(Some).ok_or_else(|| Error::internal("a secret of codes has another length"))
}

fn open(kernel: &Kernel, row: Uuid, sealed: &str) -> Result<Zeroizing<Vec<u8>>> {
    Ok(kernel.keys().open(sealed, Aad { table: CREDENTIALS.name, row })?)
}

fn seal(kernel: &Kernel, row: Uuid, secret: &[u8]) -> String {
    kernel.keys().seal(secret, Aad { table: CREDENTIALS.name, row })
}

fn wrong() -> Error {
    Error::invalid(UserErrorCode::Invalid, "", "the address or the password isn't right")
}

fn wrong_code(field: &str) -> Violation {
    Violation::new(UserErrorCode::Invalid, field, "this code isn't right, or was used before")
}

fn factor_wanted() -> Error {
    Error::invalid(UserErrorCode::Required, "secondFactor", "this account has a second factor: send it, too")
}

/// An account that nobody has given a password.
fn no_credential() -> Error {
    Error::invalid(UserErrorCode::NotAllowed, "", "this account doesn't sign in here: it has no password")
}
