//! Permissions, roles, and who has them, as clients see them.

use std::sync::Arc;

use ::entity::{role, role_assignment};
use async_graphql::{Context, ID, SimpleObject};
use uuid::Uuid;

use super::{Actor, AdminLevel, AdminUser};
use crate::{
    access::{
        ROLE, ROLE_ASSIGNMENT,
        loaders::{RoleAssignments, Roles},
        permissions, reads,
        rules::{self, Standing},
    },
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{
            Args, BooleanFilter, Connection, Cursor, DateTimeFilter, IdFilter, Ids, StringFilter, filter,
            order,
        },
        permission,
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// Something that somebody may be allowed to do.
#[derive(Debug, SimpleObject)]
pub struct Permission {
    /// `incidents.acknowledge`
    key: &'static str,
    /// What it allows.
    description: &'static str,
    /// Whether giving it takes a second person.
    is_sensitive: bool,
    /// The lowest level of an account that has it without further ado.
    level: AdminLevel,
}

impl From<&permission::Permission> for Permission {
    fn from(permission: &permission::Permission) -> Self {
        Self {
            key: permission.key,
            description: permission.description,
            is_sensitive: permission.is_sensitive,
            level: permission.level.into(),
        }
    }
}

/// A named set of permissions that accounts are given.
#[derive(Debug)]
pub struct Role(Arc<role::Model>);

impl Stored for Role {
    type Row = role::Model;
    type ById = Roles;
    const PREFIX: Prefix = ROLE;
    const NOUN: &'static str = "role";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<role::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &role::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &role::Model, boundary: &Boundary) -> bool {
        // Roles are the platform's own.
        boundary.contains(PLATFORM)
    }
}

/// A named set of permissions that accounts are given.
#[macros::object]
impl Role {
    /// `rol_…`
    pub async fn id(&self) -> ID {
        ROLE.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Its name, unique.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is for.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Permissions and wildcards: `incidents.*` is all of a domain, those that come later among them.
    async fn permissions(&self) -> &[String] {
        &self.0.permissions.0
    }

    /// Whether something of it is sensitive, so that giving it takes a second person.
    async fn is_sensitive(&self, ctx: &Context<'_>) -> bool {
        let catalogue = ctx.request().kernel().catalogue();
        let given = catalogue.of_scopes(&self.0.permissions.0);
        given.iter().filter_map(|key| catalogue.permission(key)).any(|permission| permission.is_sensitive)
    }

    /// Whether every installation has it as it is.
    async fn is_built_in(&self) -> bool {
        self.0.is_built_in
    }

    /// Who has or had it, newest first.
    async fn assignments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Result<Connection<RoleAssignment>> {
        reads::assignments_of_role(ctx, self.0.id, Args { first, after, last, before }).await
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

/// That an account was given a role.
#[derive(Debug)]
pub struct RoleAssignment(Arc<role_assignment::Model>);

impl Stored for RoleAssignment {
    type Row = role_assignment::Model;
    type ById = RoleAssignments;
    const PREFIX: Prefix = ROLE_ASSIGNMENT;
    const NOUN: &'static str = "role assignment";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<role_assignment::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &role_assignment::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &role_assignment::Model, boundary: &Boundary) -> bool {
        // Assignments are the platform's own.
        boundary.contains(PLATFORM)
    }
}

/// That an account was given a role.
#[macros::object]
impl RoleAssignment {
    /// `ras_…`
    pub async fn id(&self) -> ID {
        ROLE_ASSIGNMENT.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// The role. Null where it is deleted by now.
    async fn role(&self, ctx: &Context<'_>) -> Result<Option<Eager<Role>>> {
        object::edge(ctx, Some(self.0.role_id)).await
    }

    /// As the role was called when it was given.
    async fn role_name(&self) -> &str {
        &self.0.role_name
    }

    /// Who has it.
    async fn admin_user(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, Some(self.0.admin_user_id)).await
    }

    /// Whether it counts now: not expired, not revoked, of an active account.
    async fn is_effective(&self, ctx: &Context<'_>) -> bool {
        let kernel = ctx.request().kernel();
        let rights = kernel.rights().last();
        let standing = Standing {
            expires_at: self.0.expires_at,
            revoked_at: self.0.revoked_at,
            is_active: rights.account(self.0.admin_user_id).is_some_and(|account| account.is_active),
        };
        rules::is_effective(&standing, kernel.clock().now())
    }

    /// Who gave it.
    async fn granted_by(&self) -> Actor {
        Actor::new(self.0.granted_by_kind, &self.0.granted_by_id)
    }

    /// Since when.
    async fn granted_at(&self) -> Timestamp {
        self.0.granted_at.into()
    }

    /// Until when. Null: it doesn't end by itself.
    async fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at.map(Timestamp)
    }

    /// Who took it away.
    async fn revoked_by(&self) -> Option<Actor> {
        Some(Actor::new(self.0.revoked_by_kind?, self.0.revoked_by_id.as_deref()?))
    }

    /// When it was taken away.
    async fn revoked_at(&self) -> Option<Timestamp> {
        self.0.revoked_at.map(Timestamp)
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

filter! {
    /// Which roles.
    pub RoleFilter {
        /// Its name.
        name: StringFilter => role::Column::Name,
        /// Whether every installation has it.
        is_built_in: BooleanFilter => role::Column::IsBuiltIn,
        /// When it was made.
        created_at: DateTimeFilter => role::Column::CreatedAt,
    }
}

order! {
    /// How roles are sorted.
    pub RoleOrder by
    /// What roles can be sorted by.
    RoleOrderField {
        /// When it was made.
        CreatedAt => role::Column::CreatedAt,
        /// Its name.
        Name => role::Column::Name,
    }
}

filter! {
    /// Which assignments.
    pub RoleAssignmentFilter {
        /// Who has it.
        admin_user_id: IdFilter => Ids::of::<AdminUser>(role_assignment::Column::AdminUserId),
        /// The role.
        role_id: IdFilter => Ids::of::<Role>(role_assignment::Column::RoleId),
        /// Since when.
        granted_at: DateTimeFilter => role_assignment::Column::GrantedAt,
        /// Until when.
        expires_at: DateTimeFilter => role_assignment::Column::ExpiresAt,
        /// When it was taken away.
        revoked_at: DateTimeFilter => role_assignment::Column::RevokedAt,
    }
}

order! {
    /// How assignments are sorted.
    pub RoleAssignmentOrder by
    /// What assignments can be sorted by.
    RoleAssignmentOrderField {
        /// Since when.
        GrantedAt => role_assignment::Column::GrantedAt,
    }
}
