//! Users and organizations, as clients see them.

use ::entity::organization;
use async_graphql::{Context, Enum, ID, Json, Object};
use uuid::Uuid;

use super::{
    loaders::{Organizations, Users},
    store::UserRow,
};
use crate::kernel::{
    actor::{Boundary, ORGANIZATION},
    error::Result,
    id::Prefix,
    object::{self, Stored},
    scalar::Timestamp,
};

/// `usr_…`
const USER: Prefix = Prefix("usr");

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
pub struct User(UserRow);

impl Stored for User {
    type Row = UserRow;
    type ById = Users;
    const PREFIX: Prefix = USER;
    const NOUN: &'static str = "user";
    const READ: &'static str = "directory.read";

    fn of(row: UserRow) -> Self {
        Self(row)
    }

    fn id_of(row: &UserRow) -> Uuid {
        row.user.id
    }

    fn is_within(row: &UserRow, boundary: &Boundary) -> bool {
        matches!(boundary, Boundary::All) || row.organizations.iter().any(|id| boundary.contains(*id))
    }
}

/// A person of the platform.
#[Object]
impl User {
    /// `usr_…`
    async fn id(&self) -> ID {
        USER.encode(self.0.user.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.user.id
    }

    /// The id by which the platform or its identity provider knows this person.
    async fn external_id(&self) -> Option<&str> {
        self.0.user.external_id.as_deref()
    }

    /// The address.
    async fn email(&self) -> &str {
        &self.0.user.email
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.user.name
    }

    /// Where they stand.
    async fn status(&self) -> UserStatus {
        self.0.user.status.into()
    }

    /// When who they are was confirmed.
    async fn verified_at(&self) -> Option<Timestamp> {
        self.0.user.verified_at.map(Timestamp)
    }

    /// When they were last seen.
    async fn last_active_at(&self) -> Option<Timestamp> {
        self.0.user.last_active_at.map(Timestamp)
    }

    /// When they came into the register.
    async fn created_at(&self) -> Timestamp {
        self.0.user.created_at.into()
    }

    /// When the entry was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.user.updated_at.into()
    }

    /// Counts its changes.
    async fn version(&self) -> i32 {
        self.0.user.version
    }
}

/// A customer or partner of the platform.
#[derive(Debug)]
pub struct Organization(organization::Model);

impl Stored for Organization {
    type Row = organization::Model;
    type ById = Organizations;
    const PREFIX: Prefix = ORGANIZATION;
    const NOUN: &'static str = "organization";
    const READ: &'static str = "directory.read";

    fn of(row: organization::Model) -> Self {
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
    async fn id(&self) -> ID {
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
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Organization>> {
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
}
