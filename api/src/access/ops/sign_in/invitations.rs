//! Invitations: made by who may give all that the account may, and accepted once by whoever was handed the text.

use ::entity::{admin_user, approval, credential, invitation, session};
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
        ops::{Locked, approvals::Approved, ask_for, frozen_id, held, reach},
        permissions as keys,
        rules::{self, Consent, Granter, InvitationToken},
        store,
    },
    kernel::{
        Kernel,
        actor::ADMIN_USER,
        error::{Error, Result, UserErrorCode, check_version},
        leaf::Personal,
        mutation::Completion,
        password::{self, Line},
        permission::Action,
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
    /// The address that they will sign in by, and that it is mailed to.
    pub email: String,
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

/// Inviting to an account that may what is sensitive: whoever gets in there could be anybody, so it is as giving that.
pub static INVITE: Action = Action { kind: "access.invite", permission: keys::MANAGE_ACCOUNTS, approvals: 1 };

/// Somebody to be invited.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Their account.
    pub admin_user_id: Uuid,
    /// The address that they will sign in by: the person's own where none is given.
    pub email: Option<String>,
    /// Whether it is mailed there.
    pub by_mail: bool,
}

/// What is frozen of an invitation that somebody asks for: with what the account may that is sensitive, and its version.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrozenInvitation {
    admin_user_id: String,
    email: Personal<String>,
    sensitive: Vec<String>,
    version: i32,
}

/// Invites whoever the account `id` is for to set its first password, and sign in by `email` from then on: the person's
/// own address where none is given. The invitation from before is no good any more.
///
/// # Errors
/// NOT_FOUND; TAKEN where another account signs in by this address; NOT_ALLOWED where the account isn't in use or has a
/// password, or may what the granter may not; APPROVAL_REQUIRED where it may what is sensitive, as the [rules](rules) say.
pub async fn invite(
    tx: &mut Tx,
    granter: &Granter,
    id: Uuid,
    email: Option<&str>,
) -> Result<(admin_user::Model, Invitation)> {
    let Guest { account, sign_in_name, consent, .. } = examine(tx, granter, id, email).await?;
    consent.required()?;
    let invitation = open(tx, &account, sign_in_name, granter.account()).await?;
    Ok((account, invitation))
}

/// The same, or has others asked whether somebody may be invited: then it is mailed when they have said so, and nobody
/// else has seen it.
///
/// # Errors
/// As [`invite`]; REQUIRED where it is to be mailed and nobody says where to, or others are to be asked and it isn't to be
/// mailed; NOT_ALLOWED where the settings name no server.
pub async fn invite_or_ask(
    tx: &mut Tx,
    granter: &Granter,
    new: NewInvitation,
) -> Result<Completion<(admin_user::Model, Invitation), approval::Model>> {
    let NewInvitation { admin_user_id, email, by_mail } = new;
    if by_mail {
        check_mailer(tx)?;
        if email.is_none() {
            // Other systems say what a person's address is, and somebody else may say that.
            let message = "say where to: a person's address in the directory isn't looked at for that";
            return Err(Error::invalid(UserErrorCode::Required, "email", message));
        }
    }
    let Guest { account, sign_in_name, sensitive, consent } =
        examine(tx, granter, admin_user_id, email.as_deref()).await?;
    if let Consent::Given = consent {
        let invitation = open(tx, &account, sign_in_name, granter.account()).await?;
        if by_mail {
            mail(tx, &invitation).await?;
        }
        return Ok(Completion::Done((account, invitation)));
    }
    if !by_mail {
        let message = "this account may what is sensitive, so others must approve it, and it goes out by mail when they have";
        return Err(Error::invalid(UserErrorCode::Required, "byMail", message));
    }
    let summary = "invite somebody to an account, to sign in by this address".to_owned();
    let payload = FrozenInvitation {
        admin_user_id: ADMIN_USER.encode(account.id),
        email: sign_in_name.into(),
        sensitive,
        version: account.version,
    };
    Ok(Completion::Waits(ask_for(tx, granter, &INVITE, account.user_id, summary, payload).await?))
}

/// Mails the invitation that others have approved. Answers the account's id.
///
/// # Errors
/// As [`invite`]; CONFLICT where the account is another by now.
pub async fn invite_approved(tx: &mut Tx, approved: &Approved) -> Result<String> {
    let FrozenInvitation { admin_user_id, email, sensitive, version } = approved.payload()?;
    let granter = approved.granter(tx, None).await?;
    let guest = examine(tx, &granter, frozen_id(ADMIN_USER, &admin_user_id)?, Some(&email)).await?;
    check_version(guest.account.id, guest.account.version, Some(version))?;
    if guest.sensitive != sensitive {
        let message = "what the account may was changed meanwhile: it isn't what was approved";
        return Err(Error::invalid(UserErrorCode::Conflict, "adminUserId", message));
    }
    guest.consent.required()?;
    check_mailer(tx)?;
    let invitation = open(tx, &guest.account, guest.sign_in_name, granter.account()).await?;
    mail(tx, &invitation).await?;
    Ok(admin_user_id)
}

