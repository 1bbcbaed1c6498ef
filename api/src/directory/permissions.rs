//! The permissions of the directory.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

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
        description: "Bring people into the register, and keep it in line with what the platform knows of them.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
];
