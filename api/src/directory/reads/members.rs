//! Pages of members.

use ::entity::organization_member::Column;
use async_graphql::Context;
use uuid::Uuid;

use crate::{
    directory::graphql::OrganizationMember,
    kernel::{
        error::Result,
        page::{self, Args, Children, Connection, Order, Predicate},
        request::RequestExt,
    },
};

/// A page of an organization's members, the latest first.
///
/// # Errors
/// As [`page::children`].
pub async fn members_of(
    ctx: &Context<'_>,
    organization: Uuid,
    predicate: Predicate,
    args: Args,
) -> Result<Connection<OrganizationMember>> {
    let within = Predicate::within(Column::OrganizationId, &ctx.request().caller().boundary);
    let children = Children {
        name: "organization.members",
        parent: page::Column::from(Column::OrganizationId),
        predicate: Predicate::All(vec![within, predicate]),
        order: Order::desc(Column::CreatedAt),
    };
    page::children(ctx, organization, children, args).await
}
