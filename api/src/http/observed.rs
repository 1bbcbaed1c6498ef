//! A request, as it is seen from outside: a span in its caller's trace, how long it took, and how it ended.

use std::time::Instant;

use async_graphql::{Response, ServerError, Value, parser::types::OperationType};
use metrics::{counter, gauge, histogram};
use tracing::Span;

use super::pipeline::{Refusal, network};
use crate::kernel::{
    error::Error,
    metrics::{ERRORS, IN_FLIGHT, REFUSED, REQUEST_SECONDS},
    request::Origin,
    trace,
};

/// The codes of errors. Whatever else a library may come up with counts as `OTHER`: a label has few values.
const CODES: [&str; 16] = [
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "OPERATION_RESOLUTION_FAILURE",
    "PERSISTED_QUERY_NOT_FOUND",
    "PERSISTED_QUERY_NOT_SUPPORTED",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "STEP_UP_REQUIRED",
    "THROTTLED",
    "MAX_COST_EXCEEDED",
    "NOT_FOUND",
    "CONFLICT",
    "CURSOR_EXPIRED",
    "UNAVAILABLE",
    "INTERNAL_SERVER_ERROR",
];

/// One request; in flight until this is dropped.
#[derive(Debug)]
pub(super) struct Observed {
    began: Instant,
    span: Span,
    ty: Option<OperationType>,
    /// It has been told how it ended, or there is nothing to tell.
    is_told: bool,
}

impl Observed {
    /// A request begins. It has no span yet.
    pub fn begin() -> Self {
        gauge!(IN_FLIGHT).increment(1);
        Self { began: Instant::now(), span: Span::none(), ty: None, is_told: false }
    }

    /// It has said which trace it is part of: its span, from here on.
    pub fn trace(&mut self, origin: &Origin) -> Span {
        self.span = trace::request(origin);
        self.span.clone()
    }

    /// Its span.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// What it asks for is known.
    pub fn is(&mut self, ty: OperationType) {
        self.ty = Some(ty);
        trace::rename(&self.span, operation(Some(ty)));
    }

    /// It has become a stream or a socket, which is told of elsewhere, or none of the two though it wanted to.
    pub fn leave_untold(&mut self) {
        self.is_told = true;
    }

    /// It ended.
    pub fn ended(&mut self, outcome: Result<&Response, &Refusal>) {
        let (outcome, errors) = match outcome {
            Ok(response) if response.errors.is_empty() => ("ok", &response.errors),
            Ok(response) => ("errors", &response.errors),
            Err(refusal) => ("refused", &refusal.errors),
        };
        // It ends where it is left for the last time.
        let _here = self.span.clone().entered();
        match outcome {
            "refused" => refused(errors),
            _ => errors.iter().for_each(|error| counter!(ERRORS, "code" => code(error)).increment(1)),
        }
        if let Some(error) = errors.first() {
            self.span.record("error.type", code(error));
            self.span.record("otel.status_code", "ERROR");
        }
        self.told(outcome);
    }

    fn told(&mut self, outcome: &'static str) {
        self.is_told = true;
        histogram!(REQUEST_SECONDS, "operation" => operation(self.ty), "outcome" => outcome)
            .record(self.began.elapsed().as_secs_f64());
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
        if !self.is_told {
            // Whoever asked didn't wait for the answer.
            self.told("abandoned");
        }
    }
}

/// Notes that who opens a socket isn't let in.
pub(super) fn turned_away(origin: &Origin, error: &Error) {
    counter!(REFUSED, "code" => error.code()).increment(1);
    tell_credential(origin, error);
}

/// Tells that a credential was refused, if it was. Who isn't known can't fill the record by knocking: it is a line by the
/// network.
pub(super) fn tell_credential(origin: &Origin, error: &Error) {
    if let Error::Unauthenticated(why) = error {
        let (request_id, network) = (&origin.request_id, origin.ip_address.map(network));
        tracing::info!(request_id, network, why, "a credential was refused");
    }
}

/// Counts a request, or a subscription, that isn't executed or can't go on.
pub(super) fn refused(errors: &[ServerError]) {
    counter!(REFUSED, "code" => errors.first().map_or("OTHER", code)).increment(1);
}

fn operation(ty: Option<OperationType>) -> &'static str {
    match ty {
        Some(OperationType::Query) => "query",
        Some(OperationType::Mutation) => "mutation",
        Some(OperationType::Subscription) => "subscription",
        None => "unknown",
    }
}

fn code(error: &ServerError) -> &'static str {
    // One of ours that hasn't got its extensions yet.
    if let Some(own) = error.source::<Error>() {
        return own.code();
    }
    let code = match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(Value::String(code)) => code,
        _ => return "OTHER",
    };
    CODES.into_iter().find(|known| known == code).unwrap_or("OTHER")
}
