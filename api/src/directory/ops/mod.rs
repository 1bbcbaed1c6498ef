//! Commands: how people and organizations come into the register, and what is done to them there.

mod billing;
mod members;
mod merge;
mod organization_records;
mod organizations;
mod standing;
mod users;

pub use billing::{SubscriptionRecord, upsert_subscriptions};
pub use members::{add_member, add_members, remove_member, update_member};
pub use merge::merge_organizations;
pub use organization_records::{OrganizationItem, OrganizationRecord, upsert_organizations};
pub use organizations::{NewOrganization, create_organization, update_settings};
pub use standing::{REINSTATE, ReinstateTask, end_suspension, reinstate_user, suspend_user, verify_user};
pub use users::{UpsertItem, Upserted, UserRecord, upsert_each, upsert_users};
