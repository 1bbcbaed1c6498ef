//! What organizations pay for, as clients see it.

use std::sync::Arc;

use ::entity::billing_subscription::{self, Column};
use async_graphql::{Context, Enum, ID, SimpleObject};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Organization;
use crate::{
    directory::{SUBSCRIPTION, loaders::Subscriptions, permissions, reads, rules},
    kernel::{
        actor::Boundary,
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{DateTimeFilter, EnumFilter, IdFilter, Ids, StringFilter, Word, filter, order},
        scalar::{Exact, Timestamp},
    },
};

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::billing_subscription::BillingStatus")]
pub enum BillingStatus {
    /// Costs nothing yet.
    Trialing,
    /// Is paid for.
    Active,
    /// Should have been paid.
    PastDue,
    /// Costs nothing for now.
    Paused,
    /// Has ended, or ends with its period.
    Cancelled,
}

/// How often something is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::billing_subscription::BillingPeriod")]
pub enum BillingPeriod {
    /// 52 times a year.
    Weekly,
    /// 12 times a year.
    Monthly,
    /// Four times a year.
    Quarterly,
    /// Twice a year.
    HalfYearly,
    /// Once a year.
    Yearly,
}

impl Word for BillingStatus {
    type Stored = billing_subscription::BillingStatus;
}

impl Word for BillingPeriod {
    type Stored = billing_subscription::BillingPeriod;
}

/// What an organization pays for, as the billing system says.
#[derive(Debug)]
pub struct BillingSubscription(Arc<billing_subscription::Model>);

impl Stored for BillingSubscription {
    type Row = billing_subscription::Model;
    type ById = Subscriptions;
    const PREFIX: Prefix = SUBSCRIPTION;
    const NOUN: &'static str = "subscription";
    const READ: &'static str = permissions::READ_BILLING;

