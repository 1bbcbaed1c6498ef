//! Invitations: made by who may give all that the account may, and accepted once by whoever was handed the text.

use ::entity::{admin_user, credential, invitation, session};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Enrolment, NewPassword, Tokens, begin, enroll_mfa, passwords::new_credential, sign_in_name, tokens,
};
use crate::{
    access::{
        events,
        ops::{Locked, held},
        permissions as keys,
        rules::{self, Granter, InvitationToken},
        store,
    },
    kernel::{
        Kernel,
        error::{Error, Result, UserErrorCode},
        password,
        queue::NewTask,
        secret::{Aad, sealed::SealedTable},
        text,
        tx::Tx,
    },
};

/// Those that are to be mailed.
pub static SEALED: SealedTable =
    SealedTable { name: "invitations", row: "id", beside: None, columns: &["sealed_token"] };

/// The kind of the task that mails an invitation.
pub const MAIL: &str = "access.mail_invitation";

/// What that task knows. The text lies sealed in the invitation's row: whoever has the database has no invitation.
#[derive(Debug, Serialize, Deserialize)]
pub struct Mail {
    invitation: Uuid,
}

/// An invitation, to be handed to whom it is for. The text is nowhere else.
pub struct Invitation {
    /// Which.
    id: Uuid,
    /// What `invitationAccept` takes.
    pub token: InvitationToken,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// What accepting one gives: a session that can only enrol a second factor, and that begun.
pub struct Accepted {
    /// What the session is shown by.
    pub tokens: Tokens,
    /// What the authenticator app is to learn.
    pub enrolment: Enrolment,
}

/// Invites whoever the account `id` is for to set its first password, and sign in by `email` from then on: the person's
/// own address where none is given. The invitation from before is no good any more.
///
/// # Errors
/// NOT_FOUND; TAKEN where another account signs in by this address; NOT_ALLOWED where the account isn't in use or has a
/// password, or may what the granter may not.
pub async fn invite(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    email: Option<&str>,
) -> Result<(admin_user::Model, Invitation)> {
    const ID: &str = "adminUserId";
    let locked = Locked::lock(tx, granter, keys::MANAGE_ACCOUNTS, Some(id), None).await?;
    let account = locked.account(tx, id, ID)?.clone();
    // Whoever sees the text could use it.
    let held = held(tx, &account, Some(tx.now())).await?;
    rules::check_rank(&locked.granter, account.level, &held, ID)?;
    rules::check_not_self(granter, id, ID)?;
    if !account.is_active {
        return Err(Error::invalid(UserErrorCode::NotAllowed, ID, "this account isn't active"));
    }
    if store::lock_credential(tx, id).await?.is_some() {
        let message = "this account has a password: whoever runs the gateway gives another, by `opsgate admin password`";
        return Err(Error::invalid(UserErrorCode::NotAllowed, ID, message));
    }
    let email = match email {
        Some(given) => text::email(given, "email")?,
        None => {
            let person = store::user(tx, account.user_id).await?;
            person.ok_or_else(|| Error::internal("an account of nobody"))?.email
        }
    };
    let name = sign_in_name(&email);
    if store::credential_by_name(tx.db(), &name).await?.is_some() {
        let message = "another account signs in by this address";
        return Err(Error::invalid(UserErrorCode::Taken, "email", message));
    }
    let invitation = open(tx, &account, name, granter.account()).await?;
    Ok((account, invitation))
}

/// The same for an account that was made just now.
pub(in crate::access::ops) async fn open(
    tx: &mut Tx,
    account: &admin_user::Model,
    sign_in_name: String,
    created_by: Option<Uuid>,
) -> Result<Invitation> {
    store::revoke_invitations(tx, account.id).await?;
    let token = InvitationToken::generate();
    let now = tx.now();
    let row = invitation::Model {
        id: tx.new_id(),
        admin_user_id: account.id,
        sign_in_name,
        token_hash: token.hash().to_vec(),
        created_by,
        created_at: now,
        expires_at: now + rules::INVITATION_LASTS,
        accepted_at: None,
        revoked_at: None,
        sealed_token: None,
    };
    store::insert_invitation(tx, &row).await?;
    tx.record(events::invited(account, row.expires_at));
    Ok(Invitation { id: row.id, token, expires_at: row.expires_at })
}

/// Has an invitation mailed to the address that it is for.
///
/// # Errors
/// NOT_ALLOWED where the settings name no server.
pub async fn mail(tx: &mut Tx, invitation: &Invitation) -> Result<()> {
    if tx.kernel().mailer().is_none() {
        let message = "no mail is sent here: whoever runs the gateway sets smtp_url, or hand the invitation over yourself";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "byMail", message));
    }
    let aad = Aad { table: SEALED.name, row: invitation.id };
    let sealed = tx.kernel().keys().seal(invitation.token.expose().as_bytes(), aad);
    store::keep_for_mail(tx, invitation.id, sealed).await?;
    tx.enqueue(NewTask::new(MAIL, Mail { invitation: invitation.id })?).await?;
    Ok(())
}

