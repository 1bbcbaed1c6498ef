//! The permissions of access.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::{self, Permission};

/// Seeing accounts, roles, and who has which.
pub const READ: &str = "access.read";

/// Deciding about what takes a second person.
pub const APPROVE: &str = "access.approve";
/// Making and changing accounts.
pub const MANAGE_ACCOUNTS: &str = "access.manage_accounts";
/// Making and changing roles.
pub const MANAGE_ROLES: &str = "access.manage_roles";
/// Giving roles.
pub const ASSIGN_ROLES: &str = "access.assign_roles";

/// Making API tokens, and taking them out of use.
pub const MANAGE_TOKENS: &str = "access.manage_tokens";

/// Saying from where accounts are accepted.
pub const MANAGE_ALLOWLIST: &str = "access.manage_allowlist";

/// Acting in the place of a user.
pub const IMPERSONATE: &str = permission::IMPERSONATE;

/// Changing anything so.
pub const IMPERSONATE_WRITING: &str = permission::IMPERSONATE_WRITING;

/// All of them.
pub const ALL: &[Permission] = &[
    Permission {
        key: "access.explain",
        description: "See who may select which fields, and why not.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: READ,
        description: "See admin users, roles, and what they may do.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: APPROVE,
        description: "Approve or deny what takes a second person, where one may do it oneself.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: MANAGE_ACCOUNTS,
        description: "Make admin users, change their levels and permissions, and take them out of use.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: IMPERSONATE,
        description: "Act in the place of a user of a level not above one's own, and see what they see.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: IMPERSONATE_WRITING,
        description: "Change something in the place of a user, where both may.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: MANAGE_ALLOWLIST,
        description: "Say from which networks accounts are accepted.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: MANAGE_TOKENS,
        description: "Make API tokens of what one may oneself, rotate and revoke them.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: MANAGE_ROLES,
        description: "Make, change and delete roles.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: ASSIGN_ROLES,
        description: "Give roles to admin users and take them away.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
];
