//! Services as clients see them.

use std::sync::Arc;

use ::entity::{service, service_status};
use async_graphql::{Context, Enum, ID};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::{
    alert::{Alert, AlertFilter},
    probe::Probe,
};
use crate::{
    directory::Organization,
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{
            Args, Connection, Cursor, DateTimeFilter, EnumFilter, Filter, IntFilter, Items, StringFilter,
            Word, filter, order,
        },
        request::RequestExt,
        scalar::{Exact, Timestamp},
    },
    monitoring::{
        SERVICE,
        loaders::{Services, Statuses, Tallies},
        ops, permissions, probe, reads,
        rules::Tally,
        store::ServiceRow,
    },
};

/// How a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "service_status::ServiceState")]
pub enum ServiceState {
    /// Nothing is known yet, or it isn't probed.
    Unknown,
    /// It answers as expected.
    Healthy,
    /// It answers, but slowly or with what isn't expected.
    Degraded,
    /// It hasn't answered so many times in a row.
    Down,
}

impl Word for ServiceState {
    type Stored = service_status::ServiceState;
}

/// A range of time that ends now. It begins at a full minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UptimeRange {
    /// 24 hours.
    #[graphql(name = "LAST_24_HOURS")]
    Day,
    /// 7 days.
    #[graphql(name = "LAST_7_DAYS")]
    Week,
    /// 30 days.
    #[graphql(name = "LAST_30_DAYS")]
    Month,
    /// 90 days.
    #[graphql(name = "LAST_90_DAYS")]
    Quarter,
}

impl UptimeRange {
    /// When it begins: everybody who asks within a minute shares a statement.
    fn since(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        };
        let since = now - TimeDelta::days(days);
        since.duration_trunc(TimeDelta::minutes(1)).unwrap_or(since)
    }
}

/// Something of the platform that is watched.
#[derive(Debug)]
pub struct Service(Arc<service::Model>);

impl Stored for Service {
    type Row = service::Model;
    type ById = Services;
    const PREFIX: Prefix = SERVICE;
    const NOUN: &'static str = "service";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<service::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &service::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &service::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

/// Something of the platform that is watched.
#[macros::object]
impl Service {
    /// `svc_…`
    pub async fn id(&self) -> ID {
        SERVICE.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Its name, unique in its organization.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// How important it is: 1 is the most, 4 the least.
    async fn tier(&self) -> i16 {
        self.0.tier
    }

    /// Who looks after it.
    async fn owner(&self) -> Option<&str> {
        self.0.owner.as_deref()
    }

    /// The services that it needs and that are still registered.
    async fn depends_on(&self, ctx: &Context<'_>) -> Result<Vec<Service>> {
        let found = self.0.depends_on.0.iter().map(|id| object::by_id(ctx, *id));
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    /// What is asked of it. Null: nothing.
    async fn probe(&self) -> Result<Option<Probe>> {
        Ok(self.stored_probe()?.map(|probe| probe.target.into()))
    }

    /// From one probe to the next.
    async fn interval_seconds(&self) -> Result<Option<i32>> {
        Ok(self.stored_probe()?.map(|probe| probe.interval_seconds))
    }

    /// How long an answer is waited for.
    async fn timeout_ms(&self) -> Result<Option<i32>> {
        Ok(self.stored_probe()?.map(|probe| probe.timeout_ms))
    }

    /// Probes in a row without an answer that make it DOWN.
    async fn failures_to_down(&self) -> Result<Option<i32>> {
        Ok(self.stored_probe()?.map(|probe| probe.failures_to_down))
    }

    /// Probes in a row answered as expected that make it HEALTHY again.
    async fn successes_to_recover(&self) -> Result<Option<i32>> {
        Ok(self.stored_probe()?.map(|probe| probe.successes_to_recover))
    }

    /// How it is doing. Maintenance doesn't change it: see `isInMaintenance`.
    async fn state(&self, ctx: &Context<'_>) -> Result<ServiceState> {
        Ok(self.status(ctx).await?.state.into())
    }

    /// Since when.
    async fn state_since(&self, ctx: &Context<'_>) -> Result<Timestamp> {
        Ok(self.status(ctx).await?.state_since.into())
    }

    /// Whether it may go down without an alert now.
    async fn is_in_maintenance(&self, ctx: &Context<'_>) -> bool {
        let now = ctx.request().kernel().clock().now();
        self.0.maintenance_until.is_some_and(|until| until > now)
    }

    /// Until when it may, or might.
    async fn maintenance_until(&self) -> Option<Timestamp> {
        self.0.maintenance_until.map(Timestamp)
    }

    /// When it was last probed.
    async fn last_check_at(&self, ctx: &Context<'_>) -> Result<Option<Timestamp>> {
        Ok(self.status(ctx).await?.last_check_at.map(Timestamp))
    }

    /// How long the last answer took. Null: there was none.
    async fn response_time_ms(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        Ok(self.status(ctx).await?.response_time_ms)
    }

    /// What was wrong with the last answer, or why there was none.
    async fn last_error(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.status(ctx).await?.last_error)
    }

    /// Probes in a row that weren't answered.
    async fn consecutive_failures(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(self.status(ctx).await?.consecutive_failures)
    }

    /// Probes in a row that were answered as expected.
    async fn consecutive_successes(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(self.status(ctx).await?.consecutive_successes)
    }

    /// Of the probes in this range, those that were answered: in percent with four decimals, rounded down. Null: there
    /// are no results, so nothing is known.
    async fn uptime(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "UptimeRange::Day", desc = "How far it reaches back.")] range: UptimeRange,
    ) -> Result<Option<Exact>> {
        Ok(self.tally(ctx, range).await?.uptime().map(Exact))
    }

