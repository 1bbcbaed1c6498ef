//! Whoever does something, and whoever is asking.

use ::entity::actor_kind::ActorKind as Kind;
use async_graphql::{Context, Enum, ID, Object};

use super::AdminUser;
use crate::{
    directory::Organization,
    kernel::{
        actor::{self, ADMIN_USER, API_TOKEN, PLATFORM},
        eager::Eager,
        error::Result,
        object::{self, Stored},
        request::{Request, RequestExt},
        scalar::Timestamp,
    },
};

/// What an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::actor_kind::ActorKind")]
pub enum ActorKind {
    /// A person with an admin account.
    AdminUser,
    /// A script or a partner with a token of its own.
    ApiToken,
    /// A user without an account, in whose place somebody acts.
    User,
    /// Something in another system.
    External,
    /// A part of the gateway itself.
    System,
}

/// An admin user, an API token, a user, or a part of the gateway; with the impersonator, where there is one.
#[derive(Clone, Debug)]
pub struct Actor {
    actor: actor::Actor,
    impersonator: Option<actor::Actor>,
}

impl Actor {
    /// The actor that a row names.
    pub fn new(kind: Kind, id: &str) -> Self {
        Self { actor: actor::Actor { kind, id: id.to_owned() }, impersonator: None }
    }

    /// With the admin user who acted as it.
    #[must_use]
    pub fn acted_by(mut self, id: Option<&str>) -> Self {
        self.impersonator = id.map(|id| actor::Actor { kind: Kind::AdminUser, id: id.to_owned() });
        self
    }
}

/// An admin user, an API token, a user, or a part of the gateway; with the impersonator, where there is one.
#[Object]
impl Actor {
    /// What it is.
    async fn kind(&self) -> ActorKind {
        self.actor.kind.into()
    }

    /// Its id; null for a part of the gateway.
    async fn id(&self) -> Option<ID> {
        (self.actor.kind != Kind::System).then(|| self.actor.id.as_str().into())
    }

    /// Its name. Who may not see admin users reads "Operations" for them, and who is limited to an organization for the
    /// tokens of others.
    async fn name(&self, ctx: &Context<'_>) -> Result<String> {
        name(ctx.request(), &self.actor)
    }

    /// Who acted as it.
    async fn impersonated_by(&self) -> Option<Actor> {
        self.impersonator.clone().map(|actor| Self { actor, impersonator: None })
    }
}

/// What those are called whom the caller may not see.
const OPERATIONS: &str = "Operations";

/// The name of `actor`, from the rights snapshot: it costs no statement.
fn name(request: &Request, actor: &actor::Actor) -> Result<String> {
    let rights = request.kernel().rights().last();
    let known = match actor.kind {
        Kind::AdminUser => {
            let caller = request.caller();
            if !caller.boundary.contains(PLATFORM) || !caller.permissions.has(AdminUser::READ) {
                return Ok(OPERATIONS.to_owned());
            }
            ADMIN_USER
                .parse(&actor.id)
                .ok()
                .and_then(|id| rights.account(id))
                .map(|account| account.name.clone())
        }
        Kind::ApiToken => {
            let token = API_TOKEN.parse(&actor.id).ok().and_then(|id| rights.token(id));
            match token {
                Some(token) if !request.caller().boundary.contains(token.organization_id) => {
                    return Ok(OPERATIONS.to_owned());
                }
                token => token.map(|token| token.name.clone()),
            }
        }
        // Whose name it is is the directory's to say; but whoever acts in their place knows.
        Kind::User => {
            let own = request.caller().identity.as_ref().filter(|own| own.actor == *actor);
            own.map(|own| own.name.clone())
        }
        Kind::External | Kind::System => None,
    };
    Ok(known.unwrap_or_else(|| actor.id.clone()))
}

/// Who is asking.
#[derive(Debug)]
pub struct Viewer;

/// Who is asking, and what they may do.
#[Object]
impl Viewer {
    /// As the record names them.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Actor> {
        let identity = ctx.request().caller().identity()?;
        let impersonator =
            identity.impersonator.map(|impersonator| actor::Actor::admin(impersonator.account));
        Ok(Actor { actor: identity.actor.clone(), impersonator })
    }

    /// The account, where it is one or a token that acts as one.
    async fn admin_user(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        let id = ctx.request().caller().identity()?.admin_user_id;
        object::edge(ctx, id).await
    }

    /// The organization that the caller is limited to. Null: no limit.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = ctx.request().caller().identity()?.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// Every permission that counts now, wildcards spelled out.
    async fn permissions(&self, ctx: &Context<'_>) -> Vec<&'static str> {
        ctx.request().caller().permissions.iter().collect()
    }

    /// When what the caller signed in with ends.
    async fn expires_at(&self, ctx: &Context<'_>) -> Result<Option<Timestamp>> {
        Ok(ctx.request().caller().identity()?.expires_at.map(Timestamp))
    }

    /// The documents that the caller may run, and no others, as `documentId` names them: `sha256:…`. Null: any.
    async fn document_ids(&self, ctx: &Context<'_>) -> Option<Vec<String>> {
        let trusted = ctx.request().caller().trusted()?;
        Some(trusted.iter().map(|hash| format!("sha256:{hash}")).collect())
    }
}
