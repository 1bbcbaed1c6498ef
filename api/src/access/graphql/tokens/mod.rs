//! API tokens, as clients see them.

mod mutations;

use std::sync::Arc;

use ::entity::api_token;
use async_graphql::{Context, ID, InputObject, SimpleObject};
use uuid::Uuid;

use super::AdminUser;
use crate::{
    access::{
        loaders::{ApiTokens, UsesOfTokens},
        permissions, reads, rules,
    },
    directory::Organization,
    kernel::{
        actor::{API_TOKEN, Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{
            Args, Connection, Cursor, DateTimeFilter, Filter, IdFilter, Ids, StringFilter, filter, order,
        },
        request::RequestExt,
        scalar::Timestamp,
        throttle::Budget,
    },
};

pub use self::mutations::TokenMutation;

/// What a script or a partner signs in with. Its text is shown once, when it is made or rotated.
#[derive(Debug)]
pub struct ApiToken(Arc<api_token::Model>);

/// How much a token may do, where that is less than any caller may.
#[derive(Clone, Copy, Debug, SimpleObject, InputObject)]
#[graphql(input_name = "CostBudgetInput")]
pub struct CostBudget {
    /// The points that it may spend at once. At most `caller_cost_bucket` counts.
    bucket: i32,
    /// The points that come back each second. At most `caller_cost_per_second` counts.
    per_second: i32,
}

impl From<CostBudget> for Budget {
    fn from(budget: CostBudget) -> Self {
        let points = |points: i32| u32::try_from(points).unwrap_or(0);
        Self { bucket: points(budget.bucket), per_second: points(budget.per_second) }
    }
}

impl Stored for ApiToken {
    type Row = api_token::Model;
    type ById = ApiTokens;
    const PREFIX: Prefix = API_TOKEN;
    const NOUN: &'static str = "API token";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<api_token::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &api_token::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &api_token::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

/// What a script or a partner signs in with. Its text is shown once, when it is made or rotated.
#[macros::object]
impl ApiToken {
    /// `tok_…`
    pub async fn id(&self) -> ID {
        API_TOKEN.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Its name, for people.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How its text begins: enough to know it again.
    async fn hint(&self) -> &str {
        &self.0.hint
    }

    /// Permissions and wildcards.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes.0
    }

    /// The account that it acts as: it may what both may. Null: it acts as itself.
    async fn acts_as(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, self.0.admin_user_id).await
    }

    /// The organization that it is limited to. Null: no limit.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = self.0.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// The networks that it is accepted from, in CIDR notation. Null: from anywhere.
    async fn networks(&self) -> Option<&[String]> {
        self.0.networks.as_ref().map(|list| &*list.0)
    }

    /// The documents that it runs, and no others, as `documentId` names them: `sha256:…`. Null: any.
    async fn document_ids(&self) -> Option<Vec<String>> {
        let hashes = self.0.documents.as_ref()?;
        Some(hashes.0.iter().map(|hash| format!("sha256:{hash}")).collect())
    }

    /// How much it may do. Null: as much as any caller.
    async fn cost_budget(&self) -> Option<CostBudget> {
        let (bucket, per_second) = self.0.cost_bucket.zip(self.0.cost_per_second)?;
        Some(CostBudget { bucket, per_second })
    }

    /// Whether it is accepted now: not expired, not revoked, and of an active account where it acts as one.
    async fn is_active(&self, ctx: &Context<'_>) -> bool {
        let kernel = ctx.request().kernel();
        let rights = kernel.rights().last();
        let is_account_active = |id| rights.account(id).is_some_and(|account| account.is_active);
        rules::check_alive(self.0.expires_at, self.0.revoked_at, kernel.clock().now()).is_ok()
            && self.0.admin_user_id.is_none_or(is_account_active)
    }

    /// When it was last used, to the minute. Null: not yet.
    async fn last_used_at(&self, ctx: &Context<'_>) -> Result<Option<Timestamp>> {
        Ok(ctx.request().loaders().one::<UsesOfTokens>(self.0.id).await?.map(Timestamp))
    }

    /// Who made it. Null: whoever runs the gateway, at the machine.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, self.0.created_by).await
    }

    /// Until when the text that it had before it was rotated is good, too. Null: that isn't good any more.
    async fn previous_until(&self) -> Option<Timestamp> {
        self.0.previous_until.map(Timestamp)
    }

    /// When it ends. Null: it doesn't end by itself.
    async fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at.map(Timestamp)
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<Timestamp> {
        self.0.revoked_at.map(Timestamp)
    }

    /// When it was made.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at.into()
    }

    /// Counts its changes.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

filter! {
    /// Which API tokens.
    pub ApiTokenFilter {
        /// Its name.
        name: StringFilter => api_token::Column::Name,
        /// The account that it acts as.
        acts_as_id: IdFilter => Ids::of::<AdminUser>(api_token::Column::AdminUserId),
        /// The organization that it is limited to.
        organization_id: IdFilter => Ids::of::<Organization>(api_token::Column::OrganizationId).or_nil(),
        /// When it ends.
        expires_at: DateTimeFilter => api_token::Column::ExpiresAt,
        /// When it was revoked.
        revoked_at: DateTimeFilter => api_token::Column::RevokedAt,
        /// When it was made.
        created_at: DateTimeFilter => api_token::Column::CreatedAt,
    }
}

order! {
    /// How API tokens are sorted.
    pub ApiTokenOrder by
    /// What API tokens can be sorted by.
    ApiTokenOrderField {
        /// When it was made.
        CreatedAt => api_token::Column::CreatedAt,
    }
}

/// The reads of API tokens.
#[derive(Debug, Default)]
pub struct TokenQuery;

#[macros::query(name = "TokenQuery")]
impl TokenQuery {
    /// One API token.
    #[requires("access.read")]
    async fn api_token(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ApiToken>> {
        object::find(ctx, &id).await
    }

    /// API tokens, newest first unless ordered otherwise: within an organization, its own.
    #[requires("access.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn api_tokens(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<ApiTokenFilter>,
        order_by: Option<ApiTokenOrder>,
    ) -> Result<Connection<ApiToken>> {
        let args = Args { first, after, last, before };
        reads::api_tokens(ctx, filter.predicate()?, order_by.into(), args).await
    }
}
