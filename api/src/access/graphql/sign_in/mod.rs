//! Signing in, staying so, and out again; and what one signs in with.
//!
//! Secrets come in and go out here, so that none of these can be rehearsed as a dry run (an attempt is one), and none
//! looks at an idempotency key: what is in an answer once isn't kept for a second.

mod steps;

use async_graphql::{Context, SimpleObject};

use self::steps::{
    accept, check_live, create, in_session, no_session, refresh, settle, shown, update_password, with_code,
};
use super::{
    AdminUser, Approval, Session,
    invitation::{AdminUserInviteInput, Invitation, InvitationAcceptInput},
    mutations::{decide, granter, id, note_refusal},
    session::{
        MfaConfirmInput, MfaEnrolment, MfaResetInput, PasswordUpdateInput, SessionCreateInput,
        SessionRefreshInput, SessionRevokeInput, SessionStepUpInput, SessionTokens,
    },
};
use crate::{
    access::ops::{self, Accepted, NewInvitation, Refreshed},
    kernel::{
        error::{Error, Invalid, Result, UserErrorCode, Violation},
        mutation::{Completion, Outcome, Receipt, mutate_in_secret_or_wait, payload},
        request::RequestExt,
    },
};

/// What ending somebody else's session takes.
const MANAGE: &str = "access.manage_accounts";

payload! { /// What ending a session came to.
SessionRevokePayload { session: Session } }
payload! { /// What taking somebody's second factor away came to.
MfaResetPayload { admin_user: AdminUser } }
payload! { /// What changing one's password came to.
PasswordUpdatePayload { admin_user: AdminUser } }

/// Declares the payload of a mutation whose answer holds what is shown once.
macro_rules! shown_once {
    ($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $ty:ty, $($more:tt)* }) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            $(#[$field_doc])*
            $field: Option<$ty>,
            $($more)*
            /// What to mend. Empty where it was done.
            user_errors: Vec<Violation>,
            /// Proof that it happened. Absent where nothing was changed.
            receipt: Option<Receipt>,
        }
    };
}

shown_once! {
    /// What signing in came to.
    SessionCreatePayload {
        /// What the session is shown by.
        tokens: SessionTokens,
    }
}
shown_once! {
    /// What refreshing a session came to.
    SessionRefreshPayload {
        /// What it is shown by from now on.
        tokens: SessionTokens,
    }
}
shown_once! {
    /// What proving a second factor again came to.
    SessionStepUpPayload {
        /// An access token that says so.
        tokens: SessionTokens,
    }
}
shown_once! {
    /// What beginning to enrol a second factor came to.
    MfaEnrollPayload {
        /// What the authenticator app is to learn.
        enrolment: MfaEnrolment,
    }
}
shown_once! {
    /// What enrolling a second factor came to.
    MfaConfirmPayload {
        /// An access token by which the session has all its rights.
        tokens: SessionTokens,
        /// Codes for who loses the app. Each works once, and they are in this answer and nowhere else.
        recovery_codes: Option<Vec<String>>,
    }
}
shown_once! {
    /// What making new recovery codes came to.
    RecoveryCodesRegeneratePayload {
        /// Each works once, and they are in this answer and nowhere else. Those from before are no good any more.
        recovery_codes: Vec<String>,
    }
}

shown_once! {
    /// What inviting somebody came to.
    AdminUserInvitePayload {
        /// What to hand to whom it is for.
        invitation: Invitation,
        /// What it waits for: nobody is invited until others have approved it. Null where it waits for nobody.
        approval: Option<Approval>,
    }
}
shown_once! {
    /// What accepting an invitation came to.
    InvitationAcceptPayload {
        /// What the session is shown by, which can only enrol a second factor.
        tokens: SessionTokens,
        /// What the authenticator app is to learn, whose first code `mfaConfirm` takes.
        enrolment: Option<MfaEnrolment>,
    }
}

/// Signing in, staying so, and out again.
#[derive(Debug, Default)]
pub struct Mutation;

#[macros::mutation(name = "SignInMutation")]
impl Mutation {
    /// Signs in by address, password and, where the account has one, second factor. Without a second factor the session
    /// can only enrol one. Who tries too often waits longer each time (THROTTLED).
    #[public]
    #[emits("admin.session.started")]
    async fn session_create(
        &self,
        ctx: &Context<'_>,
        input: SessionCreateInput,
    ) -> Result<SessionCreatePayload> {
        let mut tokens = None;
        let outcome = create(ctx, input, &mut tokens).await;
        let (user_errors, receipt) = settle(outcome)?;
        Ok(SessionCreatePayload { tokens: tokens.map(Into::into), user_errors, receipt })
    }

