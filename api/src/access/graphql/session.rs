//! Sessions, and what somebody signs in with, as clients see them.

use std::sync::Arc;

use ::entity::session;
use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject};
use qrcode::{EcLevel, QrCode, render::svg};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::AdminUser;
use crate::{
    access::{
        loaders::Sessions,
        ops::{self, Factor},
        permissions,
    },
    kernel::{
        actor::{Boundary, PLATFORM, SESSION},
        eager::Eager,
        error::{Error, Result},
        id::Prefix,
        object::{self, Stored},
        page::{DateTimeFilter, IdFilter, Ids, filter, order},
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// How large the picture is at least, in pixels.
const QR_SIZE: u32 = 240;

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::session::SessionEnd")]
pub enum SessionEnd {
    /// Somebody ended it.
    Revoked,
    /// A refresh token of it was shown twice: somebody has a copy.
    Reused,
    /// The account got another password.
    PasswordChanged,
    /// The account got another second factor, or its was taken away.
    MfaChanged,
    /// The account was taken out of use.
    Deactivated,
    /// It was the oldest of fifty, which are as many as an account has, and somebody signed in once more.
    Displaced,
}

/// That somebody signed in to an account here.
#[derive(Debug)]
pub struct Session(Arc<session::Model>);

impl Stored for Session {
    type Row = session::Model;
    type ById = Sessions;
    const PREFIX: Prefix = SESSION;
    const NOUN: &'static str = "session";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<session::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &session::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &session::Model, boundary: &Boundary) -> bool {
        // Sessions are the platform's own.
        boundary.contains(PLATFORM)
    }
}

/// That somebody signed in to an account here.
#[macros::object]
impl Session {
    /// `ses_…`
    pub async fn id(&self) -> ID {
        SESSION.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Whose it is.
    async fn admin_user(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, Some(self.0.admin_user_id)).await
    }

    /// Whether it is the one that asks.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        let identity = ctx.request().caller().identity.as_ref();
        identity.and_then(|identity| identity.session()).is_some_and(|session| session.session == self.0.id)
    }

    /// Whether it is on: not ended, and neither idle for too long nor past its time.
    async fn is_active(&self, ctx: &Context<'_>) -> bool {
        let now = ctx.request().kernel().clock().now();
        self.0.revoked_at.is_none() && now < self.0.idle_until && now < self.0.expires_at
    }

    /// When a second factor was last proved in it. Null: it can only enrol one.
    async fn second_factor_at(&self) -> Option<Timestamp> {
        self.0.factor_at.map(Timestamp)
    }

    /// When it was last refreshed.
    async fn refreshed_at(&self) -> Timestamp {
        self.0.refreshed_at.into()
    }

    /// When it ends unless it is refreshed before.
    async fn idle_until(&self) -> Timestamp {
        self.0.idle_until.into()
    }

    /// When it ends in any case.
    async fn expires_at(&self) -> Timestamp {
        self.0.expires_at.into()
    }

    /// When it was ended before its time.
    async fn revoked_at(&self) -> Option<Timestamp> {
        self.0.revoked_at.map(Timestamp)
    }

    /// Why it was ended before its time.
    async fn ended_by(&self) -> Option<SessionEnd> {
        self.0.ended_by.map(Into::into)
    }

    /// When somebody signed in.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at.into()
    }

    /// Counts its changes.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

filter! {
    /// Which sessions.
    pub SessionFilter {
        /// Whose.
        admin_user_id: IdFilter => Ids::of::<AdminUser>(session::Column::AdminUserId),
        /// When somebody signed in.
        created_at: DateTimeFilter => session::Column::CreatedAt,
        /// When it ends in any case.
        expires_at: DateTimeFilter => session::Column::ExpiresAt,
        /// When it was ended before its time.
        revoked_at: DateTimeFilter => session::Column::RevokedAt,
    }
}

order! {
    /// How sessions are sorted.
    pub SessionOrder by
    /// What sessions can be sorted by.
    SessionOrderField {
        /// When somebody signed in.
        CreatedAt => session::Column::CreatedAt,
    }
}

/// What a session is shown by. It is in this answer and nowhere else.
pub struct SessionTokens(ops::Tokens);

impl From<ops::Tokens> for SessionTokens {
    fn from(tokens: ops::Tokens) -> Self {
        Self(tokens)
    }
}

/// What a session is shown by. It is in this answer and nowhere else.
#[Object]
impl SessionTokens {
    /// The session: `ses_…`.
    async fn session_id(&self) -> ID {
        SESSION.encode(self.0.session).into()
    }

