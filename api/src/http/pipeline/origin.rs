//! Where a request comes from: what its headers say beside who asks and what.

use std::net::{IpAddr, SocketAddr};

use async_graphql::{Extensions, Value};
use axum::http::{HeaderMap, header};
use uuid::Uuid;

use super::Refusal;
use crate::kernel::{network::Networks, request::Origin, trace::TraceContext};

/// The header by which requests and answers name themselves.
pub const REQUEST_ID: &str = "x-request-id";
/// Where proxies say whom they ask for.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// The longest id that a client may give its request.
const MAX_REQUEST_ID: usize = 64;
/// How much of a `User-Agent` is kept, in characters.
const MAX_USER_AGENT: usize = 256;

/// The origin of the request with these headers. Its id is the client's where that is short and plain, else ours.
pub fn origin(headers: &HeaderMap, peer: SocketAddr, proxies: &Networks) -> Origin {
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
        ip_address: Some(client(headers, peer.ip(), proxies)),
        user_agent: one(headers, header::USER_AGENT.as_str())
            .ok()
            .flatten()
            .map(|text| text.chars().take(MAX_USER_AGENT).collect()),
    }
}

/// The address of the client behind `peer`. What a trusted proxy has appended to `X-Forwarded-For` is read from the right:
/// the first address that isn't a trusted proxy's is the client's, and whatever stands left of it is the client's own
/// words. Where a proxy says what is no address, it is the client.
fn client(headers: &HeaderMap, peer: IpAddr, proxies: &Networks) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    for hop in lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')) {
        if !proxies.contains(client) {
            break;
        }
        match std::str::from_utf8(hop).ok().and_then(address) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// An address as proxies write it: some add the port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        headers
    }

    fn client_of(peer: &str, lines: &[&str]) -> String {
        let proxies = Networks::parse(["10.0.0.0/8", "fd00::/8"]).unwrap();
        client(&headers(lines), peer.parse().unwrap(), &proxies).to_string()
    }

    #[test]
    fn what_trusted_proxies_say_counts_from_the_right() {
        for (peer, lines, expected) in [
            ("203.0.113.7", &[][..], "203.0.113.7"),
            // Whoever isn't a proxy of ours says what they like.
            ("203.0.113.7", &["198.51.100.1"], "203.0.113.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // The client's own words stand left of its address.
            ("10.0.0.1", &["10.9.9.9, 192.0.2.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["192.0.2.1", "198.51.100.1"], "198.51.100.1"),
            // By way of two proxies, in one line or two.
            ("10.0.0.1", &["192.0.2.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1", "fd00::2"], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            // What is no address is nobody's.
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1,"], "10.0.0.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            assert_eq!(client_of(peer, lines), expected, "{peer} with {lines:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_beyond_the_proxies_chooses_their_address(said in "[0-9a-f.:, ]{0,60}") {
            let line = format!("{said},198.51.100.1");
            prop_assert_eq!(client_of("10.0.0.1", &[&line]), "198.51.100.1");
            prop_assert_eq!(client_of("203.0.113.7", &[&said]), "203.0.113.7");
        }
    }
}
