//! The permissions of access.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// All of them.
pub const ALL: &[Permission] = &[
    Permission {
        key: "access.explain",
        description: "See who may select which fields, and why not.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: "access.read",
        description: "See admin users and what they may do.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
];
