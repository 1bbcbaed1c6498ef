//! Users and organizations in the schema: thin resolvers over the commands and reads of the directory.

mod billing;
mod members;
mod mutations;
mod organization_mutations;
mod organizations;
mod upsert;
mod users;

use async_graphql::{Context, ID, Json};

use self::{
    billing::{BillingOverview, BillingSubscriptionFilter, BillingSubscriptionOrder},
    organizations::{OrganizationFilter, OrganizationOrder},
    users::{UserFilter, UserOrder},
};
use super::{reads, rules};
use crate::kernel::{
    error::Result,
    object,
    page::{Args, Connection, Cursor, Filter},
};

pub use self::{
    billing::BillingSubscription, members::OrganizationMember, mutations::UserMutation,
    organization_mutations::OrganizationMutation, organizations::Organization, users::User,
};

/// The reads of the directory.
#[derive(Debug, Default)]
pub struct Query;

#[macros::query(name = "DirectoryQuery")]
impl Query {
    /// One user.
    #[requires("directory.read")]
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Result<Option<User>> {
        object::find(ctx, &id).await
    }

    /// One organization.
    #[requires("directory.read")]
    async fn organization(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Organization>> {
        object::find(ctx, &id).await
    }

    /// Users, newest first unless ordered otherwise.
    #[requires("directory.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<UserFilter>,
        order_by: Option<UserOrder>,
        #[graphql(
            desc = "Words, each of which occurs in name, email or externalId, whatever its case and accents. \
                          One or two letters are the beginning of a word; what is longer occurs anywhere."
        )]
        search: Option<String>,
    ) -> Result<Connection<User>> {
        let args = Args { first, after, last, before };
        reads::users(ctx, filter.predicate()?, search.as_deref(), order_by.into(), args).await
    }

    /// Organizations, newest first unless ordered otherwise.
    #[requires("directory.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<OrganizationFilter>,
        order_by: Option<OrganizationOrder>,
    ) -> Result<Connection<Organization>> {
        let args = Args { first, after, last, before };
        reads::organizations(ctx, filter.predicate()?, order_by.into(), args).await
    }

    /// The JSON Schema (2020-12) that an organization's settings are checked against.
    #[requires("directory.read")]
    async fn organization_settings_schema(&self) -> Result<Json<&'static serde_json::Value>> {
        Ok(Json(rules::settings_schema()?))
    }
}

/// The reads of what organizations pay for.
#[derive(Debug, Default)]
pub struct BillingQuery;

#[macros::query(name = "BillingQuery")]
impl BillingQuery {
    /// One subscription.
    #[requires("billing.read")]
    async fn billing_subscription(&self, ctx: &Context<'_>, id: ID) -> Result<Option<BillingSubscription>> {
        object::find(ctx, &id).await
    }

    /// Subscriptions, newest first unless ordered otherwise.
    #[requires("billing.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn billing_subscriptions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<BillingSubscriptionFilter>,
        order_by: Option<BillingSubscriptionOrder>,
    ) -> Result<Connection<BillingSubscription>> {
        let args = Args { first, after, last, before };
        reads::subscriptions(ctx, filter.predicate()?, order_by.into(), args).await
    }

    /// What all subscriptions come to: how many there are of each status, and what they bring a month by currency.
    #[requires("billing.read")]
    async fn billing_overview(&self, ctx: &Context<'_>) -> Result<BillingOverview> {
        Ok(reads::billing(ctx).await?.into())
    }
}
