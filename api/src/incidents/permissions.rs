//! The permissions of incidents.

use ::entity::admin_user::AdminLevel;

use crate::kernel::permission::Permission;

/// Seeing incidents. A caller with an organization sees its own, and of a timeline what is PUBLIC.
pub const READ: &str = "incidents.read";
/// Saying that somebody is on it.
pub const ACKNOWLEDGE: &str = "incidents.acknowledge";
/// Everything else that is done to an incident.
pub const MANAGE: &str = "incidents.manage";
/// Reading what is meant for those who work on it.
pub const READ_INTERNAL: &str = "incidents.read_internal";

/// All of them.
pub const ALL: &[Permission] = &[
    Permission {
        key: READ,
        description: "See incidents and the public part of their timelines.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: READ_INTERNAL,
        description: "See the internal entries of incident timelines, too.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: ACKNOWLEDGE,
        description: "Acknowledge incidents and add notes to them.",
        is_sensitive: false,
        level: AdminLevel::Support,
    },
    Permission {
        key: MANAGE,
        description: "Open, change, assign, resolve, reopen and merge incidents.",
        is_sensitive: false,
        level: AdminLevel::Admin,
    },
];
