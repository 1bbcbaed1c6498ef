//! The permissions of the directory.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// All of them.
pub const ALL: &[Permission] = &[Permission {
    key: "directory.read",
    description: "See the platform's users and organizations, with their names and addresses.",
    is_sensitive: false,
    level: AdminLevel::Support,
}];