    /// For `Authorization: Bearer`.
    async fn access_token(&self) -> &str {
        self.0.access.expose_secret()
    }

    /// Until when the access token is good: fifteen minutes.
    async fn access_token_expires_at(&self) -> Timestamp {
        self.0.access_expires_at.into()
    }

    /// For `sessionRefresh`, once. Null where the one from before stays good.
    async fn refresh_token(&self) -> Option<&str> {
        self.0.refresh.as_ref().map(|(token, _)| token.expose_secret())
    }

    /// Until when the refresh token is good.
    async fn refresh_token_expires_at(&self) -> Option<Timestamp> {
        self.0.refresh.as_ref().map(|(_, at)| (*at).into())
    }

    /// The account has no second factor yet: `mfaEnroll` and `mfaConfirm` are all that this session may before.
    async fn is_enrolment_required(&self) -> bool {
        self.0.is_enrolling
    }
}

/// A secret that an authenticator app is to learn. It is in this answer and nowhere else.
pub struct MfaEnrolment(ops::Enrolment);

impl From<ops::Enrolment> for MfaEnrolment {
    fn from(enrolment: ops::Enrolment) -> Self {
        Self(enrolment)
    }
}

/// A secret that an authenticator app is to learn. It is in this answer and nowhere else.
#[Object]
impl MfaEnrolment {
    /// The secret in base32, to be typed in.
    async fn secret(&self) -> &str {
        &self.0.secret
    }

    /// The same as `otpauth://…`, which apps read.
    async fn uri(&self) -> &str {
        &self.0.uri
    }

    /// The same as a picture for the app's camera: a QR code, as SVG.
    async fn qr_svg(&self) -> Result<String> {
        let code = QrCode::with_error_correction_level(self.0.uri.as_bytes(), EcLevel::M)
            .map_err(|error| Error::internal(format!("the QR code: {error}")))?;
        Ok(code.render::<svg::Color<'_>>().min_dimensions(QR_SIZE, QR_SIZE).build())
    }

    /// Until when `mfaConfirm` takes a code of it.
    async fn expires_at(&self) -> Timestamp {
        self.0.expires_at.into()
    }
}

/// A second factor: one of these.
#[derive(OneofObject)]
pub enum SecondFactorInput {
    /// The six digits that the authenticator app shows. Each code works once.
    #[graphql(secret)]
    Totp(String),
    /// A recovery code, for who has lost the app. Each works once.
    #[graphql(secret)]
    RecoveryCode(String),
}

impl From<SecondFactorInput> for Factor {
    fn from(input: SecondFactorInput) -> Self {
        match input {
            SecondFactorInput::Totp(code) => Self::Totp(code.into()),
            SecondFactorInput::RecoveryCode(code) => Self::Recovery(code.into()),
        }
    }
}

/// Somebody who signs in.
#[derive(InputObject)]
pub struct SessionCreateInput {
    /// The address that the account signs in by.
    pub email: String,
    /// The password.
    #[graphql(secret)]
    pub password: String,
    /// The second factor, where the account has one.
    pub second_factor: Option<SecondFactorInput>,
    /// A refresh token of the account's that this client was given within a month; its session may be over. Then it
    /// doesn't wait for what others try from the same network.
    #[graphql(secret)]
    pub last_refresh_token: Option<String>,
}

/// A session that is to go on.
#[derive(InputObject)]
pub struct SessionRefreshInput {
    /// The last refresh token. Where it was used before, the session ends.
    #[graphql(secret)]
    pub refresh_token: String,
}

/// A session to be ended.
#[derive(Debug, InputObject)]
pub struct SessionRevokeInput {
    /// The session; without it, the one that asks.
    pub id: Option<ID>,
}

/// A second factor, proved again.
#[derive(InputObject)]
pub struct SessionStepUpInput {
    /// The six digits that the authenticator app shows.
    #[graphql(secret)]
    pub code: String,
}

/// The first code of a second factor.
#[derive(InputObject)]
pub struct MfaConfirmInput {
    /// The six digits that the authenticator app shows.
    #[graphql(secret)]
    pub code: String,
}

/// A second factor that somebody has lost.
#[derive(Debug, InputObject)]
pub struct MfaResetInput {
    /// Whose: somebody else's.
    pub admin_user_id: ID,
}

/// Another password.
#[derive(InputObject)]
pub struct PasswordUpdateInput {
    /// The one that is good now.
    #[graphql(secret)]
    pub current_password: String,
    /// The new one: at least 12 characters, and not made of words that are tried first.
    #[graphql(secret)]
    pub new_password: String,
}
