//! Incidents: something is broken, somebody is on it, and afterwards everybody can read what happened.
//!
//! Nouns first. An *incident* has a number, a severity, a status and people; it affects *services*. Its *timeline* is
//! append-only: who did what, and notes, INTERNAL or PUBLIC. *Participants* are those who did something.
//!
//! ```text
//! OPEN → ACKNOWLEDGED → INVESTIGATING → IDENTIFIED → MONITORING → RESOLVED → CLOSED     (rules.rs)
//! ```
//!
//! | what | where |
//! | --- | --- |
//! | tables | `incidents`, `incident_services`, `incident_timeline`, `incident_participants` |
//! | permissions | `incidents.read`, `incidents.read_internal`, `incidents.acknowledge`, `incidents.manage` |
//! | events | `monitoring.incident.created`, `…acknowledged`, `…updated`, `…resolved`, `…reopened`, `…merged` |
//!
//! By a built-in rule a critical alert of a service opens an incident, further alerts of it join, and where an alert is
//! over the timeline says so ([`jobs`]).
//!
//! On-call, escalation, runbooks, postmortems and correlation rules are still to come.

mod events;
mod graphql;
mod jobs;
mod loaders;
mod ops;
mod permissions;
mod reads;
mod rules;
mod store;

use crate::kernel::id::Prefix;

pub use events::ALL as EVENTS;
pub use graphql::{Incident, IncidentTimelineEntry, Mutation, Query, Subscription};
pub use jobs::AlertFollower;
pub use ops::{
    AffectedService, Changes, NewIncident, acknowledge, add_note, assign, create, reopen, resolve,
    transition, update,
};
pub use permissions::ALL as PERMISSIONS;

/// `inc_…`
pub const INCIDENT: Prefix = Prefix("inc");
/// `itl_…`
const TIMELINE_ENTRY: Prefix = Prefix("itl");
