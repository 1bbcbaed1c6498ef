//! The record in the schema.

mod activity;
mod lists;
mod personal;
mod types;

use std::sync::Arc;

use async_graphql::{Context, ID};
use futures_util::{Stream, StreamExt};

use self::lists::{AuditLogFilter, AuditLogOrder};
use super::{loaders::Entries, reads};
use crate::kernel::{
    error::{Error, Result},
    event::LogEvent,
    log::EventCursor,
    object,
    page::{Args, Connection, Cursor, Filter, Predicate},
    stream,
};

pub use activity::{ActivitySummary, activity, activity_summary};
pub use types::{AuditCategory, AuditLog, AuditLogArrival};

/// The reads of the record.
#[derive(Debug, Default)]
pub struct Query;

#[macros::query(name = "AuditQuery")]
impl Query {
    /// One entry of the audit log.
    #[requires("audit.read")]
    async fn audit_log(&self, ctx: &Context<'_>, id: ID) -> Result<Option<AuditLog>> {
        object::find(ctx, &id).await
    }

    /// The audit log: everything that was done or tried, newest first unless ordered otherwise.
    #[requires("audit.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn audit_logs(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<AuditLogFilter>,
        order_by: Option<AuditLogOrder>,
    ) -> Result<Connection<AuditLog>> {
        let args = Args { first, after, last, before };
        reads::entries(ctx, filter.predicate()?, order_by.into(), args).await
    }

    /// Everything that was done to one object, newest first.
    #[requires("audit.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn audit_trail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The object's id: `inc_…`.")] entity_id: ID,
        #[graphql(desc = "Its type, `Incident`: needed only where another service's ids say nothing of it.")]
        entity_type: Option<String>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Result<Connection<AuditLog>> {
        let args = Args { first, after, last, before };
        reads::trail(ctx, &entity_id, entity_type.as_deref(), args).await
    }

    /// What people with admin accounts did or tried, newest first unless ordered otherwise.
    #[requires("audit.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn admin_actions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<AuditLogFilter>,
        order_by: Option<AuditLogOrder>,
    ) -> Result<Connection<AuditLog>> {
        let args = Args { first, after, last, before };
        reads::admin_actions(ctx, filter.predicate()?, order_by.into(), args).await
    }
}

/// What can be heard of the record.
#[derive(Debug, Default)]
pub struct Subscription;

#[macros::subscription(name = "AuditSubscription")]
impl Subscription {
    /// Each entry as it comes into the audit log, from `after` or from now. Hearing of entries isn't recorded itself.
    #[requires("audit.read")]
    async fn audit_logged(
        &self,
        ctx: &Context<'_>,
        after: Option<EventCursor>,
        filter: Option<AuditLogFilter>,
    ) -> Result<impl Stream<Item = Result<AuditLogArrival>>> {
        let predicate = Arc::new(filter.predicate()?);
        let events = stream::follow(ctx, after, |event| Some(event.clone()))?;
        Ok(events.filter_map(move |event| {
            let predicate = predicate.clone();
            async move { arrival(event, &predicate).await.transpose() }
        }))
    }
}

/// The entry of an event, where it passes. An event doesn't say all of its entry, so that the entry is loaded: once a
/// process, as everything that is shown of an event.
async fn arrival(event: Arc<LogEvent>, predicate: &Predicate) -> Result<Option<AuditLogArrival>> {
    let entry = event.loaders.one::<Entries>(event.row.audit_log_id).await?;
    let entry = entry.ok_or_else(|| Error::internal("an event has no audit entry"))?;
    let passes = predicate.matches(&lists::state(&entry)) == Some(true);
    Ok(passes.then(|| AuditLogArrival::new(event, entry)))
}