    fn of(row: Arc<billing_subscription::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &billing_subscription::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &billing_subscription::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

/// What an organization pays for, as the billing system says.
#[macros::object]
impl BillingSubscription {
    /// `sub_…`
    pub async fn id(&self) -> ID {
        SUBSCRIPTION.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// The id by which the billing system knows it.
    async fn external_id(&self) -> &str {
        &self.0.external_id
    }

    /// Who pays.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        object::edge(ctx, Some(self.0.organization_id)).await
    }

    /// For what.
    async fn plan(&self) -> &str {
        &self.0.plan
    }

    /// Where it stands.
    async fn status(&self) -> BillingStatus {
        self.0.status.into()
    }

    /// How often.
    async fn period(&self) -> BillingPeriod {
        self.0.period.into()
    }

    /// What a period costs, exactly.
    async fn amount(&self) -> Exact {
        Exact(rules::in_currency(Decimal::from(self.0.amount_minor), &self.0.currency))
    }

    /// The currency by its code (ISO 4217): `EUR`.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// Until when it costs nothing.
    async fn trial_ends_at(&self) -> Option<Timestamp> {
        self.0.trial_ends_at.map(Timestamp)
    }

    /// Until when it is paid.
    async fn period_ends_at(&self) -> Option<Timestamp> {
        self.0.period_ends_at.map(Timestamp)
    }

    /// When somebody ended it.
    async fn cancelled_at(&self) -> Option<Timestamp> {
        self.0.cancelled_at.map(Timestamp)
    }

    /// When it came into the register.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// When the entry was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at.into()
    }

    /// Counts its changes.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

filter! {
    /// Which subscriptions.
    pub BillingSubscriptionFilter {
        /// Where it stands.
        status: EnumFilter<BillingStatus> => Column::Status,
        /// How often it is paid.
        period: EnumFilter<BillingPeriod> => Column::Period,
        /// For what.
        plan: StringFilter => Column::Plan,
        /// The currency by its code.
        currency: StringFilter => Column::Currency,
        /// Who pays.
        organization_id: IdFilter => Ids::of::<Organization>(Column::OrganizationId),
        /// The id by which the billing system knows it.
        external_id: StringFilter => Column::ExternalId,
        /// Until when it costs nothing.
        trial_ends_at: DateTimeFilter => Column::TrialEndsAt,
        /// Until when it is paid.
        period_ends_at: DateTimeFilter => Column::PeriodEndsAt,
        /// When it came into the register.
        created_at: DateTimeFilter => Column::CreatedAt,
    }
}

order! {
    /// How subscriptions are sorted.
    pub BillingSubscriptionOrder by
    /// What subscriptions can be sorted by.
    BillingSubscriptionOrderField {
        /// When it came into the register.
        CreatedAt => Column::CreatedAt,
    }
}

/// What all subscriptions come to, now.
#[derive(Debug, SimpleObject)]
pub struct BillingOverview {
    /// When it was counted.
    counted_at: Timestamp,
    /// Subscriptions that are paid for.
    active: i64,
    /// Those that cost nothing yet.
    trials: i64,
    /// Those that should have been paid.
    overdue: i64,
    /// Those that cost nothing for now.
    paused: i64,
    /// Those that have ended, or end with their period.
    cancelled: i64,
    /// What they bring, by currency: currencies are never added up with each other.
    revenue: Vec<BillingRevenue>,
    /// What each plan brings, those of the most subscriptions first; at most 100.
    plans: Vec<BillingPlan>,
}

/// What subscriptions of one currency bring.
#[derive(Debug, SimpleObject)]
pub struct BillingRevenue {
    /// The currency by its code.
    currency: String,
    /// Monthly recurring revenue: of everything that is ACTIVE or PAST_DUE, the amount times the payments a year (52, 12,
    /// 4, 2 or 1), divided by 12; added up exactly, and rounded once to the currency's smallest unit, half to even.
    monthly_recurring_revenue: Exact,
    /// What one period of everything costs that is PAST_DUE.
    overdue_amount: Exact,
}

/// What one plan brings in one currency.
#[derive(Debug, SimpleObject)]
pub struct BillingPlan {
    /// The plan.
    plan: String,
    /// The currency by its code.
    currency: String,
    /// Subscriptions that are paid for.
    active: i64,
    /// Those that cost nothing yet.
    trials: i64,
    /// Those that should have been paid.
    overdue: i64,
    /// As in `revenue`.
    monthly_recurring_revenue: Exact,
}

impl From<reads::Billing> for BillingOverview {
    fn from(all: reads::Billing) -> Self {
        use billing_subscription::BillingStatus as Status;
        let of = |status: Status| all.count(|sum| sum.status == status);
        let revenue = all.by(|sum| sum.currency.clone()).into_iter().map(|(currency, part)| BillingRevenue {
            monthly_recurring_revenue: Exact(rules::in_currency(part.monthly(), &currency)),
            overdue_amount: Exact(rules::in_currency(part.overdue(), &currency)),
            currency,
        });
        let mut plans: Vec<_> = all
            .by(|sum| (sum.plan.clone(), sum.currency.clone()))
            .into_iter()
            .map(|((plan, currency), part)| BillingPlan {
                active: part.count(|sum| sum.status == Status::Active),
                trials: part.count(|sum| sum.status == Status::Trialing),
                overdue: part.count(|sum| sum.status == Status::PastDue),
                monthly_recurring_revenue: Exact(rules::in_currency(part.monthly(), &currency)),
                plan,
                currency,
            })
            .collect();
        plans.sort_by_key(|plan| std::cmp::Reverse(plan.active + plan.trials + plan.overdue));
        plans.truncate(100);
        Self {
            counted_at: all.counted_at.into(),
            active: of(Status::Active),
            trials: of(Status::Trialing),
            overdue: of(Status::PastDue),
            paused: of(Status::Paused),
            cancelled: of(Status::Cancelled),
            revenue: revenue.collect(),
            plans,
        }
    }
}
