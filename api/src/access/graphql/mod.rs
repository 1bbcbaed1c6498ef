//! Access in the schema: admin users, and the reads of the domain.

mod actor;
mod allowlist;
mod approval;
mod explanation;
mod impersonation;
mod inputs;
mod invitation;
mod mutations;
mod requirements;
mod role;
mod session;
mod sign_in;
mod tokens;

use std::sync::Arc;

use ::entity::{admin_user, user};
use async_graphql::{Context, Enum, ID};
use uuid::Uuid;

use self::{
    actor::Viewer,
    approval::{ApprovalFilter, ApprovalOrder},
    explanation::{ActorSelector, FieldAuthorization},
    invitation::OpenInvitation,
    role::{Permission, RoleAssignmentFilter, RoleAssignmentOrder, RoleFilter, RoleOrder},
    session::{SessionFilter, SessionOrder},
};
use crate::{
    access::{
        loaders::{AdminUsers, InvitationsTo},
        permissions, reads,
    },
    directory::{User, Users},
    kernel::{
        actor::{ADMIN_USER, Boundary, PLATFORM},
        error::{Error, Result},
        id::Prefix,
        list_size::list_size,
        object::{self, Stored},
        page::{
            Args, BooleanFilter, Connection, Cursor, DateTimeFilter, EnumFilter, Filter, Word, filter, order,
        },
        permission::PermissionSet,
        request::RequestExt,
        scalar::Timestamp,
    },
};

pub use self::{
    actor::Actor,
    allowlist::{AllowlistMutation, AllowlistQuery, IpAllowEntry},
    approval::Approval,
    impersonation::{Impersonation, ImpersonationMutation, ImpersonationQuery},
    mutations::Mutation,
    role::{Role, RoleAssignment},
    session::Session,
    sign_in::Mutation as SignInMutation,
    tokens::{ApiToken, TokenMutation, TokenQuery},
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

/// An account of somebody who runs the platform.
#[derive(Debug)]
pub struct AdminUser(Arc<admin_user::Model>);

impl Stored for AdminUser {
    type Row = admin_user::Model;
    type ById = AdminUsers;
    const PREFIX: Prefix = ADMIN_USER;
    const NOUN: &'static str = "admin user";
    const READ: &'static str = permissions::READ;

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
#[macros::object]
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

    /// The roles that it has or had, newest first.
    async fn role_assignments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Result<Connection<RoleAssignment>> {
        reads::assignments_of_account(ctx, self.0.id, Args { first, after, last, before }).await
    }

    /// All that it may now, wildcards spelled out: by its level, its own permissions and its roles. None where it isn't
    /// active.
    async fn effective_permissions(&self, ctx: &Context<'_>) -> Vec<&'static str> {
        let kernel = ctx.request().kernel();
        let rights = kernel.rights().last();
        let held = rights.permissions(self.0.id, kernel.clock().now());
        held.into_iter().flat_map(PermissionSet::iter).collect()
    }

    /// Whether it may be used.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }

    /// When somebody last signed in with it.
    async fn last_login_at(&self) -> Option<Timestamp> {
        self.0.last_login_at.map(Timestamp)
    }

    /// The invitation by which somebody may still set the first password of the account. Null where there is none that is
    /// good.
    async fn invitation(&self, ctx: &Context<'_>) -> Result<Option<OpenInvitation>> {
        let now = ctx.request().kernel().clock().now();
        let found = ctx.request().loaders().one::<InvitationsTo>(self.0.id).await?;
        Ok(found.filter(|row| now < row.expires_at).map(OpenInvitation))
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

    /// One approval.
    #[requires("access.read")]
    async fn approval(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Approval>> {
        object::find(ctx, &id).await
    }

    /// What takes or took other people's approval, newest first unless ordered otherwise.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn approvals(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<ApprovalFilter>,
        order_by: Option<ApprovalOrder>,
    ) -> Result<Connection<Approval>> {
        let args = Args { first, after, last, before };
        reads::approvals(ctx, filter.predicate()?, order_by.into(), args).await
    }

    /// Every permission that there is, by key.
    #[requires("access.read")]
    #[graphql(directive = list_size::apply(60))]
    async fn permissions(&self, ctx: &Context<'_>) -> Vec<Permission> {
        ctx.request().kernel().catalogue().permissions().map(Permission::from).collect()
    }

    /// One role.
    #[requires("access.read")]
    async fn role(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Role>> {
        object::find(ctx, &id).await
    }

    /// Roles, newest first unless ordered otherwise: the built-in ones last.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn roles(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<RoleFilter>,
        order_by: Option<RoleOrder>,
    ) -> Result<Connection<Role>> {
        let args = Args { first, after, last, before };
        reads::roles(ctx, filter.predicate()?, order_by.into(), args).await
    }

    /// Who has or had which role, newest first unless ordered otherwise.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn role_assignments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<RoleAssignmentFilter>,
        order_by: Option<RoleAssignmentOrder>,
    ) -> Result<Connection<RoleAssignment>> {
        let args = Args { first, after, last, before };
        reads::role_assignments(ctx, filter.predicate()?, order_by.into(), args).await
    }

    /// Sessions of those who sign in here, newest first unless ordered otherwise.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<SessionFilter>,
        order_by: Option<SessionOrder>,
    ) -> Result<Connection<Session>> {
        let args = Args { first, after, last, before };
        reads::sessions(ctx, filter.predicate()?, order_by.into(), args).await
    }
}