/// An account that somebody can be invited to.
struct Guest {
    account: admin_user::Model,
    sign_in_name: String,
    /// What it may that is sensitive.
    sensitive: Vec<String>,
    consent: Consent,
}

/// Whether somebody can be invited, and whether at once.
async fn examine(tx: &Tx, granter: &Granter, id: Uuid, email: Option<&str>) -> Result<Guest> {
    const ID: &str = "adminUserId";
    let locked = Locked::lock(tx, granter, keys::MANAGE_ACCOUNTS, Some(id), None).await?;
    let account = locked.account(tx, id, ID)?.clone();
    let Locked { granter, accounts } = &locked;
    let held = held(tx, &account, Some(tx.now())).await?;
    rules::check_rank(granter, account.level, &held, ID)?;
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
    let sign_in_name = sign_in_name(&email);
    if store::credential_by_name(tx.db(), &sign_in_name).await?.is_some() {
        let message = "another account signs in by this address";
        return Err(Error::invalid(UserErrorCode::Taken, "email", message));
    }
    // Whoever sees the text could use it, and be whom it is for.
    let catalogue = tx.kernel().catalogue();
    let consent = rules::check_grant(granter, &held, catalogue, accounts.super_admins(), ID)?;
    let sensitive = rules::sensitive(&held, catalogue).into_iter().map(str::to_owned).collect();
    Ok(Guest { account, sign_in_name, sensitive, consent })
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
    tx.record(events::invited(account, &row));
    Ok(Invitation { id: row.id, token, email: row.sign_in_name, expires_at: row.expires_at })
}

fn check_mailer(tx: &Tx) -> Result<()> {
    if tx.kernel().mailer().is_some() {
        return Ok(());
    }
    let message =
        "no mail is sent here: whoever runs the gateway sets smtp_url, or hand the invitation over yourself";
    Err(Error::invalid(UserErrorCode::NotAllowed, "byMail", message))
}

/// Has an invitation mailed to the address that it is for.
async fn mail(tx: &mut Tx, invitation: &Invitation) -> Result<()> {
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
    let password = NewPassword { hash: password::hash(password, Line::Known).await?, replaces: None };
    Ok(Accepting { invitation, password })
}

/// Sets the password, begins a session that can only enrol a second factor, and begins to.
///
/// # Errors
/// INVALID where somebody was faster, or whoever invited couldn't any more; TAKEN where another account signs in by this address by now.
pub async fn accept_invitation(tx: &mut Tx, accepting: &Accepting) -> Result<(session::Model, Accepted)> {
    let Accepting { invitation, password } = accepting;
    let inviter = invitation.created_by;
    let ids: Vec<_> = [invitation.admin_user_id].into_iter().chain(inviter).collect();
    let accounts = store::lock_accounts(tx, &ids).await?;
    let account = store::note_login(tx, invitation.admin_user_id).await?.ok_or_else(no_good)?;
    let found = store::lock_invitation(tx, invitation.id).await?;
    let row = found.filter(|row| is_good(row, tx.now())).ok_or_else(no_good)?;
    if let Some(inviter) = inviter {
        check_inviter(tx, accounts.get(inviter), &account).await?;
    }
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

/// Whether whoever invited could do so now: else an invitation would be good for what the account came to may since, and
/// survive who made it.
async fn check_inviter(
    tx: &Tx,
    inviter: Option<&admin_user::Model>,
    account: &admin_user::Model,
) -> Result<()> {
    let inviter = inviter.ok_or_else(no_good)?;
    let reach = reach(tx, inviter, None).await?;
    let granter = Granter::Caller { account: Some(inviter.id), reach };
    let held = held(tx, account, Some(tx.now())).await?;
    let is_above = rules::check_rank(&granter, account.level, &held, "token").is_err();
    if is_above || !granter.has(keys::MANAGE_ACCOUNTS) {
        return Err(no_good());
    }
    Ok(())
}

fn is_good(row: &invitation::Model, now: DateTime<Utc>) -> bool {
    rules::is_good_invitation(row.expires_at, row.accepted_at, row.revoked_at, now)
}

/// Whatever is wrong with one, this is all that is said.
fn no_good() -> Error {
    let message = "this invitation isn't good, or not any more: ask for another";
    Error::invalid(UserErrorCode::Invalid, "token", message)
}
