//! The face: GraphQL over HTTP, WebSocket and server-sent events, GraphiQL, and health.
//!
//! What becomes of a request is told in [`pipeline`]; what runs on a connection that stays open, in [`operations`].

mod auth;
mod compression;
mod cors;
mod exchange;
mod gateway;
mod graphiql;
mod graphql;
mod health;
mod judge;
mod limits;
pub mod metrics;
mod observed;
mod operations;
mod pipeline;
mod server;
mod sse;
mod websocket;

use std::sync::Arc;

use async_graphql::Response;
use axum::{Router, routing::get};
use tokio::sync::Semaphore;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};
use tracing::Instrument;

use self::{
    gateway::Gateway,
    limits::Limits,
    pipeline::{Bounds, Operation, Persisted, Pipeline, Refusal, Types},
    sse::Reservations,
};
use crate::{
    config::Config,
    kernel::{
        Kernel,
        actor::Caller,
        error::Result,
        request::Origin,
        stream::Streams,
        throttle::{Allowance, Throttle},
        trace,
    },
    schema::{Mutation, Query, Schema, Subscription},
};

pub use auth::{Authenticator, Jwks, JwksError};
pub use judge::Judge;
pub use server::{Server, Tls, TlsError};

/// What the handlers share.
#[derive(Clone)]
pub struct Face(Arc<Parts>);

struct Parts {
    kernel: Kernel,
    schema: Schema,
    streams: Streams,
    pipeline: Pipeline,
    reservations: Reservations,
    connections: TaskTracker,
    /// Of the bodies that are being read.
    room: Arc<Semaphore>,
    authenticator: Authenticator,
    config: Config,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Face")
    }
}

impl Face {
    /// The face of `kernel` that answers by `schema`.
    pub fn new(kernel: Kernel, schema: Schema, authenticator: Authenticator, config: Config) -> Self {
        let throttle = Throttle::new(kernel.clock().clone(), Allowance::of(&config));
        let streams = Streams::new(kernel.clone(), schema.clone(), throttle.clone());
        let types = Types::of::<Query, Mutation, Subscription>();
        let limits = Limits::new(&config, types.registry(), throttle);
        let pipeline = Pipeline::new(types, limits, Persisted::of(&config));
        Self(Arc::new(Parts {
            kernel,
            schema,
            streams,
            pipeline,
            reservations: Reservations::default(),
            connections: TaskTracker::new(),
            room: Arc::new(Semaphore::new(config.bodies_limit_bytes)),
            authenticator,
            config,
        }))
    }

    /// Waits until every WebSocket and event stream has ended; each does when the kernel shuts down.
    pub async fn closed(&self) {
        self.0.connections.close();
        self.0.connections.wait().await;
    }

    /// What verifies credentials.
    pub fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Every route.
    pub fn router(self) -> Router {
        let answers = get(graphql::get).post(graphql::post).fallback(graphql::refuse);
        let streams =
            get(sse::get).post(sse::post).put(sse::put).delete(sse::delete).fallback(graphql::refuse);
        let mut router = Router::new()
            .route("/graphql", answers.layer(compression::layer()))
            .route("/graphql/stream", streams);
        if let Some(origins) = &self.config().cors_origins {
            router = router.layer(cors::layer(origins));
        }
        router
            .route("/graphql/assets/{version}/{name}", get(graphiql::asset))
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .fallback(graphiql::elsewhere)
            .with_state(self)
    }
}

impl Face {
    fn reservations(&self) -> &Reservations {
        &self.0.reservations
    }

    fn body_bounds(&self) -> Bounds {
        let config = self.config();
        Bounds { bytes: config.body_limit_bytes, time: config.body_timeout, room: self.0.room.clone() }
    }
}

impl Gateway for Face {
    fn kernel(&self) -> &Kernel {
        &self.0.kernel
    }

    fn streams(&self) -> &Streams {
        &self.0.streams
    }

    fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    async fn authenticate(&self, authorization: Option<&str>, origin: &Origin) -> Result<Caller> {
        self.authenticator().authenticate(self.kernel(), authorization, origin).await
    }

    async fn execute(
        &self,
        caller: Caller,
        origin: Origin,
        operation: Operation,
    ) -> Result<Response, Refusal> {
        let Parts { kernel, schema, pipeline, config, .. } = &*self.0;
        let limit = config.request_timeout;
        pipeline::execute(pipeline, kernel, schema.clone(), limit, caller, origin, operation)
            .instrument(trace::step("execute"))
            .await
    }
}

/// A connection that stays open, counted until this is dropped.
#[derive(Debug)]
struct Open(#[expect(dead_code, reason = "held, not read")] (TaskTrackerToken, metrics::Open));

impl Open {
    /// A WebSocket.
    fn socket(face: &Face) -> Self {
        Self((face.0.connections.token(), metrics::Open::socket()))
    }

    /// An event stream.
    fn stream(face: &Face) -> Self {
        Self((face.0.connections.token(), metrics::Open::stream()))
    }
}
