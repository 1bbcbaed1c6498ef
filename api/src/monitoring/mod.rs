//! Monitoring: is everything up, and who has to know when it isn't.
//!
//! Nouns first. A *service* is something of the platform that is watched. Its *probe* asks it over the network, again and
//! again; each answer, or the lack of one, is a *result*. Results make the *state* of the service and its uptime. An
//! *alert* is a condition that somebody should look at: raised by a service that goes down, or by whoever watches
//! something else; the same condition again raises the count of the open one.
//!
//! ```text
//! service:  UNKNOWN → HEALTHY | DEGRADED | DOWN, any to any     (rules/service.rs)
//! alert:    FIRING → ACKNOWLEDGED → RESOLVED                    (rules/alert.rs)
//! ```
//!
//! A recurring task a service probes it. A result that changes nothing is a measurement (Telemetry); one that changes the
//! state is a fact: one transaction holds the new state, the event, and the alert that is raised or resolved with it.
//!
//! | what | where |
//! | --- | --- |
//! | tables | `services`, `service_status`, `probe_results`, `alerts` |
//! | permissions | `monitoring.read`, `monitoring.manage`, `monitoring.trigger`, `monitoring.respond` |
//! | events | `monitoring.service.registered`, `…updated`, `…deregistered`, `…probed`, `…down`, `…degraded`, `…recovered`, `…status_changed`; `monitoring.alert.triggered`, `…updated`, `…acknowledged`, `…resolved` |
//!
//! Metrics, alert rules, silences, inhibition and intake from other systems are still to come.

mod events;
mod graphql;
mod jobs;
mod loaders;
mod ops;
mod permissions;
mod probe;
mod reads;
mod rules;
mod store;

use crate::kernel::id::Prefix;

pub use events::{ALERT_RESOLVED, ALERT_TRIGGERED, ALL as EVENTS, AlertFact};
pub use graphql::{Alert, AlertFilter, Mutation, Query, Service, Subscription};
pub use jobs::{SCHEDULES, handlers};
pub use ops::{
    Asked, Changes, NewAlert, NewService, ProbeChanges, Run, incident_of_alert, link_alert, register,
    relink_alerts, settle, transition, trigger, update,
};
pub use permissions::ALL as PERMISSIONS;
pub use probe::{Found, HttpTarget, Method, StatusRange, Target};
pub use reads::alerts_of_incident;
pub use rules::Transition;

/// `svc_…`
pub const SERVICE: Prefix = Prefix("svc");
/// `alr_…`
pub const ALERT: Prefix = Prefix("alr");
