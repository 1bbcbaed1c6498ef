//! The list of what works in the background: the domains' task handlers, schedules and reactors.

use std::sync::Arc;

use crate::{
    access, directory, incidents,
    kernel::{queue::Handlers, workers::Workers},
    monitoring, platform,
};

/// Those of all domains; `slots` tasks run at the same time.
pub fn all(slots: usize) -> Workers {
    Workers {
        handlers: Handlers::new()
            .and(access::handlers())
            .and(directory::handlers())
            .and(monitoring::handlers())
            .and(platform::handlers()),
        schedules: [access::SCHEDULES, monitoring::SCHEDULES].into_iter().flatten().cloned().collect(),
        reactors: vec![Arc::new(incidents::AlertFollower)],
        slots,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema;

    #[test]
    fn whatever_can_be_approved_can_be_carried_out() {
        let kinds: BTreeSet<_> = all(1).handlers.kinds().collect();
        for action in schema::catalogue().actions() {
            assert!(kinds.contains(action.kind), "nobody carries out {}", action.kind);
        }
    }
}
