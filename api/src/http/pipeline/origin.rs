//! Where a request comes from: what its headers say beside who asks and what.

use std::net::{IpAddr, SocketAddr};

use async_graphql::{Extensions, Value};
use axum::http::{HeaderMap, header};
use uuid::Uuid;

use super::Refusal;
use crate::kernel::{request::Origin, trace::TraceContext};

/// The header by which requests and answers name themselves.
pub const REQUEST_ID: &str = "x-request-id";
/// The longest id that a client may give its request.
const MAX_REQUEST_ID: usize = 64;
/// How much of a `User-Agent` is kept, in characters.
const MAX_USER_AGENT: usize = 256;

/// The origin of the request with these headers. Its id is the client's where that is short and plain, else ours.
pub fn origin(headers: &HeaderMap, peer: SocketAddr) -> Origin {
    let state: Vec<_> =
        headers.get_all("tracestate").iter().filter_map(|value| value.to_str().ok()).collect();
    let state = (!state.is_empty()).then(|| state.join(","));
    let trace = one(headers, "traceparent").ok().flatten();
    let trace = trace.and_then(|parent| TraceContext::parse(parent, state.as_deref()));
    let id = one(headers, REQUEST_ID).ok().flatten().filter(|id| is_request_id(id));
    Origin {
        request_id: id.map_or_else(new_request_id, str::to_owned),
        correlation_id: trace.as_ref().map(|trace| trace.trace_id().to_owned()),
        trace,
        ip_address: Some(peer.ip().to_canonical().to_string()),
        user_agent: one(headers, header::USER_AGENT.as_str())
            .ok()
            .flatten()
            .map(|text| text.chars().take(MAX_USER_AGENT).collect()),
    }
}

/// An id for a request that has none.
pub fn new_request_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// What the `extensions` of a request say, for clients that can't set headers; it counts before these.
pub fn amend(origin: &mut Origin, extensions: &Extensions) {
    if let Some(Value::String(id)) = extensions.get("requestId")
        && is_request_id(id)
    {
        origin.request_id.clone_from(id);
    }
    if let Some(Value::String(parent)) = extensions.get("traceparent") {
        let state = match extensions.get("tracestate") {
            Some(Value::String(state)) => Some(state.as_str()),
            _ => None,
        };
        if let Some(trace) = TraceContext::parse(parent, state) {
            origin.correlation_id = Some(trace.trace_id().to_owned());
            origin.trace = Some(trace);
        }
    }
}

fn is_request_id(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The header `name`, which may be there once.
///
/// # Errors
/// Where it is there more than once, or isn't text: whoever wants one thing said must not be heard as another.
pub fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Refusal::malformed("a header of this request isn't text")),
        },
        (Some(_), Some(_)) => Err(Refusal::malformed("a header of this request is there twice")),
    }
}

/// The network of an address: /24 of IPv4, /48 of IPv6. It names no person.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}
