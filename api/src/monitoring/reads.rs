//! Reads: pages of services and alerts, and how everything is doing, bounded by the caller.

use ::entity::{alert, service, service_status::ServiceState};
use async_graphql::Context;
use uuid::Uuid;

use super::{
    graphql::{Alert, Service},
    rules, store,
};
use crate::kernel::{
    error::Result,
    page::{self, Args, Children, Column, Connection, List, Order, Predicate},
    request::RequestExt,
};

/// A page of services.
///
/// # Errors
/// As [`page::list`].
pub async fn services(
    ctx: &Context<'_>,
    predicate: Predicate,
    search: Option<&str>,
    order: Order,
    args: Args,
) -> Result<Connection<Service>> {
    let rows = store::services(&ctx.request().caller().boundary);
    let words = [service::Column::Name, service::Column::Description, service::Column::Owner];
    let predicate = Predicate::All(vec![predicate, page::search(search, words)?]);
    page::list(ctx, List { name: "services", rows, predicate, order }, args).await
}

/// A page of alerts.
///
/// # Errors
/// As [`page::list`].
pub async fn alerts(
    ctx: &Context<'_>,
    predicate: Predicate,
    search: Option<&str>,
    order: Order,
    args: Args,
) -> Result<Connection<Alert>> {
    let rows = store::alerts(&ctx.request().caller().boundary);
    let words = [alert::Column::Title, alert::Column::Description, alert::Column::DedupKey];
    let predicate = Predicate::All(vec![predicate, page::search(search, words)?]);
    page::list(ctx, List { name: "alerts", rows, predicate, order }, args).await
}

/// A page of the alerts of a service, newest first.
///
/// # Errors
/// As [`page::children`].
pub async fn alerts_of_service(
    ctx: &Context<'_>,
    service: Uuid,
    predicate: Predicate,
    args: Args,
) -> Result<Connection<Alert>> {
    alerts_of(ctx, "service.alerts", alert::Column::ServiceId, service, predicate, args).await
}

/// A page of the alerts that belong to an incident, newest first.
///
/// # Errors
/// As [`page::children`].
pub async fn alerts_of_incident(ctx: &Context<'_>, incident: Uuid, args: Args) -> Result<Connection<Alert>> {
    let all = Predicate::default();
    alerts_of(ctx, "incident.alerts", alert::Column::IncidentId, incident, all, args).await
}

async fn alerts_of(
    ctx: &Context<'_>,
    name: &'static str,
    parent: alert::Column,
    id: Uuid,
    predicate: Predicate,
    args: Args,
) -> Result<Connection<Alert>> {
    let within = Predicate::within(alert::Column::OrganizationId, &ctx.request().caller().boundary);
    let children = Children {
        name,
        parent: Column::from(parent),
        predicate: Predicate::All(vec![within, predicate]),
        // By id alone, which is the order of creation: the index on (parent, id) has it.
        order: Order::desc(alert::Column::Id),
    };
    page::children(ctx, id, children, args).await
}

/// How everything together is doing.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// The worst that is known of a service that isn't under maintenance.
    pub state: ServiceState,
    /// Services that aren't under maintenance, by state.
    pub services: ServiceCounts,
    /// Services under maintenance.
    pub in_maintenance: i64,
    /// Alerts of the highest severity that aren't resolved.
    pub open_critical_alerts: u64,
}

/// Services by state.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceCounts {
    /// Nothing is known of them.
    pub unknown: i64,
    /// As they should be.
    pub healthy: i64,
    /// Slow, or not as expected.
    pub degraded: i64,
    /// Without an answer.
    pub down: i64,
}

/// How what the caller sees is doing. Two statements.
///
/// # Errors
/// Where the database can't.
pub async fn health(ctx: &Context<'_>) -> Result<Health> {
    let request = ctx.request();
    let (db, boundary) = (request.conn(), &request.caller().boundary);
    let counted = store::count_by_state(&db, boundary, request.kernel().clock().now()).await?;
    let mut health = Health {
        state: ServiceState::Unknown,
        services: ServiceCounts::default(),
        in_maintenance: 0,
        open_critical_alerts: store::count_open_critical(&db, boundary).await?,
    };
    for count in &counted {
        let services = &mut health.services;
        let of_state = match count.state {
            ServiceState::Unknown => &mut services.unknown,
            ServiceState::Healthy => &mut services.healthy,
            ServiceState::Degraded => &mut services.degraded,
            ServiceState::Down => &mut services.down,
        };
        *of_state = count.total - count.in_maintenance;
        health.in_maintenance += count.in_maintenance;
    }
    let watched = counted.iter().filter(|count| count.total > count.in_maintenance);
    health.state = rules::overall(watched.map(|count| count.state));
    Ok(health)
}
