//! Commands: what makes and changes accounts, roles and tokens, and who gives which role to whom.
//!
//! Each locks the row, lets the rules decide, saves and records it. Whatever changes rights says so to every process.

mod accounts;
mod roles;
mod tokens;

pub use accounts::{
    AdminUserChanges, NewAdminUser, bootstrap, create_admin_user, deactivate_admin_user,
    reactivate_admin_user, update_admin_user,
};
pub use roles::{NewAssignment, NewRole, RoleChanges, assign, create_role, delete_role, revoke, update_role};
pub use tokens::{NewToken, create_token, issue_token, trust, trusted};

use uuid::Uuid;

use super::rules;
use crate::kernel::{
    error::{Error, Result},
    tx::Tx,
};

/// Whether somebody else has changed the row since the caller read it.
fn check_version(id: Uuid, version: i32, expected: Option<i32>) -> Result<()> {
    match expected {
        Some(expected) if expected != version => Err(Error::stale(id, version)),
        _ => Ok(()),
    }
}

/// The list at `permissions`, sorted, each once.
fn check_permissions(tx: &Tx, mut permissions: Vec<String>) -> Result<Vec<String>> {
    permissions.sort_unstable();
    permissions.dedup();
    let unknown = tx.kernel().catalogue().unknown_scopes(&permissions);
    let wrong = rules::check_permissions("permissions", &permissions, &unknown);
    if wrong.is_empty() { Ok(permissions) } else { Err(wrong.into()) }
}
