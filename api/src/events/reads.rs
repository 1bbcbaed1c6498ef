//! Reads: pages of events, bounded by what the caller may see. Newest first means by id: ids rise with time.

use ::entity::event::Column;
use async_graphql::Context;

use super::{graphql::PublishedEvent, rules, store};
use crate::kernel::{
    error::Result,
    page::{self, Args, Connection, List, Made, Order, Predicate, seek},
    request::RequestExt,
};

/// A page of events.
///
/// # Errors
/// As [`page::list`].
pub async fn events(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<PublishedEvent>> {
    let request = ctx.request();
    let caller = request.caller();
    let hidden = rules::hidden(request.kernel().catalogue(), &caller.permissions);
    let rows = store::events(&caller.boundary, &hidden);
    let predicate = page::with_merged(ctx, Column::OrganizationId, predicate);
    let predicate = seek(predicate, Column::OccurredAt, Made::ThenOrLater, Column::Id);
    page::list(ctx, List { name: "events", rows, predicate, order }, args).await
}
