//! The permissions of the event log.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// Seeing events, of the types whose own permission one holds.
pub const READ: &str = "events.read";

/// All of them.
pub const ALL: &[Permission] = &[Permission {
    key: READ,
    description: "See and follow the events of everything that one may read.",
    is_sensitive: false,
    level: AdminLevel::Support,
}];
