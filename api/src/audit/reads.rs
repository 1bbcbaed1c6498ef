//! Reads: pages of entries, bounded by the caller. Newest first means by id: ids rise with the time of arrival.

use ::entity::audit_log::{self, Column};
use async_graphql::Context;
use sea_orm::Select;

use super::{graphql::AuditLog, rules, store};
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

async fn list(
    ctx: &Context<'_>,
    name: &'static str,
    rows: Select<audit_log::Entity>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<AuditLog>> {
    let predicate = seek(predicate, Column::ReceivedAt, Made::Then, Column::Id);
    let predicate = seek(predicate, Column::OccurredAt, Made::ThenOrLater, Column::Id);
    page::list(ctx, List { name, rows, predicate, order }, args).await
}