/// Sends that mail, unless the invitation isn't good any more.
///
/// # Errors
/// Where it can't be sent now.
pub async fn send(kernel: &Kernel, mail: &Mail) -> Result<()> {
    let found = store::invitation(kernel.db().reader(), mail.invitation).await?;
    let Some((row, person)) = found.filter(|(row, _)| is_good(row, kernel.clock().now())) else {
        return Ok(());
    };
    let mailer = kernel.mailer().ok_or(Error::unavailable("no mail is sent here any more (smtp_url)"))?;
    let Some(sealed) = &row.sealed_token else { return Ok(()) };
    let token = kernel.keys().open(sealed, Aad { table: SEALED.name, row: row.id })?;
    let token = std::str::from_utf8(&token).map_err(|_| Error::internal("an invitation isn't text"))?;
    let (name, url) = (&person.name, mailer.public_url());
    let text = format!(
        "Hello {name},\n\n\
         an account was made for you. Open this link within three days, choose a password, and scan the code that you see\n\
         with an authenticator app:\n\n    {url}/graphql#invitation={token}\n\n\
         It works once, for whoever has it: don't pass it on. If you don't know what this is, leave it alone.\n"
    );
    mailer.send(name, &row.sign_in_name, "You are invited to Opsgate", text).await
}

/// An invitation that was good a moment ago, and a password that can be taken.
pub struct Accepting {
    invitation: invitation::Model,
    password: NewPassword,
}

impl Accepting {
    /// Whose account it is.
    pub fn account(&self) -> Uuid {
        self.invitation.admin_user_id
    }
}

/// Looks at an invitation, and at the password that somebody wants to sign in by.
///
/// # Errors
/// INVALID where the invitation isn't good; what is wrong with the password.
pub async fn read_invitation(
    kernel: &Kernel,
    shown: &SecretString,
    password: SecretString,
) -> Result<Accepting> {
    let token = InvitationToken::parse(shown.expose_secret()).ok_or_else(no_good)?;
    let found = store::invitation_by_hash(kernel.db().reader(), token.hash()).await?;
    let invitation = found.filter(|row| is_good(row, kernel.clock().now())).ok_or_else(no_good)?;
    rules::check_password(password.expose_secret(), &invitation.sign_in_name, "password")?;
    let password = NewPassword { hash: password::hash(password).await?, replaces: None };
    Ok(Accepting { invitation, password })
}

/// Sets the password, begins a session that can only enrol a second factor, and begins to.
///
/// # Errors
/// INVALID where somebody was faster; TAKEN where another account signs in by this address by now.
pub async fn accept_invitation(tx: &mut Tx, accepting: &Accepting) -> Result<(session::Model, Accepted)> {
    let Accepting { invitation, password } = accepting;
    let account = store::note_login(tx, invitation.admin_user_id).await?.ok_or_else(no_good)?;
    let found = store::lock_invitation(tx, invitation.id).await?;
    let row = found.filter(|row| is_good(row, tx.now())).ok_or_else(no_good)?;
    let credential: credential::Model = new_credential(tx, account.id, &row.sign_in_name, password);
    if !store::insert_credential(tx, &credential).await? {
        let message = "another account signs in by this address: ask for another invitation";
        return Err(Error::invalid(UserErrorCode::Taken, "token", message));
    }
    store::accept_invitation(tx, row.id).await?;
    tx.record(events::credential(&events::INVITATION_ACCEPTED, &account));
    let session = begin(tx, &account, None).await?;
    let (_, enrolment) = enroll_mfa(tx, account.id, Ok(())).await?;
    let tokens = tokens(tx.kernel(), &session, tx.now(), true);
    Ok((session, Accepted { tokens, enrolment }))
}

fn is_good(row: &invitation::Model, now: DateTime<Utc>) -> bool {
    rules::is_good_invitation(row.expires_at, row.accepted_at, row.revoked_at, now)
}

/// Whatever is wrong with one, this is all that is said.
fn no_good() -> Error {
    let message = "this invitation isn't good, or not any more: ask for another";
    Error::invalid(UserErrorCode::Invalid, "token", message)
}
