//! Pages of organizations.

use async_graphql::Context;

use crate::{
    directory::{graphql::Organization, store},
    kernel::{
        error::Result,
        page::{self, Args, Connection, List, Order, Predicate},
        request::RequestExt,
    },
};

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
