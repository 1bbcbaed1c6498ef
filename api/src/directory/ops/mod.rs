//! Commands: how people and organizations come into the register, and what is done to them there.

mod organizations;
mod standing;
mod users;

use uuid::Uuid;

use crate::kernel::error::{Error, Result};

pub use organizations::{NewOrganization, add_members, create_organization};
pub use standing::{REINSTATE, ReinstateTask, end_suspension, reinstate_user, suspend_user, verify_user};
pub use users::{UpsertItem, Upserted, UserRecord, upsert_each, upsert_users};

/// Whether somebody else has changed the row since the caller read it.
fn check_version(id: Uuid, version: i32, expected: Option<i32>) -> Result<()> {
    match expected {
        Some(expected) if expected != version => Err(Error::stale(id, version)),
        _ => Ok(()),
    }
}
