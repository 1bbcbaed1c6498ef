//! Queries and mutations, executed.
//!
//! A mutation runs in a task of its own, so that a client's disconnect can't cut it in half. A document that selects
//! `eventCursor` reads one snapshot, a dry run one transaction that is rolled back.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{Executor, Response, parser::types::OperationType};
use axum::http::StatusCode;
use futures_util::FutureExt;
use tracing::Instrument;

use super::{Operation, Pipeline, Refusal, answer::complete};
use crate::kernel::{
    Kernel,
    actor::Caller,
    error::Error,
    request::{Origin, Request},
    turn::in_turns,
    tx::MAX_OPEN,
};

/// Executes a query or mutation for `caller`, within `limit`. The errors of the response are complete.
///
/// # Errors
/// GRAPHQL_VALIDATION_FAILED where the document isn't valid; UNAVAILABLE where it takes too long, or the database can't.
pub async fn execute(
    pipeline: &Pipeline,
    kernel: &Kernel,
    schema: impl Executor,
    limit: Duration,
    caller: Caller,
    origin: Origin,
    operation: Operation,
) -> Result<Response, Refusal> {
    let Operation { ty, reads_cursor, options, request, admission, .. } = operation;
    if ty == OperationType::Subscription {
        let message = "subscriptions are served over WebSocket (graphql-transport-ws) at this path, and as \
                       server-sent events below it";
        return Err(Refusal::http(StatusCode::BAD_REQUEST, message));
    }
    let is_mutation = ty == OperationType::Mutation;
    let is_dry_run = options.is_dry_run && is_mutation;
    let context = if is_dry_run {
        Request::dry_run(kernel, caller, origin.clone(), options).await?
    } else if reads_cursor {
        Request::in_snapshot(kernel, caller, origin.clone(), options).await?
    } else {
        Request::new(kernel, caller, origin.clone(), options)
    };
    let request = request.data(Arc::new(context));
    // A resolver's panic is a fault of ours like another: it costs this answer, not the connection.
    let running = in_turns(async move { AssertUnwindSafe(schema.execute(request)).catch_unwind().await });
    let panicked = |_| Error::internal("a resolver panicked");
    let response = if is_mutation && !is_dry_run {
        // No limit: what was begun in the client's name is finished and answered.
        let ended = |error| Error::internal(format!("a mutation ended: {error}"));
        tokio::spawn(running.in_current_span()).await.map_err(ended)?.map_err(panicked)?
    } else {
        let limit = if is_dry_run { MAX_OPEN } else { limit };
        let too_long = |_| Error::unavailable("the request took too long");
        tokio::time::timeout(limit, running).await.map_err(too_long)?.map_err(panicked)?
    };
    let mut response = pipeline.validated(response)?;
    admission.settle(&mut response);
    complete(&mut response.errors, &origin);
    Ok(response)
}
