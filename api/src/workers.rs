//! The list of what works in the background: the domains' task handlers, schedules and reactors.

use std::sync::Arc;

use crate::{
    incidents,
    kernel::{queue::Handlers, workers::Workers},
    monitoring,
};

/// Those of all domains; `slots` tasks run at the same time.
pub fn all(slots: usize) -> Workers {
    Workers {
        handlers: Handlers::new().and(monitoring::handlers()),
        schedules: [monitoring::SCHEDULES].into_iter().flatten().cloned().collect(),
        reactors: vec![Arc::new(incidents::AlertFollower)],
        slots,
    }
}
