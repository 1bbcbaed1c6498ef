//! The permissions of the directory.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// See what organizations pay for.
pub const READ_BILLING: &str = "billing.read";

/// All of them.
pub const ALL: &[Permission] = &[
    Permission {
        key: "directory.read",
        description: "See the platform's users and organizations, with their names and addresses.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: "directory.manage_users",
        description: "Suspend, reinstate and verify people.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
    Permission {
        key: "directory.synchronize",
        description: "Bring people and organizations into the register, and keep it in line with what the platform knows of \
                      them.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
    Permission {
        key: "directory.manage_organizations",
        description: "Change organizations, their settings, and who is a member of them.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
    Permission {
        key: "directory.merge_organizations",
        description: "Make one organization of two, for good.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
    Permission {
        key: READ_BILLING,
        description: "See what organizations pay for, and what that comes to.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
];
