//! Traces: which of them a request is part of ([`TraceContext`]), and what it was busy with (`span.rs`).

mod context;
mod span;

pub use context::TraceContext;
pub use span::{TARGET, outgoing, reaction, rename, request, statement, step, task, tells_statements};
