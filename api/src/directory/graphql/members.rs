//! A member of an organization, as clients see them.

use std::sync::Arc;

use ::entity::organization_member::{self, Column};
use async_graphql::{Context, ID};
use uuid::Uuid;

use super::{Organization, User};
use crate::{
    directory::{MEMBER, loaders::Members},
    kernel::{
        actor::Boundary,
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{DateTimeFilter, IdFilter, Ids, StringFilter, filter},
        scalar::Timestamp,
    },
};

/// That a person belongs to an organization.
#[derive(Debug)]
pub struct OrganizationMember(Arc<organization_member::Model>);

impl Stored for OrganizationMember {
    type Row = organization_member::Model;
    type ById = Members;
    const PREFIX: Prefix = MEMBER;
    const NOUN: &'static str = "member";
    const READ: &'static str = "directory.read";

    fn of(row: Arc<organization_member::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &organization_member::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &organization_member::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

/// That a person belongs to an organization.
#[macros::object]
impl OrganizationMember {
    /// `mem_…`
    pub async fn id(&self) -> ID {
        MEMBER.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Who.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<Eager<User>>> {
        object::edge(ctx, Some(self.0.user_id)).await
    }

    /// Where.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        object::edge(ctx, Some(self.0.organization_id)).await
    }

    /// As what, in the organization's own words. It gives no right in this gateway.
    async fn role(&self) -> &str {
        &self.0.role
    }

    /// Since when.
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
    /// Which members.
    pub OrganizationMemberFilter {
        /// Who.
        user_id: IdFilter => Ids::of::<User>(Column::UserId),
        /// As what.
        role: StringFilter => Column::Role,
        /// Since when.
        created_at: DateTimeFilter => Column::CreatedAt,
    }
}
