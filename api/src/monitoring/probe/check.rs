//! Whether a probe can be asked.

use reqwest::{
    Url,
    header::{self, HeaderName, HeaderValue},
};
use serde_json::json;

use super::{Header, HttpTarget, Method, Probe, Target, TcpTarget};
use crate::{
    kernel::{
        error::{UserErrorCode, Violation},
        redact::redact,
    },
    monitoring::rules::within,
};

/// The longest that an answer is waited for, in milliseconds.
const MAX_TIMEOUT_MS: i32 = 30_000;
/// Characters of a URL.
const MAX_URL: usize = 2_000;
/// Ranges of expected statuses, and headers.
const MAX_ITEMS: usize = 20;
/// Characters of the text that must occur, and of a header's value.
const MAX_TEXT: usize = 1_000;
/// Characters of a host's name in DNS.
const MAX_HOST: usize = 253;

impl Probe {
    /// What is wrong with it.
    pub fn violations(&self) -> Vec<Violation> {
        let longest = self.interval_seconds.saturating_mul(1_000).clamp(1, MAX_TIMEOUT_MS);
        let mut wrong: Vec<_> = [
            within(self.interval_seconds, 5, 3_600, "intervalSeconds"),
            within(self.timeout_ms, 1, longest, "timeoutMs"),
            within(self.failures_to_down, 1, 10, "failuresToDown"),
            within(self.successes_to_recover, 1, 10, "successesToRecover"),
        ]
        .into_iter()
        .filter_map(Result::err)
        .collect();
        match &self.target {
            Target::Http(target) => wrong.extend(target.violations(self.timeout_ms)),
            Target::Tcp(target) => wrong.extend(target.violations()),
        }
        wrong
    }
}

impl HttpTarget {
    fn violations(&self, timeout_ms: i32) -> Vec<Violation> {
        let mut wrong = Vec::new();
        wrong.extend(url_violation(&self.url));
        if self.expected_status.is_empty() || self.expected_status.len() > MAX_ITEMS {
            let message = format!("name 1 to {MAX_ITEMS} ranges of statuses, or leave them out: 200 to 299");
            wrong.push(violation("expectedStatus", UserErrorCode::OutOfRange, &message));
        }
        for (i, range) in self.expected_status.iter().enumerate() {
            if !(100 <= range.from && range.from <= range.to && range.to <= 599) {
                let message = "a range of statuses goes upwards and lies within 100 to 599";
                wrong.push(violation(&format!("expectedStatus.{i}"), UserErrorCode::OutOfRange, message));
            }
        }
        match self.body_contains.as_deref() {
            None => {}
            Some("") => wrong.push(violation("bodyContains", UserErrorCode::Required, "this can't be empty")),
            Some(text) if text.chars().count() > MAX_TEXT => {
                let message = format!("this has more than {MAX_TEXT} characters");
                wrong.push(violation("bodyContains", UserErrorCode::TooLong, &message));
            }
            Some(_) if self.method == Method::Head => {
                let message = "an answer to HEAD has no body to look into: use GET";
                wrong.push(violation("bodyContains", UserErrorCode::Invalid, message));
            }
            Some(text) if text.contains('\0') => {
                let message = "this contains a NUL character";
                wrong.push(violation("bodyContains", UserErrorCode::Invalid, message));
            }
            Some(_) => {}
        }
        if self.headers.len() > MAX_ITEMS {
            let message = format!("a probe sends at most {MAX_ITEMS} headers");
            wrong.push(violation("headers", UserErrorCode::LimitExceeded, &message));
        }
        wrong.extend(self.headers.iter().enumerate().filter_map(|(i, header)| {
            let (code, message) = header_violation(header)?;
            Some(violation(&format!("headers.{i}"), code, message))
        }));
        if let Some(limit) = self.degraded_above_ms {
            wrong.extend(within(limit, 1, timeout_ms.max(1), "probe.http.degradedAboveMs").err());
        }
        wrong
    }
}

fn url_violation(text: &str) -> Option<Violation> {
    let refuse = |code, message: &str| Some(violation("url", code, message));
    if text.chars().count() > MAX_URL {
        return refuse(UserErrorCode::TooLong, &format!("this has more than {MAX_URL} characters"));
    }
    let url = match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
        _ => return refuse(UserErrorCode::Invalid, "a URL here begins with http:// or https://"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(UserErrorCode::NotAllowed, "a user or password can't be part of the URL: it is shown");
    }
    if redact_changes(&json!({ "address": text })) {
        return refuse(UserErrorCode::NotAllowed, "the URL seems to hold a secret, and it is shown");
    }
    None
}

fn header_violation(header: &Header) -> Option<(UserErrorCode, &'static str)> {
    let (Ok(name), Ok(_)) =
        (HeaderName::from_bytes(header.name.as_bytes()), HeaderValue::from_str(&header.value))
    else {
        return Some((UserErrorCode::Invalid, "HTTP has no such header: a name is a word, a value one line"));
    };
    if header.value.len() > MAX_TEXT {
        return Some((UserErrorCode::TooLong, "this value is longer than a probe needs"));
    }
    let is_ours = matches!(
        name,
        header::CONTENT_LENGTH
            | header::TRANSFER_ENCODING
            | header::CONNECTION
            | header::UPGRADE
            | header::TE
            | header::TRAILER
    );
    if is_ours {
        return Some((UserErrorCode::NotAllowed, "this header is the connection's own"));
    }
    if redact_changes(&json!({ (name.as_str()): &header.value })) {
        let message = "this header seems to hold a secret, and headers are shown: give the service a health \
                       address that needs none";
        return Some((UserErrorCode::NotAllowed, message));
    }
    None
}

