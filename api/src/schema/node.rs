//! `node` and `nodes`: any object by its id, whatever its type.
//!
//! Every type whose objects have an id of their own is listed here, twice: in the interface that clients see, and in the
//! registry that finds objects by the prefix of their ids. Each is read as everywhere else: with the permission of its
//! type, within the caller's boundary.

use std::sync::LazyLock;

use async_graphql::{Context, ID, Interface};
use futures_util::future::join_all;

use crate::{
    access::{AdminUser, ApiToken, Approval, Impersonation, IpAllowEntry, Role, RoleAssignment, Session},
    audit::AuditLog,
    directory::{BillingSubscription, Organization, OrganizationMember, User},
    events::PublishedEvent,
    incidents::{Incident, IncidentTimelineEntry},
    kernel::{
        error::{Error, Result, UserErrorCode},
        object::Nodes,
    },
    monitoring::{Alert, Service},
};

/// The most ids that `nodes` takes.
const MAX_IDS: usize = 100;

/// Anything with an id. Carries nothing else.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The type's prefix and the object's own part: `inc_01j9…`."))]
pub enum Node {
    /// An account of somebody who runs the platform.
    AdminUser(AdminUser),
    /// Something that wants attention.
    Alert(Alert),
    /// What a script or a partner signs in with.
    ApiToken(ApiToken),
    /// Something that takes other people's approval before it is done.
    Approval(Approval),
    /// An entry of the audit log.
    AuditLog(AuditLog),
    /// What an organization pays for.
    BillingSubscription(BillingSubscription),
    /// That somebody acts in the place of a user.
    Impersonation(Impersonation),
    /// Something is broken.
    Incident(Incident),
    /// An entry of an incident's timeline.
    IncidentTimelineEntry(IncidentTimelineEntry),
    /// A network that accounts are accepted from.
    IpAllowEntry(IpAllowEntry),
    /// A customer or partner.
    Organization(Organization),
    /// That a person belongs to an organization.
    OrganizationMember(OrganizationMember),
    /// Something that happened.
    PublishedEvent(PublishedEvent),
    /// A named set of permissions that accounts are given.
    Role(Role),
    /// That an account was given a role.
    RoleAssignment(RoleAssignment),
    /// Something that is watched.
    Service(Service),
    /// That somebody signed in to an account here.
    Session(Session),
    /// A person of the platform.
    User(User),
}

static NODES: LazyLock<Nodes<Node>> = LazyLock::new(|| {
    Nodes::new()
        .with::<AdminUser>()
        .with::<Alert>()
        .with::<ApiToken>()
        .with::<Approval>()
        .with::<AuditLog>()
        .with::<BillingSubscription>()
        .with::<Impersonation>()
        .with::<Incident>()
        .with::<IncidentTimelineEntry>()
        .with::<IpAllowEntry>()
        .with::<Organization>()
        .with::<OrganizationMember>()
        .with::<PublishedEvent>()
        .with::<Role>()
        .with::<RoleAssignment>()
        .with::<Service>()
        .with::<Session>()
        .with::<User>()
});

/// Every type whose objects have an id, with the permission that reading one takes.
pub(super) fn objects() -> impl Iterator<Item = (String, &'static str)> {
    NODES.reads()
}

/// The reads across all types.
#[derive(Debug, Default)]
pub struct NodeQuery;

#[macros::query(name = "NodeQuery")]
impl NodeQuery {
    /// Any object by its id. It takes the permission that its type takes everywhere.
    #[authenticated]
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        NODES.find(ctx, &id).await
    }

    /// Several at once, at most 100, in the order of the ids; null where one isn't there or can't be shown.
    #[authenticated]
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Result<Node>>>> {
        if ids.len() > MAX_IDS {
            let message = format!("`ids` has at most {MAX_IDS} items");
            return Err(Error::invalid(UserErrorCode::TooLong, "ids", message));
        }
        let found = join_all(ids.iter().map(|id| NODES.find(ctx, id))).await;
        Ok(found.into_iter().map(Result::transpose).collect())
    }
}
