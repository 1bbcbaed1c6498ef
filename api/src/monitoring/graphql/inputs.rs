//! What clients send.

use async_graphql::{ID, InputObject, Json, MaybeUndefined, OneofObject};
use serde_json::Value;

use super::{alert::AlertSeverity, probe::ProbeMethod};
use crate::{
    kernel::scalar::Timestamp,
    monitoring::probe::{Header, HttpTarget, StatusRange, Target, TcpTarget},
};

/// A service to be watched. Without a probe its state stays UNKNOWN.
#[derive(Debug, InputObject)]
pub struct ServiceRegisterInput {
    /// Its name, unique in its organization. 1–100 characters.
    pub name: String,
    /// What it is. At most 10,000 characters.
    pub description: Option<String>,
    /// How important it is: 1 is the most, 4 the least.
    #[graphql(default = 3)]
    pub tier: i32,
    /// Who looks after it: a team, say. At most 100 characters.
    pub owner: Option<String>,
    /// The services that it needs: at most 50, and none that needs it.
    pub depends_on: Option<Vec<ID>>,
    /// What is asked of it.
    pub probe: Option<ProbeInput>,
    /// From one probe to the next: 5–3600 s; without it, 60.
    pub interval_seconds: Option<i32>,
    /// How long an answer is waited for: at most the interval, and 30,000 ms; without it, 5,000.
    pub timeout_ms: Option<i32>,
    /// Probes in a row without an answer that make it DOWN: 1–10; without it, 3.
    pub failures_to_down: Option<i32>,
    /// Probes in a row answered as expected that make it HEALTHY again: 1–10; without it, 2.
    pub successes_to_recover: Option<i32>,
    /// Under maintenance until then: it may go down without an alert.
    pub maintenance_until: Option<Timestamp>,
    /// Whose it is; without it, the caller's organization, or the platform.
    pub organization_id: Option<ID>,
}

/// What to change about a service. What is absent stays, null clears.
#[derive(Debug, InputObject)]
pub struct ServiceUpdateInput {
    /// The service.
    pub id: ID,
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub description: MaybeUndefined<String>,
    /// How important it is.
    pub tier: Option<i32>,
    /// Who looks after it.
    pub owner: MaybeUndefined<String>,
    /// The services that it needs: the whole list.
    pub depends_on: Option<Vec<ID>>,
    /// What is asked of it. Null: nothing any more, and its state is UNKNOWN.
    pub probe: MaybeUndefined<ProbeInput>,
    /// From one probe to the next.
    pub interval_seconds: Option<i32>,
    /// How long an answer is waited for.
    pub timeout_ms: Option<i32>,
    /// Probes in a row without an answer that make it DOWN.
    pub failures_to_down: Option<i32>,
    /// Probes in a row answered as expected that make it HEALTHY again.
    pub successes_to_recover: Option<i32>,
    /// Under maintenance until then. Null: not any more.
    pub maintenance_until: MaybeUndefined<Timestamp>,
    /// Refuse where it has another version. A change of its state is one.
    pub expected_version: Option<i32>,
}

/// A service that isn't to be watched any more.
#[derive(Debug, InputObject)]
pub struct ServiceDeregisterInput {
    /// The service.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// A service to be probed now.
#[derive(Debug, InputObject)]
pub struct ServiceProbeInput {
    /// The service.
    pub id: ID,
}

/// What is asked of a service: one of these.
#[derive(Debug, OneofObject)]
pub enum ProbeInput {
    /// A request over HTTP or HTTPS.
    Http(HttpProbeInput),
    /// Whether a connection over TCP comes about.
    Tcp(TcpProbeInput),
}

/// A request over HTTP or HTTPS. Redirects aren't followed: a 302 is an answer with the status 302.
#[derive(Debug, InputObject)]
pub struct HttpProbeInput {
    /// Where to: http:// or https://, without a user or password in it. At most 2,000 characters.
    pub url: String,
    /// What is done.
    #[graphql(default_with = "ProbeMethod::Get")]
    pub method: ProbeMethod,
    /// What statuses are right: at most 20 ranges; without them, 200 to 299.
    pub expected_status: Option<Vec<StatusRangeInput>>,
    /// A text that must occur in the first 64 KiB of the body. At most 1,000 characters.
    pub body_contains: Option<String>,
    /// Sent along: at most 20, none of them secret.
    pub headers: Option<Vec<ProbeHeaderInput>>,
    /// An answer that takes longer makes the service DEGRADED. At most the timeout.
    pub degraded_above_ms: Option<i32>,
}

/// A connection over TCP.
#[derive(Debug, InputObject)]
pub struct TcpProbeInput {
    /// A name or an address, without a port.
    pub host: String,
    /// 1–65535.
    pub port: i32,
}

/// Statuses from one to another, both included.
#[derive(Debug, InputObject)]
pub struct StatusRangeInput {
    /// The first: 100–599.
    pub from: i32,
    /// The last; without it, the first alone.
    pub to: Option<i32>,
}

/// A header of a request.
#[derive(Debug, InputObject)]
pub struct ProbeHeaderInput {
    /// Its name.
    pub name: String,
    /// Its value. At most 1,000 characters.
    pub value: String,
}

impl From<ProbeInput> for Target {
    fn from(input: ProbeInput) -> Self {
        match input {
            ProbeInput::Http(http) => Self::Http(http.into()),
            ProbeInput::Tcp(tcp) => Self::Tcp(TcpTarget { host: tcp.host.trim().to_owned(), port: tcp.port }),
        }
    }
}

impl From<HttpProbeInput> for HttpTarget {
    fn from(input: HttpProbeInput) -> Self {
        let range =
            |range: StatusRangeInput| StatusRange { from: range.from, to: range.to.unwrap_or(range.from) };
        let header = |header: ProbeHeaderInput| Header { name: header.name, value: header.value };
        let expected = input.expected_status.map(|ranges| ranges.into_iter().map(range).collect());
        Self {
            url: input.url.trim().to_owned(),
            method: input.method.into(),
            expected_status: expected.unwrap_or_else(|| vec![StatusRange::SUCCESS]),
            body_contains: input.body_contains,
            headers: input.headers.unwrap_or_default().into_iter().map(header).collect(),
            degraded_above_ms: input.degraded_above_ms,
        }
    }
}

/// A condition that somebody should look at.
#[derive(Debug, InputObject)]
pub struct AlertTriggerInput {
    /// Who found it: a system's name. 1–100 characters; `probe` is the gateway's own.
    pub source: String,
    /// What makes it the same condition, in the source's words. 1–255 characters.
    pub dedup_key: String,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// What is wrong. 1–255 characters.
    pub title: String,
    /// What is known. At most 10,000 characters.
    pub description: Option<String>,
    /// An object of texts: at most 50, names of 1–100 characters, values of at most 500.
    pub labels: Option<Json<Value>>,
    /// The service that it is about.
    pub service_id: Option<ID>,
    /// Whose it is; without it, the service's organization, the caller's, or the platform.
    pub organization_id: Option<ID>,
}

/// Somebody is on it.
#[derive(Debug, InputObject)]
pub struct AlertAcknowledgeInput {
    /// The alert.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// It is over.
#[derive(Debug, InputObject)]
pub struct AlertResolveInput {
    /// The alert.
    pub id: ID,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}