    /// Invites whoever an account is for to set its first password. The answer holds what they need, once: hand it to them
    /// by a way that nobody else reads, or have it mailed. It is good for three days and works once, and the one from before is no good any
    /// more. Nobody invites to what they don't have themselves; where the account may what is sensitive, it takes a second
    /// person: then there is an `approval`, and the invitation is mailed when they have approved it.
    #[requires("access.manage_accounts", step_up)]
    #[emits("admin.user.invited", "admin.approval.requested")]
    async fn admin_user_invite(
        &self,
        ctx: &Context<'_>,
        input: AdminUserInviteInput,
    ) -> Result<AdminUserInvitePayload> {
        let request = ctx.request();
        let mut invitation = None;
        let granter = granter(ctx, None)?;
        let outcome = async {
            check_live(request)?;
            let AdminUserInviteInput { admin_user_id, email, by_mail } = input;
            let admin_user_id = id::<AdminUser>(&admin_user_id, "adminUserId")?;
            let new = NewInvitation { admin_user_id, email, by_mail };
            mutate_in_secret_or_wait::<AdminUser, Approval>(ctx, request.author()?, async |tx| {
                Ok(match ops::invite_or_ask(tx, &granter, new).await? {
                    Completion::Done((account, made)) => {
                        invitation = Some(Invitation { invitation: made, is_mailed: by_mail });
                        Completion::Done(account)
                    }
                    Completion::Waits(approval) => Completion::Waits(approval),
                })
            })
            .await
        };
        let (outcome, approval) = match outcome.await {
            Ok((outcome, awaited)) => (Ok(outcome), awaited.object(ctx).await?),
            Err(error) => (Err(error), None),
        };
        let (user_errors, receipt) = settle(outcome)?;
        note_refusal(ctx, &user_errors).await;
        Ok(AdminUserInvitePayload { invitation, approval, user_errors, receipt })
    }

    /// Accepts an invitation: sets the first password of the account, and begins a session that can only enrol a second
    /// factor. What the authenticator app is to learn is in the answer; `mfaConfirm` takes its first code.
    #[public]
    #[emits("admin.invitation.accepted", "admin.session.started", "admin.mfa.begun")]
    async fn invitation_accept(
        &self,
        ctx: &Context<'_>,
        input: InvitationAcceptInput,
    ) -> Result<InvitationAcceptPayload> {
        let mut accepted = None;
        let outcome = accept(ctx, input, &mut accepted).await;
        let (user_errors, receipt) = settle(outcome)?;
        let (tokens, enrolment) = match accepted {
            Some(Accepted { tokens, enrolment }) => (Some(tokens.into()), Some(enrolment.into())),
            None => (None, None),
        };
        Ok(InvitationAcceptPayload { tokens, enrolment, user_errors, receipt })
    }

