//! Reads: pages of entries, bounded by the caller. Newest first means by id: ids rise with the time of arrival.

use std::collections::BTreeMap;

use ::entity::audit_log::{self, Column};
use async_graphql::Context;
use chrono::{DateTime, Utc};
use sea_orm::Select;

use super::{
    graphql::AuditLog,
    rules,
    store::{self, Person},
};
use crate::kernel::{
    error::Result,
    page::{self, Args, Connection, List, Made, Order, Predicate, seek},
    request::RequestExt,
};

/// A page of all entries.
///
/// # Errors
/// As [`page::list`].
pub async fn entries(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<AuditLog>> {
    let rows = store::entries(&ctx.request().caller().boundary);
    list(ctx, "auditLogs", rows, predicate, order, args).await
}

/// A page of what admin users did.
///
/// # Errors
/// As [`page::list`].
pub async fn admin_actions(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<AuditLog>> {
    let rows = store::admin_actions(&ctx.request().caller().boundary);
    list(ctx, "adminActions", rows, predicate, order, args).await
}

/// A page of what was done to one entity, newest first. The type is only needed where ids of several types are alike.
///
/// # Errors
/// As [`page::list`]; BAD_USER_INPUT where these can't be an id and a type.
pub async fn trail(
    ctx: &Context<'_>,
    entity_id: &str,
    entity_type: Option<&str>,
    args: Args,
) -> Result<Connection<AuditLog>> {
    let id = rules::entity_key("entityId", entity_id)?;
    let mut all = vec![Predicate::eq(Column::EntityId, id)];
    if let Some(kind) = entity_type {
        all.push(Predicate::eq(Column::EntityType, rules::entity_key("entityType", kind)?));
    }
    let rows = store::entries(&ctx.request().caller().boundary);
    list(ctx, "auditTrail", rows, Predicate::All(all), Order::desc(Column::Id), args).await
}

/// A page of what was done to somebody and what they did, newest first.
///
/// # Errors
/// As [`page::list`].
pub async fn activity(ctx: &Context<'_>, person: &Person, args: Args) -> Result<Connection<AuditLog>> {
    let parts = person.activity(&ctx.request().caller().boundary);
    page::together(ctx, "user.activity", parts, Order::desc(Column::Id), args).await
}

/// The most entries that are counted of what somebody did, and of what was done to them.
const COUNTED: u64 = 100_000;

/// What the record has of somebody, in a few numbers.
#[derive(Debug, Default)]
pub struct Activity {
    /// How many entries there are of each type.
    pub by_type: BTreeMap<String, u64>,
    /// Whether all were counted.
    pub is_exact: bool,
    /// When the last happened.
    pub last_at: Option<DateTime<Utc>>,
}

/// Sums up what was done to somebody and what they did.
///
/// # Errors
/// Where the database can't be read.
pub async fn activity_summary(ctx: &Context<'_>, person: &Person) -> Result<Activity> {
    let request = ctx.request();
    let loaders = request.loaders();
    let mut activity = Activity { is_exact: true, ..Activity::default() };
    for part in person.activity(&request.caller().boundary) {
        let counts = store::count_by_type(&part, COUNTED, loaders.conn()).await?;
        activity.is_exact &= counts.iter().map(|(_, count)| count).sum::<u64>() < COUNTED;
        for (event_type, count) in counts {
            *activity.by_type.entry(event_type).or_default() += count;
        }
        activity.last_at = activity.last_at.max(store::last_at(&part, loaders.conn()).await?);
    }
    Ok(activity)
}

async fn list(
    ctx: &Context<'_>,
    name: &'static str,
    rows: Select<audit_log::Entity>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<AuditLog>> {
    let predicate = page::with_merged(ctx, Column::OrganizationId, predicate);
    let predicate = seek(predicate, Column::ReceivedAt, Made::Then, Column::Id);
    let predicate = seek(predicate, Column::OccurredAt, Made::ThenOrLater, Column::Id);
    page::list(ctx, List { name, rows, predicate, order }, args).await
}
