//! A user, as clients see them.

use std::sync::Arc;

use ::entity::user;
use async_graphql::{Context, Enum, ID, Object};
use uuid::Uuid;

use crate::{
    directory::{
        USER,
        loaders::{Memberships, Users},
    },
    kernel::{
        actor::Boundary,
        error::Result,
        id::Prefix,
        object::Stored,
        page::{DateTimeFilter, EnumFilter, StringFilter, Word, filter, order},
        request::RequestExt,
        scalar::Timestamp,
    },
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

impl Word for UserStatus {
    type Stored = user::UserStatus;
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
