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
/// As [`page::list`] and [`page::words`].
pub async fn users(
    ctx: &Context<'_>,
    predicate: Predicate,
    search: Option<&str>,
    order: Order,
    args: Args,
) -> Result<Connection<User>> {
    let request = ctx.request();
    let rows = store::users(&request.caller().boundary);
    let list = List { name: "users", rows, predicate, order };
    let words = page::words(search)?;
    if words.is_empty() {
        return page::list(ctx, list, args).await;
    }
    let search = store::search(&words, request.kernel().db().backend());
    page::found(ctx, list, search, args).await
}
