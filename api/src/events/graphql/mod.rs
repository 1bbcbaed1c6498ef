//! The event log in the schema.

mod lists;
mod types;

use async_graphql::{Context, ID};
use futures_util::Stream;

use self::lists::{EventFilter, EventOrder};
use super::{loaders::Positions, reads, rules};
use crate::kernel::{
    error::Result,
    log::{self, EventCursor},
    object::{self, Stored},
    page::{Args, Connection, Cursor, Filter},
    request::RequestExt,
    stream,
};

pub use types::PublishedEvent;

/// The reads of the event log.
#[derive(Debug, Default)]
pub struct Query;

#[macros::query(name = "EventsQuery")]
impl Query {
    /// One event.
    #[requires("events.read")]
    async fn event(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PublishedEvent>> {
        object::find(ctx, &id).await
    }

    /// Events of the types that the caller may read, newest first unless ordered otherwise.
    #[requires("events.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<EventFilter>,
        order_by: Option<EventOrder>,
    ) -> Result<Connection<PublishedEvent>> {
        let args = Args { first, after, last, before };
        reads::events(ctx, filter.predicate()?, order_by.into(), args).await
    }

    /// The log's last position. Select it together with a snapshot, then subscribe with it as `after`: everything in
    /// the request is read at that position, and every event beyond it is delivered.
    #[authenticated]
    async fn event_cursor(&self, ctx: &Context<'_>) -> Result<EventCursor> {
        let head = log::head(&ctx.request().conn()).await?;
        Ok(EventCursor::new(head.log_id, head.position))
    }
}

/// What can be heard of the event log.
#[derive(Debug, Default)]
pub struct Subscription;

#[macros::subscription(name = "EventsSubscription")]
impl Subscription {
    /// Events of the types that the caller may read, as they were published: from `after` or from now, in the order of
    /// the log, each once.
    #[requires("events.read")]
    async fn event_published(
        &self,
        ctx: &Context<'_>,
        after: Option<EventCursor>,
        filter: Option<EventFilter>,
    ) -> Result<impl Stream<Item = PublishedEvent>> {
        let predicate = filter.predicate()?;
        let request = ctx.request();
        let (kernel, permissions) = (request.kernel().clone(), request.caller().permissions.clone());
        stream::follow(ctx, after, move |event| {
            let is_shown = rules::is_shown(kernel.catalogue(), &permissions, &event.row.event_type)
                && predicate.matches(&lists::state(&event.row)) == Some(true);
            is_shown.then(|| {
                event.loaders.prime::<Positions>([(event.row.id, event.position)]);
                PublishedEvent::of(event.row.clone().into())
            })
        })
    }
}
