//! Commands: everything that is done to services and alerts, and what follows from the results of probes.
//!
//! Each locks the row, lets the rules decide, saves and records it.

mod alerts;
mod results;
mod services;

pub use alerts::{NewAlert, incident_of_alert, link_alert, relink_alerts, transition, trigger};
pub use results::{Asked, PROBE, ProbeTask, Run, ask, ask_now, note, settle, settle_now};
pub use services::{Changes, NewService, ProbeChanges, deregister, probe_of, register, revision_of, update};

use uuid::Uuid;

use crate::kernel::error::{Error, Result, UserErrorCode, Violation};

/// The source of the alerts that probes raise: nobody else may use it.
pub const PROBE_SOURCE: &str = "probe";

/// What makes two alerts of probes the same condition.
fn dedup_key(service: Uuid) -> String {
    format!("service:{}", super::SERVICE.encode(service))
}

/// The value, or its violation noted among the others.
fn checked<T>(result: Result<T, Violation>, wrong: &mut Vec<Violation>) -> Option<T> {
    result.map_err(|violation| wrong.push(violation)).ok()
}

/// A violation that isn't about a field's text.
fn refused(code: UserErrorCode, field: &str, message: &str) -> Error {
    Error::invalid(code, field, message)
}
