//! A user, as clients see them.

use std::sync::Arc;

use ::entity::user;
use async_graphql::{Context, Enum, ID};
use uuid::Uuid;

use crate::{
    audit::{self, ActivitySummary, AuditLog},
    directory::{
        USER,
        loaders::{Memberships, Users},
    },
    kernel::{
        actor::Boundary,
        error::Result,
        guard::{Flag, requires},
        id::Prefix,
        object::Stored,
        page::{Args, Connection, Cursor, DateTimeFilter, EnumFilter, StringFilter, Word, filter, order},
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
#[macros::object]
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

    /// When a suspension ends by itself. Null where it doesn't, and for whoever isn't suspended.
    async fn suspended_until(&self) -> Option<Timestamp> {
        self.0.suspended_until.map(Timestamp)
    }

    /// When they were last seen.
    async fn last_active_at(&self) -> Option<Timestamp> {
        self.0.last_active_at.map(Timestamp)
    }

    /// The entries of the audit log about them, and of what they did with an admin account, newest first. Null: the caller
    /// may not see entries.
    async fn activity(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Result<Option<Connection<AuditLog>>> {
        audit::activity(ctx, self.0.id, Args { first, after, last, before }).await.map(Some)
    }

    /// The same in a few numbers. Needs `audit.read`; null without it.
    #[graphql(directive = requires::apply(audit::READ.to_owned(), Flag(false)))]
    async fn activity_summary(&self, ctx: &Context<'_>) -> Result<Option<ActivitySummary>> {
        audit::activity_summary(ctx, self.0.id).await.map(Some)
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
