//! Reading a body: what it must be, how long it may be, and how long it may take.
//!
//! Only `application/json`: a browser sends that to another site only after that site has agreed (CORS), which it
//! doesn't ask for forms and plain text. And only as it is: a compressed body is refused, since requests are small, and
//! what isn't unpacked can't be a bomb.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Params, Refusal, origin::one};
use crate::kernel::error::Error;

/// How long and how large a body may be.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The most bytes.
    pub bytes: usize,
    /// The longest time until it is there.
    pub time: Duration,
    /// The bytes that all bodies may take together while they are being read: nobody has said yet who sends them.
    pub room: Arc<Semaphore>,
}

/// Reads the request in `body`.
///
/// # Errors
/// 415 where it is of another type or encoding, 413 where it is too long, 408 where it takes too long, 503 where there is
/// no room for it now, 400 where it isn't a request.
pub async fn read(headers: &HeaderMap, body: Body, bounds: Bounds) -> Result<Params, Refusal> {
    is_json(headers)?;
    is_plain(headers)?;
    let length = one(headers, header::CONTENT_LENGTH.as_str())?.and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > bounds.bytes as u64) {
        return Err(too_long(&bounds));
    }
    let Ok(gathered) = tokio::time::timeout(bounds.time, gather(body, &bounds)).await else {
        let refusal = Refusal::http(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive");
        return Err(refusal.with(header::CONNECTION, "close"));
    };
    let (bytes, _room) = gathered?;
    Params::from_json(&bytes)
}

/// The body's bytes, and the room that they take.
async fn gather(body: Body, bounds: &Bounds) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Refusal> {
    let mut body = Limited::new(body, bounds.bytes);
    let (mut bytes, mut room) = (Vec::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
            true => too_long(bounds),
            false => Refusal::malformed("the body broke off"),
        })?;
        let Ok(data) = frame.into_data() else { continue };
        // What is longer doesn't fit anyhow.
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let Ok(more) = bounds.room.clone().try_acquire_many_owned(length) else {
            let refusal =
                Refusal::from(Error::unavailable("too much is being sent at the same time: try again"));
            return Err(refusal.with(header::CONNECTION, "close"));
        };
        match &mut room {
            Some(room) => room.merge(more),
            None => room = Some(more),
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, room))
}

fn too_long(bounds: &Bounds) -> Refusal {
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
