//! An organization, as clients see it.

use std::sync::Arc;

use ::entity::organization;
use async_graphql::{Context, Enum, ID, Json};
use uuid::Uuid;

use super::{
    members::{OrganizationMember, OrganizationMemberFilter},
    organization_mutations::MergedRows,
};
use crate::{
    directory::{loaders::Organizations, reads},
    kernel::{
        actor::{Boundary, ORGANIZATION},
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{
            Args, Connection, Cursor, DateTimeFilter, EnumFilter, Filter, StringFilter, Word, filter, order,
        },
        scalar::Timestamp,
    },
};

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

impl Organization {
    /// Where it went.
    pub(super) fn target_id(&self) -> Option<Uuid> {
        self.0.merged_into_id
    }

    /// What went along.
    pub(super) fn moved(&self) -> Result<Vec<MergedRows>> {
        let rows = self.0.merged_rows.clone();
        Ok(rows.map(serde_json::from_value).transpose()?.unwrap_or_default())
    }
}

/// A customer or partner of the platform.
#[macros::object]
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

    /// The id by which the platform knows it.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// Its settings: what `organizationSettingsSchema` allows.
    async fn settings(&self) -> Json<&serde_json::Value> {
        Json(&self.0.settings)
    }

    /// Where it went.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        object::edge(ctx, self.0.merged_into_id).await
    }

    /// When it went there.
    async fn merged_at(&self) -> Option<Timestamp> {
        self.0.merged_at.map(Timestamp)
    }

    /// Who belongs to it, the latest first.
    async fn members(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<OrganizationMemberFilter>,
    ) -> Result<Connection<OrganizationMember>> {
        let args = Args { first, after, last, before };
        reads::members_of(ctx, self.0.id, filter.predicate()?, args).await
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

impl Word for OrganizationStatus {
    type Stored = organization::OrganizationStatus;
}

filter! {
    /// Which organizations.
    pub OrganizationFilter {
        /// Where it stands.
        status: EnumFilter<OrganizationStatus> => organization::Column::Status,
        /// The short name.
        slug: StringFilter => organization::Column::Slug,
        /// The id by which the platform knows it.
        external_id: StringFilter => organization::Column::ExternalId,
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
