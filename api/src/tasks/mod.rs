//! Tasks: what the durable queue does, as people see it.
//!
//! The queue itself is the kernel's ([`crate::kernel::queue`]). Here is who may read of it, and what is said when a task
//! has failed for good; tasks of clients' own, external workers and schedules are still to come.

use ::entity::admin_user::AdminLevel;

use crate::kernel::{event::EventType, permission::Permission, queue};

/// The permissions of tasks.
pub const PERMISSIONS: &[Permission] = &[Permission {
    key: "tasks.read",
    description: "See the tasks of the durable queue.",
    is_sensitive: false,
    level: AdminLevel::Support,
}];

/// What happens to tasks.
pub const EVENTS: &[&EventType] = &[&queue::TASK_FAILED];
