//! Spans: what a request was busy with, and for how long.
//!
//! A span is one of [`TARGET`]; those are exported where the setting `otlp_endpoint` says so, and cost next to nothing
//! where it doesn't. They carry names, codes and the text of statements; of what somebody sent, only the ids of their
//! request and trace.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, KeyValue, global,
    trace::{
        Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
        Tracer,
    },
};
use sea_orm::DbBackend;
use tracing::{Level, Span, debug_span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::TraceContext;
use crate::kernel::{clock::Clock, event::LogEvent, request::Origin};

/// The target of every span.
pub const TARGET: &str = "opsgate::span";
/// The target of the log's lines about statements.
const STATEMENTS: &str = "opsgate::sql";
/// How much of a statement's text is told.
const MAX_STATEMENT: usize = 2_000;

/// The span of a request, in the trace of whoever sent it.
pub fn request(origin: &Origin) -> Span {
    let span = debug_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.kind = "server",
        opsgate.request_id = origin.request_id,
        "error.type" = Empty,
        otel.status_code = Empty,
    );
    let trace = origin.trace.as_ref().filter(|_| !span.is_disabled());
    if let Some(parent) = trace.and_then(TraceContext::to_remote) {
        // It fails where spans aren't exported: then nobody asks for their parents.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    span
}

/// The span of a step of what goes on here; none where that isn't exported.
pub fn step(name: &'static str) -> Span {
    if is_sampled() { debug_span!(target: TARGET, "step", otel.name = name) } else { Span::none() }
}

/// The span of an attempt at a task.
pub fn task(kind: &str) -> Span {
    debug_span!(target: TARGET, parent: None, "task", otel.kind = "consumer", opsgate.task.kind = kind)
}

/// The span of a reaction to an event.
pub fn reaction(reactor: &'static str, event: &LogEvent) -> Span {
    debug_span!(
        target: TARGET,
        parent: None,
        "reaction",
        otel.kind = "consumer",
        opsgate.reactor = reactor,
        opsgate.event_type = event.row.event_type,
        opsgate.correlation_id = event.row.correlation_id,
    )
}

/// Calls a span by another name, once that is known.
pub fn rename(span: &Span, name: &'static str) {
    if !span.is_disabled() {
        span.context().span().update_name(name);
    }
}

/// Whether anybody is told of statements.
pub fn tells_statements() -> bool {
    tracing::enabled!(target: STATEMENTS, Level::TRACE) || is_sampled()
}

/// Whether what goes on here is exported.
fn is_sampled() -> bool {
    Context::map_current(|here| here.span().span_context().is_sampled())
}

/// Notes a statement that has just been executed, as part of what goes on here. Its text alone: the values may be
/// personal.
pub fn statement(backend: DbBackend, sql: &str, took: Duration, has_failed: bool) {
    tracing::trace!(target: STATEMENTS, sql, ?took, has_failed, "statement");
    if !is_sampled() {
        return;
    }
    let system = if backend == DbBackend::Postgres { "postgresql" } else { "sqlite" };
    let end = Clock::system().now();
    let begin = SystemTime::from(end) - took;
    let tracer = global::tracer("opsgate");
    let name = sql.split_whitespace().next().unwrap_or("statement").to_owned();
    let text = sql[..sql.floor_char_boundary(MAX_STATEMENT)].to_owned();
    let mut span = tracer
        .span_builder(name)
        .with_kind(SpanKind::Client)
        .with_start_time(begin)
        .with_attributes([KeyValue::new("db.system.name", system), KeyValue::new("db.query.text", text)])
        .start(&tracer);
    if has_failed {
        span.set_status(Status::error(""));
    }
    span.end_with_timestamp(end.into());
}

/// The trace that goes on here, for whomever is asked next.
pub fn outgoing() -> Option<TraceContext> {
    TraceContext::of(Context::current().span().span_context())
}

impl TraceContext {
    /// The same, as the parent of a span.
    fn to_remote(&self) -> Option<SpanContext> {
        let flags = if self.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let state = self.state().and_then(|state| TraceState::from_str(state).ok());
        Some(SpanContext::new(
            TraceId::from_hex(self.trace_id()).ok()?,
            SpanId::from_hex(self.parent_id()).ok()?,
            flags,
            true,
            state.unwrap_or_default(),
        ))
    }

    /// That of a span; none where it is none.
    fn of(span: &SpanContext) -> Option<Self> {
        if !span.is_valid() {
            return None;
        }
        let parent = format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags());
        let state = span.trace_state().header();
        Self::parse(&parent, Some(state.as_str()))
    }
}
