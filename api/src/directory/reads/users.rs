//! Pages of users.

use async_graphql::Context;

use crate::{
    directory::{graphql::User, store},
    kernel::{
        error::Result,
        page::{self, Args, Connection, List, Order, Predicate},
        request::RequestExt,
    },
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
