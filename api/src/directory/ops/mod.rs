//! Commands: how people and organizations come into the register, and what is done to them there.

mod organizations;
mod users;

pub use organizations::{NewOrganization, add_members, create_organization};
pub use users::{UserRecord, reinstate_user, suspend_user, upsert_users};
