//! What is said on the wire.

use std::borrow::Cow;

use async_graphql::ServerError;
use axum::extract::ws::{CloseFrame, Message};
use serde_json::{Map, Value};

use crate::http::{operations::Event, pipeline::Params};

/// The longest reason that a close frame holds, in bytes (RFC 6455, section 5.5).
const MAX_REASON: usize = 123;

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    code: u16,
    reason: Cow<'static, str>,
}

impl Close {
    pub const RESTARTING: Self = Self::new(1012, "restarting");
    pub const UNAVAILABLE: Self = Self::new(1013, "try again later");
    pub const TOO_EARLY: Self = Self::new(4401, "Unauthorized");
    pub const REVOKED: Self = Self::new(4401, "revoked");
    pub const FORBIDDEN: Self = Self::new(4403, "Forbidden");
    pub const EXPIRED: Self = Self::new(4403, "expired");
    pub const SUBPROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable");
    pub const INIT_TIMEOUT: Self = Self::new(4408, "Connection initialisation timeout");
    pub const SILENT: Self = Self::new(4408, "no sign of life");
    pub const SECOND_INIT: Self = Self::new(4429, "Too many initialisation requests");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// The operation `id` runs already.
    pub fn duplicate(id: &str) -> Self {
        // What belongs to the sentence is 30 bytes.
        let id = &id[..id.floor_char_boundary(MAX_REASON - 30)];
        Self { code: 4409, reason: format!("Subscriber for {id} already exists").into() }
    }

    /// Something that the protocol doesn't know; `reason` is at most 123 bytes.
    pub const fn invalid(reason: &'static str) -> Self {
        Self::new(4400, reason)
    }

    /// As a frame.
    pub fn message(&self) -> Message {
        Message::Close(Some(CloseFrame { code: self.code, reason: self.reason.as_ref().into() }))
    }
}

/// A message of a client.
#[derive(Debug)]
pub(super) enum ClientMessage {
    /// `connection_init`, with its payload.
    Init(Map<String, Value>),
    /// `ping`, with its payload.
    Ping(Option<Value>),
    /// `pong`.
    Pong,
    /// `subscribe`.
    Subscribe { id: String, params: Box<Params> },
    /// `complete`.
    Complete { id: String },
}

impl ClientMessage {
    /// Reads a text message.
    pub fn parse(text: &str) -> Result<Self, Close> {
        let Ok(Value::Object(mut message)) = serde_json::from_str(text) else {
            return Err(Close::invalid("a message is a JSON object"));
        };
        let payload = message.remove("payload").filter(|payload| !payload.is_null());
        match message.get("type").and_then(Value::as_str) {
            Some("connection_init") => match payload {
                None => Ok(Self::Init(Map::new())),
                Some(Value::Object(payload)) => Ok(Self::Init(payload)),
                Some(_) => Err(Close::invalid("the payload of connection_init is an object")),
            },
            Some("ping") => match payload {
                None | Some(Value::Object(_)) => Ok(Self::Ping(payload)),
                Some(_) => Err(Close::invalid("the payload of ping is an object")),
            },
            Some("pong") => match payload {
                None | Some(Value::Object(_)) => Ok(Self::Pong),
                Some(_) => Err(Close::invalid("the payload of pong is an object")),
            },
            Some("subscribe") => Ok(Self::Subscribe { id: id(&message)?, params: params(payload)? }),
            Some("complete") => Ok(Self::Complete { id: id(&message)? }),
            Some("connection_ack" | "next" | "error") => {
                Err(Close::invalid("only the server sends messages of this type"))
            }
            Some(_) => {
                Err(Close::invalid("`type` is one of connection_init, ping, pong, subscribe and complete"))
            }
            None => Err(Close::invalid("a message has a `type`, which is a string")),
        }
    }
}

fn id(message: &Map<String, Value>) -> Result<String, Close> {
    match message.get("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        _ => Err(Close::invalid("this message needs an `id`, a string that isn't empty")),
    }
}

fn params(payload: Option<Value>) -> Result<Box<Params>, Close> {
    let Some(payload @ Value::Object(_)) = payload else {
        return Err(Close::invalid("the payload of subscribe is an object with a `query`"));
    };
    let is = |name: &str, is: fn(&Value) -> bool| {
        payload.get(name).is_none_or(|value| value.is_null() || is(value))
    };
    if !is("query", Value::is_string) {
        return Err(Close::invalid("`query` in the payload of subscribe is a string"));
    }
    if !is("documentId", Value::is_string) {
        return Err(Close::invalid("`documentId` is a string"));
    }
    if !is("operationName", Value::is_string) {
        return Err(Close::invalid("`operationName` is a string"));
    }
    if !is("variables", Value::is_object) {
        return Err(Close::invalid("`variables` is an object"));
    }
    if !is("extensions", Value::is_object) {
        return Err(Close::invalid("`extensions` is an object"));
    }
    let params: Params =
        serde_json::from_value(payload).map_err(|_| Close::invalid("the payload isn't a GraphQL request"))?;
    if !params.has_document() {
        return Err(Close::invalid(
            "the payload of subscribe has a `query`, a `documentId` or a `persistedQuery`",
        ));
    }
    Ok(Box::new(params))
}

/// `connection_ack`.
pub(super) fn ack() -> Message {
    Message::text(r#"{"type":"connection_ack"}"#)
}

/// `pong`, with the payload of the ping that it answers.
pub(super) fn pong(payload: Option<Value>) -> Message {
    match payload {
        None => Message::text(r#"{"type":"pong"}"#),
        Some(payload) => Message::text(format!(r#"{{"type":"pong","payload":{payload}}}"#)),
    }
}

/// The messages about one operation. What they begin with is made once.
#[derive(Debug)]
pub(super) struct Envelope {
    /// `{"id":"…","type":`
    head: String,
}

impl Envelope {
    /// Messages about the operation `id`.
    pub fn new(id: &str) -> Self {
        Self { head: format!(r#"{{"id":{},"type":"#, Value::from(id)) }
    }

    /// What an operation has to say.
    pub fn of(&self, event: Event) -> Message {
        match event {
            Event::Next(payload, _) => self.next(&payload),
            Event::Refused(errors) => self.error(&errors),
            Event::Complete => self.complete(),
        }
    }

    /// `next`, with a result that is JSON already.
    fn next(&self, payload: &str) -> Message {
        self.with_payload("next", payload)
    }

    /// `error`.
    pub fn error(&self, errors: &[ServerError]) -> Message {
        // Errors are plain data; they always have JSON.
        self.with_payload("error", &serde_json::to_string(errors).unwrap_or_else(|_| "[]".to_owned()))
    }

    /// `complete`.
    fn complete(&self) -> Message {
        Message::text([&self.head, r#""complete"}"#].concat())
    }

    fn with_payload(&self, ty: &str, payload: &str) -> Message {
        Message::text([&self.head, "\"", ty, r#"","payload":"#, payload, "}"].concat())
    }
}
