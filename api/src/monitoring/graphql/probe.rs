//! Probes and their results as clients see them.

use ::entity::probe_result;
use async_graphql::{Enum, SimpleObject, Union};

use crate::{
    kernel::scalar::Timestamp,
    monitoring::probe::{self, HttpTarget, Target, TcpTarget},
};

/// What a probe over HTTP does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "probe::Method")]
pub enum ProbeMethod {
    /// Reads.
    Get,
    /// Reads the head alone.
    Head,
    /// Sends nothing, for services that answer to POST alone.
    Post,
}

/// How a probe went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "probe_result::ProbeOutcome")]
pub enum ProbeOutcome {
    /// Answered as expected.
    Healthy,
    /// Answered, but slowly or with what wasn't expected.
    Degraded,
    /// Not answered.
    Failed,
}

/// What is asked of a service.
#[derive(Debug, Union)]
pub enum Probe {
    /// A request over HTTP or HTTPS.
    Http(HttpProbe),
    /// Whether a connection over TCP comes about.
    Tcp(TcpProbe),
}

/// A request over HTTP or HTTPS.
#[derive(Debug, SimpleObject)]
pub struct HttpProbe {
    /// Where to.
    url: String,
    /// What is done.
    method: ProbeMethod,
    /// What statuses are right.
    expected_status: Vec<StatusRange>,
    /// A text that must occur in the first 64 KiB of the body.
    body_contains: Option<String>,
    /// Sent along.
    headers: Vec<ProbeHeader>,
    /// An answer that takes longer makes the service DEGRADED.
    degraded_above_ms: Option<i32>,
}

/// A connection over TCP.
#[derive(Debug, SimpleObject)]
pub struct TcpProbe {
    /// A name or an address.
    host: String,
    /// The port.
    port: i32,
}

/// Statuses from one to another, both included.
#[derive(Debug, SimpleObject)]
pub struct StatusRange {
    /// The first.
    from: i32,
    /// The last.
    to: i32,
}

/// A header of a request.
#[derive(Debug, SimpleObject)]
pub struct ProbeHeader {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

impl From<Target> for Probe {
    fn from(target: Target) -> Self {
        match target {
            Target::Http(http) => Self::Http(http.into()),
            Target::Tcp(TcpTarget { host, port }) => Self::Tcp(TcpProbe { host, port }),
        }
    }
}

impl From<HttpTarget> for HttpProbe {
    fn from(target: HttpTarget) -> Self {
        let range = |range: probe::StatusRange| StatusRange { from: range.from, to: range.to };
        let header = |header: probe::Header| ProbeHeader { name: header.name, value: header.value };
        Self {
            url: target.url,
            method: target.method.into(),
            expected_status: target.expected_status.into_iter().map(range).collect(),
            body_contains: target.body_contains,
            headers: target.headers.into_iter().map(header).collect(),
            degraded_above_ms: target.degraded_above_ms,
        }
    }
}

/// What one probe found.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProbeResult {
    /// How it went.
    outcome: ProbeOutcome,
    /// How long the answer took. Null: there was none.
    response_time_ms: Option<i32>,
    /// The status, of HTTP.
    status_code: Option<i32>,
    /// What is wrong. Null: it was as expected.
    error: Option<String>,
    /// When it was written down.
    at: Timestamp,
}

impl From<probe_result::Model> for ProbeResult {
    fn from(row: probe_result::Model) -> Self {
        Self {
            outcome: row.outcome.into(),
            response_time_ms: row.response_time_ms,
            status_code: row.status_code,
            error: row.error,
            at: row.at.into(),
        }
    }
}
