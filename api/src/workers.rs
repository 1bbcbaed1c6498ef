//! The list of what works in the background: the domains' task handlers, schedules and reactors.

use crate::kernel::{queue::Handlers, workers::Workers};

/// Those of all domains; `slots` tasks run at the same time.
pub fn all(slots: usize) -> Workers {
    Workers { handlers: Handlers::new(), schedules: vec![], reactors: vec![], slots }
}
