//! Asking a service, over the network, and what to make of the answer.

use std::{
    error::Error as StdError,
    sync::LazyLock,
    time::{Duration, Instant},
};

use ::entity::probe_result::ProbeOutcome;
use reqwest::{Client, redirect};
use tokio::net::TcpStream;

use super::{Header, HttpTarget, Method, Probe, Target, TcpTarget};
use crate::kernel::{
    error::{Error, Result},
    trace,
};

/// How much of a body is looked into.
const MAX_BODY: usize = 64 * 1024;
/// Characters of a fault that are kept.
const MAX_FAULT: usize = 300;

/// The one client of all probes. It keeps no connection, so that each probe finds out whether one comes about, goes
/// through no proxy, and follows no redirect.
static CLIENT: LazyLock<reqwest::Result<Client>> = LazyLock::new(|| {
    Client::builder()
        .user_agent(concat!("opsgate/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
});

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How it went.
    pub outcome: ProbeOutcome,
    /// How long the answer took, where there was one.
    pub response_time_ms: Option<i32>,
    /// The status, where it was one of HTTP.
    pub status_code: Option<i32>,
    /// What is wrong; none where it was as expected.
    pub error: Option<String>,
}

/// Asks once, and waits for the answer as long as the probe says.
///
/// # Errors
/// Only where the gateway itself can't ask anybody: what is wrong with the service is a result.
pub async fn ask(probe: &Probe) -> Result<Found> {
    let timeout = Duration::from_millis(u64::try_from(probe.timeout_ms).unwrap_or_default());
    let answer = async {
        match &probe.target {
            Target::Http(target) => http(target).await,
            Target::Tcp(target) => Ok(tcp(target).await),
        }
    };
    match tokio::time::timeout(timeout, answer).await {
        Ok(found) => found,
        Err(_) => Ok(failed(format!("no answer within {} ms", probe.timeout_ms))),
    }
}

async fn http(target: &HttpTarget) -> Result<Found> {
    let client =
        CLIENT.as_ref().map_err(|error| Error::internal(format!("probes can't be sent: {error}")))?;
    let mut request = match target.method {
        Method::Get => client.get(&target.url),
        Method::Head => client.head(&target.url),
        Method::Post => client.post(&target.url),
    };
    for header in &target.headers {
        request = request.header(&header.name, &header.value);
    }
    let is_theirs = |header: &Header| header.name.eq_ignore_ascii_case("traceparent");
    if let Some(trace) = trace::outgoing().filter(|_| !target.headers.iter().any(is_theirs)) {
        request = request.header("traceparent", trace.parent());
        if let Some(state) = trace.state() {
            request = request.header("tracestate", state);
        }
    }
    let began = Instant::now();
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Ok(failed(describe(error))),
    };
    let is_found = match &target.body_contains {
        None => true,
        Some(text) => match contains(&mut response, text).await {
            Ok(is_found) => is_found,
            Err(error) => return Ok(failed(describe(error))),
        },
    };
    let (time_ms, status) = (millis(began), i32::from(response.status().as_u16()));
    Ok(Found { status_code: Some(status), ..judged(time_ms, wrong_with(target, status, is_found, time_ms)) })
}

/// What isn't as it should be about an answer.
fn wrong_with(target: &HttpTarget, status: i32, is_found: bool, time_ms: i32) -> Option<String> {
    if !target.expected_status.iter().any(|range| (range.from..=range.to).contains(&status)) {
        return Some(format!("it answered with the status {status}"));
    }
    if !is_found {
        return Some("the expected text isn't in the body".to_owned());
    }
    let limit = target.degraded_above_ms.filter(|limit| time_ms > *limit)?;
    Some(format!("the answer took {time_ms} ms, more than {limit} ms"))
}

/// Whether `text` occurs in what is looked at of the body.
async fn contains(response: &mut reqwest::Response, text: &str) -> reqwest::Result<bool> {
    let mut body = Vec::new();
    while body.len() < MAX_BODY {
        let Some(chunk) = response.chunk().await? else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(MAX_BODY);
    Ok(String::from_utf8_lossy(&body).contains(text))
}

async fn tcp(target: &TcpTarget) -> Found {
    let began = Instant::now();
    let port = u16::try_from(target.port).unwrap_or_default();
    match TcpStream::connect((target.host.as_str(), port)).await {
        Ok(_) => judged(millis(began), None),
        Err(error) => failed(error.to_string()),
    }
}

fn judged(time_ms: i32, wrong: Option<String>) -> Found {
    let outcome = if wrong.is_some() { ProbeOutcome::Degraded } else { ProbeOutcome::Healthy };
    Found { outcome, response_time_ms: Some(time_ms), status_code: None, error: wrong }
}

fn failed(why: String) -> Found {
    let error = Some(why.chars().take(MAX_FAULT).collect());
    Found { outcome: ProbeOutcome::Failed, response_time_ms: None, status_code: None, error }
}

fn millis(began: Instant) -> i32 {
    i32::try_from(began.elapsed().as_millis()).unwrap_or(i32::MAX)
}

/// The cause of a fault, without the URL: the layers around it only say that there is one.
fn describe(error: reqwest::Error) -> String {
    let doing = if error.is_connect() { "connecting" } else { "waiting for the answer" };
    let error = error.without_url();
    let mut cause: &dyn StdError = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    format!("{doing}: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitoring::probe::StatusRange;

    #[test]
    fn an_answer_is_judged_by_status_then_text_then_time() {
        let target = HttpTarget {
            url: String::new(),
            method: Method::Get,
            expected_status: vec![StatusRange::SUCCESS, StatusRange { from: 404, to: 404 }],
            body_contains: None,
            headers: vec![],
            degraded_above_ms: Some(100),
        };
        for (status, is_found, time_ms, expected) in [
            (200, true, 100, None),
            (404, true, 0, None),
            (503, false, 900, Some("it answered with the status 503")),
            (302, true, 0, Some("it answered with the status 302")),
            (200, false, 900, Some("the expected text isn't in the body")),
            (200, true, 101, Some("the answer took 101 ms, more than 100 ms")),
        ] {
            let wrong = wrong_with(&target, status, is_found, time_ms);
            assert_eq!(wrong.as_deref(), expected, "{status} {is_found} {time_ms}");
        }
    }
}
