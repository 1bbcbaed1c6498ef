//! The permissions of the platform.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// All of them.
pub const ALL: &[Permission] = &[Permission {
    key: "system.health.view",
    description: "See how the gateway itself is doing.",
    is_sensitive: false,
    level: AdminLevel::Support,
}];
