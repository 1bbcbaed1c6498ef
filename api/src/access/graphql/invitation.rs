//! Invitations, as clients see them.

use std::sync::Arc;

use ::entity::{actor_kind::ActorKind, invitation};
use async_graphql::{ID, InputObject, Object};

use super::Actor;
use crate::{
    access::ops,
    kernel::{actor::ADMIN_USER, scalar::Timestamp},
};

/// The way in for somebody who has no password yet. It is in this answer and nowhere else.
pub struct Invitation {
    pub(super) invitation: ops::Invitation,
    pub(super) is_mailed: bool,
}

/// The way in for somebody who has no password yet. It is in this answer and nowhere else.
#[Object]
impl Invitation {
    /// What `invitationAccept` takes, once: `opsi_…`. The page at `/graphql` reads it behind `#invitation=`. Null where it
    /// goes out by mail.
    async fn token(&self) -> Option<&str> {
        (!self.is_mailed).then(|| self.invitation.token.expose())
    }

    /// The address that they will sign in by; where it is mailed, it goes there.
    async fn email(&self) -> &str {
        &self.invitation.email
    }

    /// Until when it is good.
    async fn expires_at(&self) -> Timestamp {
        self.invitation.expires_at.into()
    }
}

/// An invitation that nobody has accepted yet. What accepts it was shown once, to whoever invited.
#[derive(Debug)]
pub struct OpenInvitation(pub(super) Arc<invitation::Model>);

/// An invitation that nobody has accepted yet. What accepts it was shown once, to whoever invited.
#[Object]
impl OpenInvitation {
    /// Who invited; null where it was done at the machine.
    async fn invited_by(&self) -> Option<Actor> {
        let account = self.0.created_by?;
        Some(Actor::new(ActorKind::AdminUser, &ADMIN_USER.encode(account)))
    }

    /// The address that they will sign in by.
    async fn email(&self) -> &str {
        &self.0.sign_in_name
    }

    /// When they were invited.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// Until when it is good.
    async fn expires_at(&self) -> Timestamp {
        self.0.expires_at.into()
    }
}

/// Somebody to be invited who has an account and no password yet.
#[derive(Debug, InputObject)]
pub struct AdminUserInviteInput {
    /// The account, which `adminUserCreate` makes.
    pub admin_user_id: ID,
    /// The address that they will sign in by; without it, that of the person.
    pub email: Option<String>,
    /// Whether it is mailed to `email`, which has to be given then. Then it isn't in the answer.
    #[graphql(default)]
    pub by_mail: bool,
}

/// An invitation that is accepted.
#[derive(InputObject)]
pub struct InvitationAcceptInput {
    /// The invitation: `opsi_…`.
    #[graphql(secret)]
    pub token: String,
    /// The password to sign in by from now on: at least 12 characters, and not made of words that are tried first.
    #[graphql(secret)]
    pub password: String,
}
