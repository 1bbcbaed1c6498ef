//! Probes: what is asked of a service and how often ([`Probe`]), whether that can be asked ([`Probe::violations`]), and
//! asking it ([`ask`]).
//!
//! A probe goes to whatever address it names, in the gateway's own network too: watching what is inside is what it is
//! for, and who may register services may make the gateway connect. What comes back stays here, but for the status, the
//! time it took and whether a text was found.

mod ask;
mod check;

use serde::{Deserialize, Serialize};

pub use ask::{Found, ask};

/// What is asked of a service, how often, and what follows from the answers. Stored as JSON with the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Counts its changes: a task and a result are of one revision.
    pub revision: i32,
    /// What is asked.
    pub target: Target,
    /// From one probe to the next: 5–3600 s.
    pub interval_seconds: i32,
    /// Without an answer by then, there is none: 1 ms to the interval, 30 s at most.
    pub timeout_ms: i32,
    /// Probes in a row without an answer that make it DOWN: 1–10.
    pub failures_to_down: i32,
    /// Probes in a row answered as expected that make it HEALTHY again: 1–10.
    pub successes_to_recover: i32,
}

impl Probe {
    /// A probe of `target` with the usual times and thresholds.
    pub fn new(target: Target) -> Self {
        Self {
            revision: 1,
            target,
            interval_seconds: 60,
            timeout_ms: 5_000,
            failures_to_down: 3,
            successes_to_recover: 2,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Target {
    /// A request over HTTP.
    Http(HttpTarget),
    /// Whether a connection comes about.
    Tcp(TcpTarget),
}

/// A request over HTTP or HTTPS. Redirects aren't followed: a 302 is an answer with the status 302.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpTarget {
    /// Absolute, without a user or password in it.
    pub url: String,
    /// What is done.
    pub method: Method,
    /// What statuses are right.
    pub expected_status: Vec<StatusRange>,
    /// What must occur in the first 64 KiB of the body.
    pub body_contains: Option<String>,
    /// Sent along. None that is secret.
    pub headers: Vec<Header>,
    /// An answer that takes longer than this is DEGRADED.
    pub degraded_above_ms: Option<i32>,
}

/// A connection over TCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpTarget {
    /// A name or an address.
    pub host: String,
    /// 1–65535.
    pub port: i32,
}

/// What a probe over HTTP does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the head alone.
    Head,
    /// Sends nothing, for services that answer to POST alone.
    Post,
}

/// Statuses from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The first.
    pub from: i32,
    /// The last.
    pub to: i32,
}

impl StatusRange {
    /// What is right unless somebody says otherwise.
    pub const SUCCESS: Self = Self { from: 200, to: 299 };
}

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}
