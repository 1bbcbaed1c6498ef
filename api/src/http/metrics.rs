//! The gateway's own numbers, for Prometheus: on an address of their own, aggregated only, no label that could name a
//! person.

use std::{sync::OnceLock, time::Duration};

use axum::{Router, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::kernel::{Kernel, queue::TASK_SECONDS};

/// The text format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How often what was measured since is summed up.
const UPKEEP: Duration = Duration::from_secs(5);
const REQUESTS: &str = "opsgate_requests_total";
const STATEMENTS: &str = "opsgate_sql_statements_total";
const POSITION: &str = "opsgate_log_position";
const SOCKETS: &str = "opsgate_websockets";
const STREAMS: &str = "opsgate_event_streams";

/// What renders the numbers. The recorder is the process's; it is installed when the first gateway starts.
fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| match PrometheusBuilder::new().install_recorder() {
        Ok(handle) => {
            describe_counter!(REQUESTS, "GraphQL requests over HTTP, by the status of the answer.");
            describe_counter!(STATEMENTS, "SQL statements sent.");
            describe_gauge!(POSITION, "The last position of the event log that this process has published.");
            describe_gauge!(SOCKETS, "Open WebSockets.");
            describe_gauge!(STREAMS, "Open event streams.");
            describe_histogram!(TASK_SECONDS, "Attempts of background tasks, by kind and how they ended.");
            Some(handle)
        }
        Err(error) => {
            tracing::error!(%error, "metrics can't be recorded");
            None
        }
    });
    handle.as_ref()
}

/// Counts an answer.
pub(super) fn answered(status: u16) {
    counter!(REQUESTS, "status" => status.to_string()).increment(1);
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub(super) struct Open(&'static str);

impl Open {
    /// A WebSocket.
    pub(super) fn socket() -> Self {
        Self::new(SOCKETS)
    }

    /// An event stream.
    pub(super) fn stream() -> Self {
        Self::new(STREAMS)
    }

    fn new(gauge: &'static str) -> Self {
        gauge!(gauge).increment(1);
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1);
    }
}

/// Sums up for good: else every single measurement would be kept until somebody asks.
pub async fn keep_up() {
    let Some(handle) = recorder() else { return };
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

/// `GET /metrics`, and nothing else.
pub fn router(kernel: Kernel) -> Router {
    recorder();
    Router::new().route("/metrics", get(render)).with_state(kernel)
}

async fn render(State(kernel): State<Kernel>) -> impl IntoResponse {
    counter!(STATEMENTS).absolute(kernel.db().statements());
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    gauge!(POSITION).set(kernel.hub().position() as f64);
    ([(CONTENT_TYPE, EXPOSITION)], recorder().map(PrometheusHandle::render).unwrap_or_default())
}
