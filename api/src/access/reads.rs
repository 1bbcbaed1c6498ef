//! Reads: pages of admin users, of roles and of who has them, of approvals, of sessions, of tokens, of impersonations
//! and of the allowlist, bounded by the caller.

use ::entity::role_assignment;
use async_graphql::Context;
use uuid::Uuid;

use super::{
    graphql::{AdminUser, ApiToken, Approval, Impersonation, IpAllowEntry, Role, RoleAssignment, Session},
    store,
};
use crate::kernel::{
    error::Result,
    page::{self, Args, Children, Column, Connection, List, Order, Predicate},
    request::RequestExt,
};

/// A page of admin users.
///
/// # Errors
/// As [`page::list`].
pub async fn admin_users(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<AdminUser>> {
    let rows = store::admin_users(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "adminUsers", rows, predicate, order }, args).await
}

/// A page of roles.
///
/// # Errors
/// As [`page::list`].
pub async fn roles(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<Role>> {
    let rows = store::roles(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "roles", rows, predicate, order }, args).await
}

/// A page of assignments.
///
/// # Errors
/// As [`page::list`].
pub async fn role_assignments(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<RoleAssignment>> {
    let rows = store::role_assignments(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "roleAssignments", rows, predicate, order }, args).await
}

/// A page of approvals.
///
/// # Errors
/// As [`page::list`].
pub async fn approvals(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<Approval>> {
    let rows = store::approvals(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "approvals", rows, predicate, order }, args).await
}

/// A page of sessions.
///
/// # Errors
/// As [`page::list`].
pub async fn sessions(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<Session>> {
    let rows = store::sessions(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "sessions", rows, predicate, order }, args).await
}

/// A page of API tokens.
///
/// # Errors
/// As [`page::list`].
pub async fn api_tokens(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<ApiToken>> {
    let rows = store::api_tokens(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "apiTokens", rows, predicate, order }, args).await
}

/// A page of impersonations.
///
/// # Errors
/// As [`page::list`].
pub async fn impersonations(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<Impersonation>> {
    let rows = store::impersonations(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "impersonations", rows, predicate, order }, args).await
}

/// A page of the networks that accounts are accepted from.
///
/// # Errors
/// As [`page::list`].
pub async fn ip_allow_entries(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<IpAllowEntry>> {
    let rows = store::ip_allow_entries(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "ipAllowEntries", rows, predicate, order }, args).await
}

/// A page of the assignments of an account, newest first.
///
/// # Errors
/// As [`page::children`].
pub async fn assignments_of_account(
    ctx: &Context<'_>,
    account: Uuid,
    args: Args,
) -> Result<Connection<RoleAssignment>> {
    assignments_of(ctx, "adminUser.roleAssignments", role_assignment::Column::AdminUserId, account, args)
        .await
}

/// A page of the assignments of a role, newest first.
///
/// # Errors
/// As [`page::children`].
pub async fn assignments_of_role(
    ctx: &Context<'_>,
    role: Uuid,
    args: Args,
) -> Result<Connection<RoleAssignment>> {
    assignments_of(ctx, "role.assignments", role_assignment::Column::RoleId, role, args).await
}

/// Whoever sees the parent is limited to no organization.
async fn assignments_of(
    ctx: &Context<'_>,
    name: &'static str,
    parent: role_assignment::Column,
    id: Uuid,
    args: Args,
) -> Result<Connection<RoleAssignment>> {
    let children = Children {
        name,
        parent: Column::from(parent),
        predicate: Predicate::default(),
        // By id alone, which is the order of creation: the index on (parent, id) has it.
        order: Order::desc(role_assignment::Column::Id),
    };
    page::children(ctx, id, children, args).await
}
