//! The permissions of the audit log.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// Seeing entries, without the personal values in them.
pub const READ: &str = "audit.read";
/// Seeing the personal values in entries: addresses, names, what people wrote.
pub const READ_PERSONAL: &str = "audit.read_personal";

/// All of them.
pub const ALL: &[Permission] = &[
    Permission {
        key: READ,
        description: "See the audit log, without the personal values in it.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
    Permission {
        key: READ_PERSONAL,
        description: "See the personal values in the audit log: addresses, names, what people wrote.",
        is_sensitive: true,
        level: AdminLevel::SuperAdmin,
    },
];