    /// Exchanges a refresh token for the next one and a fresh access token. Each works once: where one is shown again,
    /// somebody has a copy, and the session ends.
    #[public]
    #[emits("admin.session.refreshed", "admin.session.revoked")]
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        input: SessionRefreshInput,
    ) -> Result<SessionRefreshPayload> {
        let mut refreshed = None;
        let outcome = refresh(ctx, input.refresh_token.into(), &mut refreshed).await;
        let (mut user_errors, receipt) = settle(outcome)?;
        let tokens = match refreshed {
            Some(Refreshed::Tokens(tokens)) => Some(tokens.into()),
            Some(Refreshed::Reused) => {
                let message = "this refresh token was used before: its session is ended, sign in anew";
                user_errors.push(Violation::new(UserErrorCode::Invalid, "refreshToken", message));
                None
            }
            None => None,
        };
        Ok(SessionRefreshPayload { tokens, user_errors, receipt })
    }

    /// Ends a session: within a second its access tokens are turned away, and its streams end. One's own, or with
    /// `access.manage_accounts` somebody else's of a level not above one's own.
    #[authenticated(enrolling)]
    #[emits("admin.session.revoked")]
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        input: SessionRevokeInput,
    ) -> Result<SessionRevokePayload> {
        let granter = granter(ctx, None)?;
        let caller = ctx.request().caller();
        let may_end_others = caller.require(MANAGE).is_ok();
        let own = caller.identity()?.session().map(|session| session.session);
        let outcome = decide::<Session>(ctx, async |tx| {
            let session = match (&input.id, own) {
                (Some(given), _) => id::<Session>(given, "id")?,
                (None, Some(own)) => own,
                (None, None) => return Err(no_session()),
            };
            ops::revoke_session(tx, &granter, may_end_others, session).await
        });
        Ok(outcome.await?.into())
    }

    /// Proves the second factor again, for what needs one that was proved lately (STEP_UP_REQUIRED): the access token in
    /// the answer is good for that, for five minutes.
    #[authenticated]
    #[emits("admin.session.stepped_up")]
    async fn session_step_up(
        &self,
        ctx: &Context<'_>,
        input: SessionStepUpInput,
    ) -> Result<SessionStepUpPayload> {
        let mut tokens = None;
        let outcome = with_code::<Session>(ctx, async |tx, token| {
            let (row, made) = ops::step_up(tx, &token, input.code.into()).await?;
            tokens = Some(made);
            Ok(row)
        });
        let (user_errors, receipt) = settle(outcome.await)?;
        Ok(SessionStepUpPayload { tokens: tokens.map(Into::into), user_errors, receipt })
    }

    /// Begins to enrol a second factor: the answer is for an authenticator app, whose first code `mfaConfirm` takes. Who
    /// has one keeps it until then, and must have proved it lately.
    #[authenticated(enrolling)]
    #[emits("admin.mfa.begun")]
    async fn mfa_enroll(&self, ctx: &Context<'_>) -> Result<MfaEnrollPayload> {
        let mut enrolment = None;
        let step_up = ctx.request().caller().check_step_up(ctx.request().kernel().clock().now());
        let outcome = in_session::<AdminUser>(ctx, async |tx, token| {
            let (account, made) = ops::enroll_mfa(tx, token.account, step_up).await?;
            enrolment = Some(made);
            Ok(account)
        });
        let (user_errors, receipt) = settle(outcome.await)?;
        Ok(MfaEnrollPayload { enrolment: enrolment.map(Into::into), user_errors, receipt })
    }

    /// Takes the second factor into use whose code this is. The session has all its rights from then on, and the
    /// account's others end.
    #[authenticated(enrolling)]
    #[emits("admin.mfa.enrolled", "admin.session.revoked")]
    async fn mfa_confirm(&self, ctx: &Context<'_>, input: MfaConfirmInput) -> Result<MfaConfirmPayload> {
        let (mut tokens, mut recovery_codes) = (None, None);
        let step_up = ctx.request().caller().check_step_up(ctx.request().kernel().clock().now());
        let outcome = with_code::<AdminUser>(ctx, async |tx, token| {
            let (account, made, codes) = ops::confirm_mfa(tx, &token, input.code.into(), step_up).await?;
            tokens = Some(made);
            recovery_codes = Some(shown(&codes));
            Ok(account)
        });
        let (user_errors, receipt) = settle(outcome.await)?;
        let tokens = tokens.map(Into::into);
        Ok(MfaConfirmPayload { tokens, recovery_codes, user_errors, receipt })
    }

    /// Takes the second factor of somebody else away who has lost it, and ends their sessions. By their password they can
    /// then enrol a new one, and nothing else before.
    #[requires("access.manage_accounts", step_up)]
    #[emits("admin.mfa.reset", "admin.session.revoked")]
    async fn mfa_reset(&self, ctx: &Context<'_>, input: MfaResetInput) -> Result<MfaResetPayload> {
        let granter = granter(ctx, None)?;
        let outcome = decide(ctx, async |tx| {
            let account = id::<AdminUser>(&input.admin_user_id, "adminUserId")?;
            ops::reset_mfa(tx, &granter, account).await
        });
        Ok(outcome.await?.into())
    }

    /// Makes new recovery codes. Those from before are no good any more.
    #[authenticated(step_up)]
    #[emits("admin.recovery_codes.regenerated")]
    async fn recovery_codes_regenerate(&self, ctx: &Context<'_>) -> Result<RecoveryCodesRegeneratePayload> {
        let mut recovery_codes = None;
        let outcome = in_session::<AdminUser>(ctx, async |tx, token| {
            let (account, codes) = ops::regenerate_recovery_codes(tx, token.account).await?;
            recovery_codes = Some(shown(&codes));
            Ok(account)
        });
        let (user_errors, receipt) = settle(outcome.await)?;
        Ok(RecoveryCodesRegeneratePayload { recovery_codes, user_errors, receipt })
    }

    /// Changes one's own password, and ends all sessions but this one.
    #[authenticated(step_up)]
    #[emits("admin.password.updated", "admin.session.revoked")]
    async fn password_update(
        &self,
        ctx: &Context<'_>,
        input: PasswordUpdateInput,
    ) -> Result<PasswordUpdatePayload> {
        match update_password(ctx, input).await {
            Err(Error::Invalid(Invalid { violations, .. })) => {
                Ok(Outcome::<AdminUser>::refused(violations).into())
            }
            outcome => Ok(outcome?.into()),
        }
    }
}