/// Whether the record would mask something here.
fn redact_changes(value: &serde_json::Value) -> bool {
    let mut masked = value.clone();
    redact(&mut masked);
    masked != *value
}

impl TcpTarget {
    fn violations(&self) -> Vec<Violation> {
        let mut wrong = Vec::new();
        // A name, an IPv4 or an IPv6 address; what the resolver makes of it shows when it is asked.
        let is_host = !self.host.is_empty()
            && self.host.len() <= MAX_HOST
            && self.host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte));
        if !is_host {
            let message = "a host is a name or an address, without a port: db.internal, 10.0.0.7, ::1";
            wrong.push(Violation::new(UserErrorCode::Invalid, "probe.tcp.host", message));
        }
        wrong.extend(within(self.port, 1, 65_535, "probe.tcp.port").err());
        wrong
    }
}

fn violation(field: &str, code: UserErrorCode, message: &str) -> Violation {
    Violation::new(code, &format!("probe.http.{field}"), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitoring::probe::StatusRange;

    fn http(change: impl FnOnce(&mut HttpTarget)) -> Probe {
        let mut target = HttpTarget {
            url: "https://core.internal/health?full=1".to_owned(),
            method: Method::Get,
            expected_status: vec![StatusRange::SUCCESS],
            body_contains: None,
            headers: vec![],
            degraded_above_ms: None,
        };
        change(&mut target);
        Probe::new(Target::Http(target))
    }

    fn tcp(host: &str, port: i32) -> Probe {
        Probe::new(Target::Tcp(TcpTarget { host: host.to_owned(), port }))
    }

    fn fields(probe: &Probe) -> Vec<String> {
        let paths = probe.violations().into_iter().filter_map(|violation| violation.field);
        paths.map(|path| path[1..].join(".")).collect()
    }

    fn with_header(name: &str, value: &str) -> Probe {
        let header = Header { name: name.to_owned(), value: value.to_owned() };
        http(|target| target.headers = vec![header])
    }

    #[test]
    fn what_can_be_asked_passes() {
        for probe in [
            http(|_| {}),
            http(|target| target.url = "http://[::1]:8080".to_owned()),
            http(|target| target.degraded_above_ms = Some(5_000)),
            http(|target| target.body_contains = Some("ok".to_owned())),
            http(|target| target.expected_status.push(StatusRange { from: 404, to: 404 })),
            with_header("X-Probe", "opsgate"),
            with_header("host", "core.example"),
            tcp("db.internal", 5432),
            tcp("::1", 1),
            Probe { interval_seconds: 5, timeout_ms: 5_000, ..tcp("10.0.0.7", 65_535) },
            Probe { interval_seconds: 3_600, timeout_ms: 30_000, ..tcp("db", 1) },
        ] {
            assert_eq!(fields(&probe), [""; 0], "{probe:?}");
        }
    }

    #[test]
    fn what_cannot_is_named() {
        let table = [
            (http(|target| target.url = "core.internal".to_owned()), "probe.http.url"),
            (http(|target| target.url = "ftp://core.internal".to_owned()), "probe.http.url"),
            (http(|target| target.url = "file:///etc/passwd".to_owned()), "probe.http.url"),
            (http(|target| target.url = "http://me:pw@core.internal".to_owned()), "probe.http.url"),
            (http(|target| target.url = format!("http://core/{}", "x".repeat(2_000))), "probe.http.url"),
            (http(|target| target.expected_status = vec![]), "probe.http.expectedStatus"),
            (
                http(|target| target.expected_status.push(StatusRange { from: 500, to: 200 })),
                "probe.http.expectedStatus.1",
            ),
            (http(|target| target.body_contains = Some(String::new())), "probe.http.bodyContains"),
            (http(|target| target.body_contains = Some("x".repeat(1_001))), "probe.http.bodyContains"),
            (
                http(|target| (target.method, target.body_contains) = (Method::Head, Some("ok".to_owned()))),
                "probe.http.bodyContains",
            ),
            (http(|target| target.degraded_above_ms = Some(5_001)), "probe.http.degradedAboveMs"),
            (with_header("Authorization", "Basic b3BzOnNlY3JldA=="), "probe.http.headers.0"),
            (with_header("cookie", "a=b"), "probe.http.headers.0"),
            (with_header("X-Api-Key", "k3y"), "probe.http.headers.0"),
            (with_header("X-Auth-Token", "k3y"), "probe.http.headers.0"),
            (with_header("Content-Length", "3"), "probe.http.headers.0"),
            (with_header("not a name", "x"), "probe.http.headers.0"),
            (with_header("X-Probe", "a\r\nHost: b"), "probe.http.headers.0"),
            (tcp("", 80), "probe.tcp.host"),
            (tcp("http://db", 80), "probe.tcp.host"),
            (tcp("db", 0), "probe.tcp.port"),
            (tcp("db", 65_536), "probe.tcp.port"),
            (Probe { interval_seconds: 4, timeout_ms: 4_000, ..tcp("db", 1) }, "intervalSeconds"),
            (Probe { interval_seconds: 3_601, ..tcp("db", 1) }, "intervalSeconds"),
            (Probe { interval_seconds: 5, timeout_ms: 5_001, ..tcp("db", 1) }, "timeoutMs"),
            (Probe { timeout_ms: 30_001, ..tcp("db", 1) }, "timeoutMs"),
            (Probe { failures_to_down: 0, ..tcp("db", 1) }, "failuresToDown"),
            (Probe { successes_to_recover: 11, ..tcp("db", 1) }, "successesToRecover"),
        ];
        for (probe, field) in table {
            assert_eq!(fields(&probe), [field], "{probe:?}");
        }
    }
}
