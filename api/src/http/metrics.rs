//! The gateway's own numbers, for Prometheus: on an address of their own, aggregated only, no label that could name a
//! person. Which there are stands in [`kernel::metrics`](crate::kernel::metrics).

use std::{sync::OnceLock, time::Duration};

use axum::{Router, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::timeout;

use crate::kernel::{
    Kernel,
    error::Error,
    metrics::{self as own, Kind},
    status::{ReactorStanding, Status},
};

/// The text format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How often what was measured since is summed up.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long the database has to say how things stand.
const PATIENCE: Duration = Duration::from_secs(2);

/// What renders the numbers. The recorder is the process's; it is installed when the first gateway starts.
fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(&own::BOUNDS);
        match builder.and_then(PrometheusBuilder::install_recorder) {
            Ok(handle) => {
                for metric in own::ALL {
                    match metric.kind {
                        Kind::Counter => describe_counter!(metric.name, metric.help),
                        Kind::Gauge => describe_gauge!(metric.name, metric.help),
                        Kind::Histogram => describe_histogram!(metric.name, metric.help),
                    }
                }
                Some(handle)
            }
            Err(error) => {
                tracing::error!(%error, "metrics can't be recorded");
                None
            }
        }
    });
    handle.as_ref()
}

/// Counts an answer.
pub(super) fn answered(status: u16) {
    counter!(own::RESPONSES, "status" => status.to_string()).increment(1);
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub(super) struct Open(&'static str);

impl Open {
    /// A connection of whatever kind.
    pub(super) fn connection() -> Self {
        Self::new(own::HTTP_CONNECTIONS)
    }

    /// A WebSocket.
    pub(super) fn socket() -> Self {
        Self::new(own::SOCKETS)
    }

    /// An event stream.
    pub(super) fn stream() -> Self {
        Self::new(own::STREAMS)
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
    look_at(&kernel);
    ask(&kernel).await;
    ([(CONTENT_TYPE, EXPOSITION)], recorder().map(PrometheusHandle::render).unwrap_or_default())
}

/// What the process knows itself.
fn look_at(kernel: &Kernel) {
    gauge!(own::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1);
    counter!(own::STATEMENTS).absolute(kernel.db().statements());
    gauge!(own::SUBSCRIPTIONS).set(kernel.subscriptions() as f64);
    gauge!(own::RIGHTS_AGE).set(kernel.rights().age().as_secs_f64());
    // Named though there are none yet: 0 isn't the same as nobody having counted.
    for gauge in [own::IN_FLIGHT, own::SOCKETS, own::STREAMS] {
        gauge!(gauge).increment(0);
    }
    for pool in kernel.db().pools() {
        gauge!(own::CONNECTIONS_MAX, "pool" => pool.name).set(pool.max as f64);
        gauge!(own::CONNECTIONS, "pool" => pool.name, "state" => "idle").set(pool.idle as f64);
        gauge!(own::CONNECTIONS, "pool" => pool.name, "state" => "busy").set(pool.busy as f64);
    }
}

/// What the database says. Where it says nothing, these are no numbers.
async fn ask(kernel: &Kernel) {
    let said = match timeout(PATIENCE, Status::read(kernel)).await {
        Ok(said) => said,
        Err(_) => Err(Error::unavailable("the database says nothing")),
    };
    gauge!(own::DATABASE_UP).set(f64::from(u8::from(said.is_ok())));
    let status = match said {
        Ok(status) => Some(status),
        Err(error) => {
            tracing::warn!(%error, "how things stand can't be read");
            None
        }
    };
    let of = |number: fn(&Status) -> f64| status.as_ref().map_or(f64::NAN, number);
    gauge!(own::TASKS, "state" => "due").set(of(|status| status.due as f64));
    gauge!(own::TASKS, "state" => "running").set(of(|status| status.running as f64));
    gauge!(own::TASK_AGE).set(of(|status| status.due_for.as_secs_f64()));
    gauge!(own::UNSEQUENCED).set(of(|status| status.unsequenced as f64));
    gauge!(own::SEQUENCER_LAG).set(of(|status| status.unsequenced_for.as_secs_f64()));
    let position = kernel.hub().position();
    gauge!(own::POSITION).set(position as f64);
    let head = status.as_ref().map(|status| status.head);
    gauge!(own::LOG_BEHIND).set(head.map_or(f64::NAN, |head| (head - position).max(0) as f64));
    for name in kernel.reactors() {
        let reactors = status.iter().flat_map(|status| &status.reactors);
        let reactor = reactors.into_iter().find(|reactor| reactor.name == name);
        let of =
            |number: fn(&ReactorStanding) -> i64| reactor.map_or(f64::NAN, |reactor| number(reactor) as f64);
        gauge!(own::REACTOR_BEHIND, "reactor" => name).set(of(|reactor| reactor.behind));
        gauge!(own::REACTOR_PARKED, "reactor" => name).set(of(|reactor| reactor.parked));
    }
}
