//! Reads: pages of admin users, bounded by the caller.

use async_graphql::Context;

use super::{graphql::AdminUser, store};
use crate::kernel::{
    error::Result,
    page::{self, Args, Connection, List, Order, Predicate},
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
