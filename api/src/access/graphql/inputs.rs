//! What clients send.

use async_graphql::{ID, InputObject};

use super::AdminLevel;
use crate::kernel::scalar::Timestamp;

/// An account to be made.
#[derive(Debug, InputObject)]
pub struct AdminUserCreateInput {
    /// The person, who has none yet.
    pub user_id: ID,
    /// What they may, mostly: at most the caller's own.
    pub level: AdminLevel,
    /// Permissions and wildcards beyond those of the level: at most 100.
    pub permissions: Option<Vec<String>>,
}

/// What to change about an account. What is absent stays.
#[derive(Debug, InputObject)]
pub struct AdminUserUpdateInput {
    /// The account.
    pub id: ID,
    /// What they may, mostly: at most the caller's own.
    pub level: Option<AdminLevel>,
    /// Permissions and wildcards beyond those of the level: the whole list.
    pub permissions: Option<Vec<String>>,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// An account to be taken out of use.
#[derive(Debug, InputObject)]
pub struct AdminUserDeactivateInput {
    /// The account.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// An account to be used again.
#[derive(Debug, InputObject)]
pub struct AdminUserReactivateInput {
    /// The account.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// A role to be made.
#[derive(Debug, InputObject)]
pub struct RoleCreateInput {
    /// Its name, unique. 1–100 characters.
    pub name: String,
    /// What it is for. At most 1,000 characters.
    pub description: Option<String>,
    /// Permissions and wildcards, `incidents.*` say: 1–100, and none that the caller doesn't have.
    pub permissions: Vec<String>,
}

/// What to change about a role. What is absent stays.
#[derive(Debug, InputObject)]
pub struct RoleUpdateInput {
    /// The role: not a built-in one.
    pub id: ID,
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Permissions and wildcards: the whole list.
    pub permissions: Option<Vec<String>>,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// A role to be deleted.
#[derive(Debug, InputObject)]
pub struct RoleDeleteInput {
    /// The role: not a built-in one, and nobody has it.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// A role to be given.
#[derive(Debug, InputObject)]
pub struct RoleAssignInput {
    /// The role. Everything in it the caller has, too, for as long.
    pub role_id: ID,
    /// To whom: not to oneself.
    pub admin_user_id: ID,
    /// Until when; without it, until it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// A role to be taken away.
#[derive(Debug, InputObject)]
pub struct RoleRevokeInput {
    /// The assignment.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// An approval to say yes to.
#[derive(Debug, InputObject)]
pub struct ApprovalApproveInput {
    /// The approval.
    pub id: ID,
    /// Why. At most 1,000 characters.
    pub reason: Option<String>,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// An approval to say no to.
#[derive(Debug, InputObject)]
pub struct ApprovalDenyInput {
    /// The approval.
    pub id: ID,
    /// Why not: whoever asked is told. 1–1,000 characters.
    pub reason: String,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// An approval to be taken back.
#[derive(Debug, InputObject)]
pub struct ApprovalCancelInput {
    /// The approval: the caller asked for it.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}
