//! Users and organizations in the schema: thin resolvers over the commands and reads of the directory.

mod mutations;
mod organizations;
mod upsert;
mod users;

use async_graphql::{Context, ID};

use self::{
    organizations::{OrganizationFilter, OrganizationOrder},
    users::{UserFilter, UserOrder},
};
use super::reads;
use crate::kernel::{
    error::Result,
    object,
    page::{Args, Connection, Cursor, Filter},
};

pub use self::{mutations::UserMutation, organizations::Organization, users::User};

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
}
