//! Monitoring in the schema: thin resolvers over the commands and reads of the domain.

mod alert;
mod health;
mod inputs;
mod mutations;
mod probe;
mod service;

use async_graphql::{Context, ID};
use futures_util::Stream;

use self::{
    alert::AlertOrder,
    health::SystemHealth,
    service::{ServiceFilter, ServiceOrder},
};
use super::{events, reads};
use crate::{
    access::Actor,
    kernel::{
        change::change,
        error::Result,
        log::EventCursor,
        object,
        page::{Args, Connection, Cursor, Filter},
        stream,
    },
};

pub use self::{
    alert::{Alert, AlertFilter},
    mutations::Mutation,
    service::Service,
};

/// The reads of monitoring.
#[derive(Debug, Default)]
pub struct Query;

#[macros::query(name = "MonitoringQuery")]
impl Query {
    /// How everything that the caller sees is doing, in a few numbers.
    #[requires("monitoring.read")]
    async fn system_health(&self, ctx: &Context<'_>) -> Result<SystemHealth> {
        Ok(reads::health(ctx).await?.into())
    }

    /// One service.
    #[requires("monitoring.read")]
    async fn service(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Service>> {
        object::find(ctx, &id).await
    }

    /// Services, newest first unless ordered otherwise.
    #[requires("monitoring.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn services(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<ServiceFilter>,
        order_by: Option<ServiceOrder>,
        #[graphql(desc = "Words in name, description or owner.")] search: Option<String>,
    ) -> Result<Connection<Service>> {
        let args = Args { first, after, last, before };
        reads::services(ctx, filter.predicate()?, search.as_deref(), order_by.into(), args).await
    }

    /// One alert.
    #[requires("monitoring.read")]
    async fn alert(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Alert>> {
        object::find(ctx, &id).await
    }

    /// Alerts, newest first unless ordered otherwise.
    #[requires("monitoring.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<AlertFilter>,
        order_by: Option<AlertOrder>,
        #[graphql(desc = "Words in title, description or dedupKey.")] search: Option<String>,
    ) -> Result<Connection<Alert>> {
        let args = Args { first, after, last, before };
        reads::alerts(ctx, filter.predicate()?, search.as_deref(), order_by.into(), args).await
    }
}

change! {
    /// A change of a service.
    ServiceChange { service: Service } by Actor
}

change! {
    /// A change of an alert.
    AlertChange { alert: Alert } by Actor
}

/// What can be heard of monitoring.
#[derive(Debug, Default)]
pub struct Subscription;

#[macros::subscription(name = "MonitoringSubscription")]
impl Subscription {
    /// Each change of how a service is doing or of its maintenance, from `after` or from now; that it was registered or
    /// deregistered, too. One that leaves the filter is heard once more.
    #[requires("monitoring.read")]
    async fn service_status_changed(
        &self,
        ctx: &Context<'_>,
        after: Option<EventCursor>,
        filter: Option<ServiceFilter>,
    ) -> Result<impl Stream<Item = ServiceChange>> {
        let filter = filter.predicate()?;
        stream::follow(ctx, after, move |event| {
            ServiceChange::of(event, &filter).filter(|_| events::is_status_change(event))
        })
    }

    /// Each change of an alert, from `after` or from now. One that leaves the filter is heard once more.
    #[requires("monitoring.read")]
    async fn alert_changed(
        &self,
        ctx: &Context<'_>,
        after: Option<EventCursor>,
        filter: Option<AlertFilter>,
    ) -> Result<impl Stream<Item = AlertChange>> {
        let filter = filter.predicate()?;
        stream::follow(ctx, after, move |event| AlertChange::of(event, &filter))
    }
}
