//! Directory: the gateway's own register of the platform's people and organizations.
//!
//! Nouns first. A *user* is a person of the platform, an *organization* a customer or partner; a *member* ties the one
//! to the other. Everything that an organization's partner may see hangs on the organization.
//!
//! | what | where |
//! | --- | --- |
//! | tables | `users`, `organizations`, `organization_members`, `billing_subscriptions` |
//! | permissions | `directory.read`, `directory.manage_users`, `directory.synchronize`, `directory.manage_organizations`, `directory.merge_organizations`, `billing.read` |
//! | tasks | `directory.reinstate_user`: a suspension ends |
//! | events | `directory.user.created`, `…updated`, `…verified`, `…suspended`, `…reinstated`, `…deleted`; `directory.organization.created`, `…updated`, `…merged`; `directory.member.added`, `…updated`, `…removed`; `directory.subscription.created`, `…updated` |
//!
//! The platform's own systems say who there is, in batches ([`upsert_users`]); people mend what those can't know.

mod events;
mod graphql;
mod jobs;
mod loaders;
mod ops;
mod permissions;
mod reads;
mod rules;
mod store;

use crate::kernel::id::Prefix;

pub use events::{ALL as EVENTS, BILLING as BILLING_EVENTS};
pub use graphql::{
    BillingQuery, BillingSubscription, Organization, OrganizationMember, OrganizationMutation, Query, User,
    UserMutation,
};
pub use jobs::handlers;
pub use loaders::{Memberships, Users};
pub use ops::{
    NewOrganization, SubscriptionRecord, UserRecord, add_members, create_organization, reinstate_user,
    suspend_user, upsert_subscriptions, upsert_users,
};
pub use permissions::ALL as PERMISSIONS;
pub use store::{Fate, MERGED_TABLES};

pub use crate::kernel::actor::USER;

/// `mem_…`
pub const MEMBER: Prefix = Prefix("mem");
/// `sub_…`
pub const SUBSCRIPTION: Prefix = Prefix("sub");