    /// Of the probes in this range, those that weren't answered, or slowly, or not as expected: in percent with four
    /// decimals, rounded up. Null: there are no results.
    async fn error_rate(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "UptimeRange::Day", desc = "How far it reaches back.")] range: UptimeRange,
    ) -> Result<Option<Exact>> {
        Ok(self.tally(ctx, range).await?.error_rate().map(Exact))
    }

    /// The mean time that answers in this range took, with three decimals. Null: there were none.
    async fn average_response_time_ms(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "UptimeRange::Day", desc = "How far it reaches back.")] range: UptimeRange,
    ) -> Result<Option<Exact>> {
        Ok(self.tally(ctx, range).await?.mean_response_time_ms().map(Exact))
    }

    /// What was raised about it, newest first.
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<AlertFilter>,
    ) -> Result<Connection<Alert>> {
        let args = Args { first, after, last, before };
        reads::alerts_of_service(ctx, self.0.id, filter.predicate()?, args).await
    }

    /// Whose it is. Null: the platform's own.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = self.0.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// When it was registered.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// When somebody last changed what is known of it.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at.into()
    }

    /// Counts its changes, those of its state among them. An event whose `entityVersion` is no greater is in here
    /// already.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

impl Service {
    fn stored_probe(&self) -> Result<Option<probe::Probe>> {
        ops::probe_of(&self.0)
    }

    /// How it is doing. One that is gone meanwhile is as if nobody had asked it.
    async fn status(&self, ctx: &Context<'_>) -> Result<service_status::Model> {
        let found = ctx.request().loaders().one::<Statuses>(self.0.id).await?;
        Ok(found.unwrap_or_else(|| ServiceRow::new((*self.0).clone()).status))
    }

    async fn tally(&self, ctx: &Context<'_>, range: UptimeRange) -> Result<Tally> {
        let request = ctx.request();
        let since = range.since(request.kernel().clock().now());
        Ok(request.loaders().one::<Tallies>((self.0.id, since)).await?.unwrap_or_default())
    }
}

filter! {
    /// Which services.
    pub ServiceFilter {
        /// Its name.
        name: StringFilter => service::Column::Name,
        /// How important it is.
        tier: IntFilter => service::Column::Tier,
        /// Who looks after it.
        owner: StringFilter => service::Column::Owner,
        /// How it is doing.
        state: EnumFilter<ServiceState> => Items::new(
            service_status::Column::State,
            service_status::Column::ServiceId,
            service::Column::Id,
        ),
        /// Until when it may go down without an alert.
        maintenance_until: DateTimeFilter => service::Column::MaintenanceUntil,
        /// When it was registered.
        created_at: DateTimeFilter => service::Column::CreatedAt,
    }
}

order! {
    /// How services are sorted.
    pub ServiceOrder by
    /// What services can be sorted by.
    ServiceOrderField {
        /// When it was registered.
        CreatedAt => service::Column::CreatedAt,
        /// Its name.
        Name => service::Column::Name,
        /// How important it is.
        Tier => service::Column::Tier,
    }
}
