//! The permissions of monitoring.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// Seeing services, their states and alerts. A caller with an organization sees its own.
pub const READ: &str = "monitoring.read";
/// Saying what is watched and how.
pub const MANAGE: &str = "monitoring.manage";
/// Raising alerts.
pub const TRIGGER: &str = "monitoring.trigger";
/// Dealing with alerts.
pub const RESPOND: &str = "monitoring.respond";

/// All of them.
pub const ALL: &[Permission] = &[
    Permission {
        key: READ,
        description: "See services, how they are doing, and alerts.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: MANAGE,
        description: "Register, change, deregister and probe services.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
    Permission {
        key: TRIGGER,
        description: "Raise alerts.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: RESPOND,
        description: "Acknowledge and resolve alerts.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
];
