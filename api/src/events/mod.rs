//! Events: what happened, for whoever wants to react.
//!
//! Nouns first. An *event* is one fact, recorded together with its [audit entry](crate::audit). Its *type* says what
//! happened (`monitoring.incident.acknowledged`) and is declared once, with the permission that reading it takes. The
//! sequencer gives each event its place in the log, gap-free and in causal order; an *event cursor* is such a place.
//! `eventCursor`, read together with a snapshot, says where to go on: subscribe with it, and nothing is missed.
//!
//! An event is shown to who holds `events.read` and the permission of its type, within their boundary.
//!
//! | what | where |
//! | --- | --- |
//! | tables | `events`, `event_positions`, `log_head` |
//! | permissions | `events.read` |
//!
//! Publishing by other services, schemas, statistics, replay and subscriptions by webhook are still to come.

mod graphql;
mod loaders;
mod permissions;
mod reads;
mod rules;
mod store;

pub use graphql::{PublishedEvent, Query, Subscription};
pub use permissions::ALL as PERMISSIONS;
