//! Users and organizations in the schema: thin resolvers over the commands and reads of the directory.

mod organizations;
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

pub use self::{organizations::Organization, users::User};

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
    ) -> Result<Connection<User>> {
        reads::users(ctx, filter.predicate()?, order_by.into(), Args { first, after, last, before }).await
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
