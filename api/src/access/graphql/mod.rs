//! Admin users, actors and the viewer, as clients see them; and who may select what.

mod explanation;
mod requirements;

use std::sync::Arc;

use ::entity::{actor_kind::ActorKind as Kind, admin_user, user};
use async_graphql::{Context, Enum, ID, Object};
use uuid::Uuid;

use self::explanation::{ActorSelector, FieldAuthorization};
use crate::{
    access::{loaders::AdminUsers, reads},
    directory::{Organization, User, Users},
    kernel::{
        actor::{self, ADMIN_USER, API_TOKEN, Boundary, PLATFORM},
        eager::Eager,
        error::{Error, Result},
        id::Prefix,
        object::{self, Stored},
        page::{
            Args, BooleanFilter, Connection, Cursor, DateTimeFilter, EnumFilter, Filter, Word, filter, order,
        },
        request::{Request, RequestExt},
        scalar::Timestamp,
    },
};

/// The level of an admin account: SUPPORT < ADMIN < SUPER_ADMIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::admin_user::AdminLevel")]
pub enum AdminLevel {
    /// Reads, and answers what is asked.
    Support,
    /// Runs the platform's operations.
    Admin,
    /// May do everything.
    SuperAdmin,
}

/// What an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::actor_kind::ActorKind")]
pub enum ActorKind {
    /// A person with an admin account.
    AdminUser,
    /// A script or a partner with a token of its own.
    ApiToken,
    /// Something in another system.
    External,
    /// A part of the gateway itself.
    System,
}

/// An account of somebody who runs the platform.
#[derive(Debug)]
pub struct AdminUser(Arc<admin_user::Model>);

impl Stored for AdminUser {
    type Row = admin_user::Model;
    type ById = AdminUsers;
    const PREFIX: Prefix = ADMIN_USER;
    const NOUN: &'static str = "admin user";
    const READ: &'static str = "access.read";
    const WAITS: &'static [&'static str] = &["name", "email"];

    fn of(row: Arc<admin_user::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &admin_user::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &admin_user::Model, boundary: &Boundary) -> bool {
        // Accounts are the platform's own.
        boundary.contains(PLATFORM)
    }
}

/// An account of somebody who runs the platform.
#[Object]
impl AdminUser {
    /// `adm_…`
    pub async fn id(&self) -> ID {
        ADMIN_USER.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// The person behind the account.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        object::by_id(ctx, self.0.user_id).await
    }

    /// The person's name.
    async fn name(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(self.person(ctx).await?.name.clone())
    }

    /// The person's address.
    async fn email(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(self.person(ctx).await?.email.clone())
    }

    /// The level, from which most permissions come.
    async fn level(&self) -> AdminLevel {
        self.0.level.into()
    }

    /// Permissions and wildcards beyond those of the level.
    async fn permissions(&self) -> &[String] {
        &self.0.permissions.0
    }

    /// Whether it may be used.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }

    /// When somebody last signed in with it.
    async fn last_login_at(&self) -> Option<Timestamp> {
        self.0.last_login_at.map(Timestamp)
    }

    /// When it was made.
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

impl AdminUser {
    async fn person(&self, ctx: &Context<'_>) -> Result<Arc<user::Model>> {
        let person = ctx.request().loaders().one::<Users>(self.0.user_id).await?;
        person.ok_or_else(|| Error::internal("an admin account refers to a user who isn't there"))
    }
}

/// An admin user, an API token, or a part of the gateway; with the impersonator, where there is one.
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

/// An admin user, an API token, or a part of the gateway; with the impersonator, where there is one.
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

    /// Its name. Who may not see admin users reads "Operations" for them.
    async fn name(&self, ctx: &Context<'_>) -> Result<String> {
        name(ctx.request(), &self.actor)
    }

    /// Who acted as it.
    async fn impersonated_by(&self) -> Option<Actor> {
        self.impersonator.clone().map(|actor| Self { actor, impersonator: None })
    }
}

/// The name of `actor`, from the rights snapshot: it costs no statement.
fn name(request: &Request, actor: &actor::Actor) -> Result<String> {
    let rights = request.kernel().rights().last();
    let known = match actor.kind {
        Kind::AdminUser => {
            let caller = request.caller();
            if !caller.boundary.contains(PLATFORM) || !caller.permissions.has(AdminUser::READ) {
                return Ok("Operations".to_owned());
            }
            ADMIN_USER
                .parse(&actor.id)
                .ok()
                .and_then(|id| rights.account(id))
                .map(|account| account.name.clone())
        }
        Kind::ApiToken => {
            API_TOKEN.parse(&actor.id).ok().and_then(|id| rights.token(id)).map(|token| token.name.clone())
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
        let actor = ctx.request().caller().identity()?.actor.clone();
        Ok(Actor { actor, impersonator: None })
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

impl Word for AdminLevel {
    type Stored = admin_user::AdminLevel;
}

filter! {
    /// Which admin users.
    pub AdminUserFilter {
        /// The level.
        level: EnumFilter<AdminLevel> => admin_user::Column::Level,
        /// Whether it may be used.
        is_active: BooleanFilter => admin_user::Column::IsActive,
        /// When it was made.
        created_at: DateTimeFilter => admin_user::Column::CreatedAt,
    }
}

order! {
    /// How admin users are sorted.
    pub AdminUserOrder by
    /// What admin users can be sorted by.
    AdminUserOrderField {
        /// When it was made.
        CreatedAt => admin_user::Column::CreatedAt,
    }
}

/// The reads of access.
#[derive(Debug, Default)]
pub struct Query;

#[macros::query(name = "AccessQuery")]
impl Query {
    /// Who is asking, and what they may do.
    #[authenticated]
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    /// Which fields of a document somebody may select, and why not: each root field, each that leads to an object with
    /// an id, and each that takes a permission of its own. Nothing is executed.
    #[requires("access.explain")]
    async fn authorization_explanation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The document: at most 20,000 bytes, 1,000 selections and 32 levels.")]
        document: String,
        #[graphql(name = "as", desc = "Whose rights; the caller's own where nobody is named.")] actor: Option<
            ActorSelector,
        >,
    ) -> Result<Vec<FieldAuthorization>> {
        explanation::explain(ctx, &document, actor).await
    }

    /// One admin user.
    #[requires("access.read")]
    async fn admin_user(&self, ctx: &Context<'_>, id: ID) -> Result<Option<AdminUser>> {
        object::find(ctx, &id).await
    }

    /// Admin users, newest first unless ordered otherwise.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn admin_users(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<AdminUserFilter>,
        order_by: Option<AdminUserOrder>,
    ) -> Result<Connection<AdminUser>> {
        let args = Args { first, after, last, before };
        reads::admin_users(ctx, filter.predicate()?, order_by.into(), args).await
    }
}
