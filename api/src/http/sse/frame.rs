//! What is written on a stream.

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::http::{operations::Event, pipeline::refused_payload};

/// Nothing: it says that the stream is there.
pub(super) const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// Why the server ends what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The credential never works again.
    Revoked,
    /// A fresh credential would work.
    Expired,
    /// The process stops: resume with the last id, here or elsewhere.
    Restarting,
}

impl Reason {
    fn extensions(self) -> Value {
        let (code, reason) = match self {
            Self::Revoked => ("UNAUTHENTICATED", "revoked"),
            Self::Expired => ("UNAUTHENTICATED", "expired"),
            Self::Restarting => ("UNAVAILABLE", "restarting"),
        };
        json!({ "extensions": { "code": code, "reason": reason } })
    }
}

/// What an operation has to say. Under an id, it is an operation of a stream that carries several.
pub(super) fn of(id: Option<&str>, event: Event) -> Bytes {
    match event {
        Event::Next(payload, cursor) => {
            let cursor = cursor.map(|cursor| cursor.to_string());
            next(id, cursor.as_deref(), &payload)
        }
        // Errors are a result without data, and the only one.
        Event::Refused(errors) => {
            let refused = next(id, None, &refused_payload(&errors));
            [refused, complete(id, None)].concat().into()
        }
        Event::Complete => complete(id, None),
    }
}

/// The end of an operation that the server ends.
pub(super) fn ended(id: Option<&str>, reason: Reason) -> Bytes {
    complete(id, Some(reason))
}

/// JSON has no line breaks in it: one line of data it is.
fn next(id: Option<&str>, cursor: Option<&str>, payload: &str) -> Bytes {
    let place = cursor.map(|cursor| format!("id: {cursor}\n")).unwrap_or_default();
    match id {
        None => format!("event: next\n{place}data: {payload}\n\n"),
        Some(id) => {
            format!("event: next\n{place}data: {{\"id\":{},\"payload\":{payload}}}\n\n", Value::from(id))
        }
    }
    .into()
}

/// The data is there where it is empty, too: browsers don't tell of an event without any.
fn complete(id: Option<&str>, reason: Option<Reason>) -> Bytes {
    let data = match (id, reason.map(Reason::extensions)) {
        (None, None) => String::new(),
        (None, Some(payload)) => payload.to_string(),
        (Some(id), None) => json!({ "id": id }).to_string(),
        (Some(id), Some(payload)) => json!({ "id": id, "payload": payload }).to_string(),
    };
    format!("event: complete\ndata: {data}\n\n").into()
}
