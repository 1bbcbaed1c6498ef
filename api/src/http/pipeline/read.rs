//! Reading a body: what it must be, how long it may be, and how long it may take.
//!
//! Only `application/json`: a browser sends that to another site only after that site has agreed (CORS), which it
//! doesn't ask for forms and plain text. And only as it is: a compressed body is refused, since requests are small, and
//! what isn't unpacked can't be a bomb.

use std::{error::Error as _, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::LengthLimitError;

use super::{Params, Refusal, origin::one};

/// How long and how large a body may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most bytes.
    pub bytes: usize,
    /// The longest time until it is there.
    pub time: Duration,
}

/// Reads the request in `body`.
///
/// # Errors
/// 415 where it is of another type or encoding, 413 where it is too long, 408 where it takes too long, 400 where it
/// isn't a request.
pub async fn read(headers: &HeaderMap, body: Body, bounds: Bounds) -> Result<Params, Refusal> {
    is_json(headers)?;
    is_plain(headers)?;
    let length = one(headers, header::CONTENT_LENGTH.as_str())?.and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > bounds.bytes as u64) {
        return Err(too_long(bounds));
    }
    let bytes = match tokio::time::timeout(bounds.time, to_bytes(body, bounds.bytes)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => {
            return Err(too_long(bounds));
        }
        Ok(Err(_)) => return Err(Refusal::malformed("the body broke off")),
        Err(_) => {
            let refusal = Refusal::http(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive");
            return Err(refusal.with(header::CONNECTION, "close"));
        }
    };
    Params::from_json(&bytes)
}

fn too_long(bounds: Bounds) -> Refusal {
    let message = format!("the body is longer than {} bytes", bounds.bytes);
    Refusal::http(StatusCode::PAYLOAD_TOO_LARGE, &message).with(header::CONNECTION, "close")
}

/// `application/json`, in UTF-8.
fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = one(headers, header::CONTENT_TYPE.as_str()).ok().flatten();
    let mut parts = given.unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if is_json && is_utf8 {
        return Ok(());
    }
    let message = "send the request as application/json, in UTF-8";
    Err(Refusal::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).with(header::ACCEPT, "application/json"))
}

fn is_plain(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|encoding| encoding == "identity");
    if is_plain {
        return Ok(());
    }
    let message = "send the request uncompressed: compressed bodies aren't unpacked here";
    Err(Refusal::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).with(header::ACCEPT_ENCODING, "identity"))
}
