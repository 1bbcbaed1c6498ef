//! Reads: pages of users and organizations, bounded by the caller.

use async_graphql::Context;

use super::{
    graphql::{Organization, User},
    store,
};
use crate::kernel::{
    error::Result,
    page::{self, Args, Connection, List, Order, Predicate},
    request::RequestExt,
};

/// A page of users.
///
/// # Errors
/// As [`page::list`].
pub async fn users(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<User>> {
    let rows = store::users(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "users", rows, predicate, order }, args).await
}

/// A page of organizations.
///
/// # Errors
/// As [`page::list`].
pub async fn organizations(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<Organization>> {
    let rows = store::organizations(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "organizations", rows, predicate, order }, args).await
}
