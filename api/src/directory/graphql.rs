//! Users and organizations, as clients see them.

use std::sync::Arc;

use ::entity::{organization, user};
use async_graphql::{Context, Enum, ID, Json, Object};
use uuid::Uuid;

use super::{
    USER,
    loaders::{Memberships, Organizations, Users},
    reads,
};
use crate::kernel::{
    actor::{Boundary, ORGANIZATION},
    eager::Eager,
    error::Result,
    id::Prefix,
    object::{self, Stored},
    page::{Args, Connection, Cursor, DateTimeFilter, EnumFilter, Filter, StringFilter, Word, filter, order},
    request::RequestExt,
    scalar::Timestamp,
};

/// Where a user stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::user::UserStatus")]
pub enum UserStatus {
    /// Invited or registered, not yet confirmed.
    Pending,
    /// May use the platform.
    Active,
    /// Kept out for now.
    Suspended,
    /// Gone; the row stays for the record.
    Deleted,
}

/// Where an organization stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::organization::OrganizationStatus")]
pub enum OrganizationStatus {
    /// Trying the platform out.
    Trial,
    /// A customer.
    Active,
    /// Owes money.
    PastDue,
    /// Kept out for now.
    Suspended,
    /// Gone.
    Closed,
    /// Went into another one.
    Merged,
}

/// A person of the platform.
#[derive(Debug)]
pub struct User(Arc<user::Model>);

impl Stored for User {
    type Row = user::Model;
    type ById = Users;
    const PREFIX: Prefix = USER;
    const NOUN: &'static str = "user";
    const READ: &'static str = "directory.read";

    fn of(row: Arc<user::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &user::Model) -> Uuid {
        row.id
    }

    fn is_within(_: &user::Model, boundary: &Boundary) -> bool {
        matches!(boundary, Boundary::All)
    }

    /// A user belongs to no organization; being a member of one brings them into its boundary.
    async fn is_visible(ctx: &Context<'_>, row: &user::Model) -> Result<bool> {
        let request = ctx.request();
        let boundary = &request.caller().boundary;
        if Self::is_within(row, boundary) {
            return Ok(true);
        }
        let organizations = request.loaders().one::<Memberships>(row.id).await?.unwrap_or_default();
        Ok(organizations.into_iter().any(|id| boundary.contains(id)))
    }
}

/// A person of the platform.
#[Object]
impl User {
    /// `usr_…`
    pub async fn id(&self) -> ID {
        USER.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// The id by which the platform or its identity provider knows this person.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// The address.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where they stand.
    async fn status(&self) -> UserStatus {
        self.0.status.into()
    }

    /// When who they are was confirmed.
    async fn verified_at(&self) -> Option<Timestamp> {
        self.0.verified_at.map(Timestamp)
    }

    /// When they were last seen.
    async fn last_active_at(&self) -> Option<Timestamp> {
        self.0.last_active_at.map(Timestamp)
    }

    /// When they came into the register.
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

/// A customer or partner of the platform.
#[derive(Debug)]
pub struct Organization(Arc<organization::Model>);

impl Stored for Organization {
    type Row = organization::Model;
    type ById = Organizations;
    const PREFIX: Prefix = ORGANIZATION;
    const NOUN: &'static str = "organization";
    const READ: &'static str = "directory.read";

    fn of(row: Arc<organization::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &organization::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &organization::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.id)
    }
}

/// A customer or partner of the platform.
#[Object]
impl Organization {
    /// `org_…`
    pub async fn id(&self) -> ID {
        ORGANIZATION.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// A short name for addresses: unique.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it stands.
    async fn status(&self) -> OrganizationStatus {
        self.0.status.into()
    }

    /// Its settings.
    async fn settings(&self) -> Json<&serde_json::Value> {
        Json(&self.0.settings)
    }

    /// Where it went.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        object::edge(ctx, self.0.merged_into_id).await
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

impl Word for UserStatus {
    type Stored = user::UserStatus;
}

impl Word for OrganizationStatus {
    type Stored = organization::OrganizationStatus;
}

filter! {
    /// Which users.
    pub UserFilter {
        /// Where they stand.
        status: EnumFilter<UserStatus> => user::Column::Status,
        /// The address.
        email: StringFilter => user::Column::Email,
        /// The id by which the platform knows them.
        external_id: StringFilter => user::Column::ExternalId,
        /// When they came into the register.
        created_at: DateTimeFilter => user::Column::CreatedAt,
    }
}

order! {
    /// How users are sorted.
    pub UserOrder by
    /// What users can be sorted by.
    UserOrderField {
        /// When they came into the register.
        CreatedAt => user::Column::CreatedAt,
    }
}

filter! {
    /// Which organizations.
    pub OrganizationFilter {
        /// Where it stands.
        status: EnumFilter<OrganizationStatus> => organization::Column::Status,
        /// The short name.
        slug: StringFilter => organization::Column::Slug,
        /// When it came into the register.
        created_at: DateTimeFilter => organization::Column::CreatedAt,
    }
}

order! {
    /// How organizations are sorted.
    pub OrganizationOrder by
    /// What organizations can be sorted by.
    OrganizationOrderField {
        /// When it came into the register.
        CreatedAt => organization::Column::CreatedAt,
        /// The short name.
        Slug => organization::Column::Slug,
    }
}

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
