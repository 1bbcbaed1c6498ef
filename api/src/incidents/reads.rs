//! Reads: pages of incidents and timelines, and statistics, bounded by the caller.

use ::entity::{incident, incident_timeline};
use async_graphql::Context;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    graphql::{Incident, IncidentTimelineEntry, Visibility},
    permissions, rules,
    store::{self, StatsRow},
};
use crate::kernel::{
    error::{Error, Result, UserErrorCode},
    object::Stored,
    page::{self, Args, Children, Column, Connection, List, Order, Predicate},
    request::RequestExt,
};

/// The longest range of statistics.
const MAX_RANGE: TimeDelta = TimeDelta::days(366);
/// The most incidents that statistics are made of.
const MAX_COUNTED: u64 = 100_000;

/// The incident of a number.
///
/// # Errors
/// Where the database can't be read.
pub async fn incident_by_number(ctx: &Context<'_>, number: &str) -> Result<Option<Incident>> {
    if number.contains('\0') {
        // PostgreSQL can't even be asked for it.
        return Ok(None);
    }
    let request = ctx.request();
    let row = store::incident_by_number(&request.conn(), &request.caller().boundary, number).await?;
    Ok(row.map(|row| Incident::of(row.into())))
}

/// A page of incidents.
///
/// # Errors
/// As [`page::list`].
pub async fn incidents(
    ctx: &Context<'_>,
    predicate: Predicate,
    search: Option<&str>,
    order: Order,
    args: Args,
) -> Result<Connection<Incident>> {
    let rows = store::incidents(&ctx.request().caller().boundary);
    let words = [incident::Column::Number, incident::Column::Title, incident::Column::Description];
    let predicate = Predicate::All(vec![predicate, page::search(search, words)?]);
    page::list(ctx, List { name: "incidents", rows, predicate, order }, args).await
}

/// A page of an incident's timeline, newest first.
///
/// # Errors
/// As [`page::children`].
pub async fn timeline(
    ctx: &Context<'_>,
    incident: Uuid,
    predicate: Predicate,
    args: Args,
) -> Result<Connection<IncidentTimelineEntry>> {
    let mut all = vec![predicate];
    if !ctx.request().caller().permissions.has(permissions::READ_INTERNAL) {
        all.push(Predicate::eq(incident_timeline::Column::Visibility, Visibility::Public));
    }
    let children = Children {
        name: "incident.timeline",
        parent: Column::from(incident_timeline::Column::IncidentId),
        predicate: Predicate::All(all),
        order: Order::desc(incident_timeline::Column::CreatedAt),
    };
    page::children(ctx, incident, children, args).await
}

/// What statistics are made of: every incident that was opened in `[from, to)` and passes `predicate`.
///
/// # Errors
/// OUT_OF_RANGE, or LIMIT_EXCEEDED where they are too many.
pub async fn stats(
    ctx: &Context<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    predicate: Predicate,
) -> Result<Vec<StatsRow>> {
    if from >= to || to - from > MAX_RANGE {
        let message = "a range ends after it begins, and is at most 366 days long";
        return Err(Error::invalid(UserErrorCode::OutOfRange, "", message));
    }
    let request = ctx.request();
    let rows =
        store::stats(&request.conn(), &request.caller().boundary, from, to, predicate, MAX_COUNTED + 1)
            .await?;
    if rows.len() as u64 > MAX_COUNTED {
        let message = format!("these are more than {MAX_COUNTED} incidents: narrow the range or the filter");
        return Err(Error::invalid(UserErrorCode::LimitExceeded, "", message));
    }
    Ok(rows)
}

/// The times that `rows` took until somebody was on them, and until they were over.
pub fn durations(rows: &[&StatsRow]) -> (Option<rules::Durations>, Option<rules::Durations>) {
    let of = |end: fn(&StatsRow) -> Option<DateTime<Utc>>| {
        rules::durations(rows.iter().filter_map(|row| Some(end(row)? - row.created_at)))
    };
    (of(|row| row.acknowledged_at), of(|row| row.resolved_at))
}
