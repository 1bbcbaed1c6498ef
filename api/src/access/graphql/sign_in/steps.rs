//! The steps of signing in: what comes before the transaction, which secrets have no place in, and what comes after.

use async_graphql::Context;
use secrecy::SecretString;

use crate::{
    access::{
        graphql::{
            AdminUser, Session,
            invitation::InvitationAcceptInput,
            session::{PasswordUpdateInput, SessionCreateInput},
        },
        ops::{self, Accepted, Proved, Refreshed, SignIn},
        rules::RecoveryCode,
    },
    kernel::{
        actor::Identity,
        error::{Error, Invalid, Result, UserErrorCode, Violation},
        mutation::{Outcome, Receipt, mutate_in_secret},
        object::Stored,
        request::{Request, RequestExt},
        session_token::AccessToken,
        tx::{Author, Tx},
    },
};

/// Signs in.
pub(super) async fn create(
    ctx: &Context<'_>,
    input: SessionCreateInput,
    tokens: &mut Option<ops::Tokens>,
) -> Result<Outcome<Session>> {
    let request = ctx.request();
    check_live(request)?;
    let factor = input.second_factor.map(Into::into);
    let last_refresh_token = input.last_refresh_token.map(Into::into);
    let sign_in = SignIn { name: input.email, password: input.password.into(), factor, last_refresh_token };
    let proved = ops::prove(request.kernel(), request.origin(), sign_in).await?;
    let author = Author::proving(proved.account(), request.origin());
    let outcome = mutate_in_secret::<Session>(ctx, author, async |tx| {
        let (row, made) = ops::start_session(tx, &proved).await?;
        *tokens = Some(made);
        Ok(row)
    });
    let outcome = outcome.await?;
    if outcome.user_errors.is_empty() {
        forgive(request, &proved).await;
    } else {
        ops::note_wrong_factor(request.kernel(), request.origin(), &proved);
    }
    Ok(outcome)
}

/// Accepts an invitation.
pub(super) async fn accept(
    ctx: &Context<'_>,
    input: InvitationAcceptInput,
    accepted: &mut Option<Accepted>,
) -> Result<Outcome<Session>> {
    let request = ctx.request();
    check_live(request)?;
    let accepting =
        ops::read_invitation(request.kernel(), &input.token.into(), input.password.into()).await?;
    let author = Author::proving(accepting.account(), request.origin());
    let outcome = mutate_in_secret::<Session>(ctx, author, async |tx| {
        let (row, came) = ops::accept_invitation(tx, &accepting).await?;
        *accepted = Some(came);
        Ok(row)
    });
    outcome.await
}

/// The session is there: what was counted before is bookkeeping, and no reason to withhold its tokens.
async fn forgive(request: &Request, proved: &Proved) {
    if let Err(error) = proved.done(request.kernel()).await {
        tracing::warn!(%error, "attempts before a sign-in couldn't be forgotten");
    }
}

/// Exchanges a refresh token.
pub(super) async fn refresh(
    ctx: &Context<'_>,
    shown: SecretString,
    refreshed: &mut Option<Refreshed>,
) -> Result<Outcome<Session>> {
    let request = ctx.request();
    check_live(request)?;
    let (account, token) = ops::read_refresh_token(request.kernel(), &shown).await?;
    let author = Author::proving(account, request.origin());
    let outcome = mutate_in_secret::<Session>(ctx, author, async |tx| {
        let (row, came) = ops::refresh_session(tx, token).await?;
        *refreshed = Some(came);
        Ok(row)
    });
    outcome.await
}

/// Changes one's own password.
pub(super) async fn update_password(
    ctx: &Context<'_>,
    input: PasswordUpdateInput,
) -> Result<Outcome<AdminUser>> {
    let request = ctx.request();
    check_live(request)?;
    let token = *session_of(request.caller().identity()?)?;
    let (current, new) = (input.current_password.into(), input.new_password.into());
    let account = token.account;
    let new =
        ops::verify_password(request.kernel(), account, request.origin().ip_address, current, new).await?;
    let outcome = mutate_in_secret::<AdminUser>(ctx, request.author()?, async |tx| {
        ops::replace_password(tx, account, new, Some(token.session)).await
    });
    outcome.await
}

/// Runs `operation` of the session that asks.
pub(super) async fn in_session<S: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx, AccessToken) -> Result<S::Row>,
) -> Result<Outcome<S>> {
    let request = ctx.request();
    check_live(request)?;
    let token = *session_of(request.caller().identity()?)?;
    mutate_in_secret(ctx, request.author()?, async |tx| operation(tx, token).await).await
}

/// The same where it takes a code: attempts are counted, and forgotten where it was right.
pub(super) async fn with_code<S: Stored>(
    ctx: &Context<'_>,
    operation: impl AsyncFnOnce(&mut Tx, AccessToken) -> Result<S::Row>,
) -> Result<Outcome<S>> {
    let request = ctx.request();
    check_live(request)?;
    let token = *session_of(request.caller().identity()?)?;
    ops::count_factor(request.kernel(), token.account).await?;
    let outcome = in_session::<S>(ctx, operation).await?;
    if outcome.user_errors.is_empty() {
        ops::forget_factors(request.kernel(), token.account).await?;
    }
    Ok(outcome)
}

/// What the caller can mend, wherever it came up, and the receipt.
pub(super) fn settle<S: Stored>(outcome: Result<Outcome<S>>) -> Result<(Vec<Violation>, Option<Receipt>)> {
    match outcome {
        Ok(outcome) => Ok((outcome.user_errors, outcome.receipt)),
        Err(Error::Invalid(Invalid { violations, .. })) => Ok((violations, None)),
        Err(error) => Err(error),
    }
}

/// Codes, to be shown once.
pub(super) fn shown(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(|code| code.expose().to_string()).collect()
}

/// Whether this is meant: what proves who somebody is can't be rehearsed.
pub(super) fn check_live(request: &Request) -> Result<()> {
    if !request.options().is_dry_run {
        return Ok(());
    }
    let message = "this can't be tried as a dry run: attempts count, and codes work once";
    Err(Error::invalid(UserErrorCode::NotAllowed, "", message))
}

fn session_of(identity: &Identity) -> Result<&AccessToken> {
    identity.session().ok_or_else(no_session)
}

/// Somebody with an API token, or signed in elsewhere.
pub(super) fn no_session() -> Error {
    Error::invalid(UserErrorCode::NotAllowed, "", "this is for who signed in here, by sessionCreate")
}
