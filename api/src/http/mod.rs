//! The face: GraphQL over HTTP and WebSocket, GraphiQL, and health.

mod auth;
mod exchange;
mod gateway;
mod graphiql;
mod graphql;
mod health;
pub mod metrics;
mod operations;
mod pipeline;
mod websocket;

use std::{net::SocketAddr, sync::Arc};

use async_graphql::Response;
use axum::{Router, routing::get};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

use self::pipeline::{Bounds, Operation, Pipeline, Refusal, Types};
use crate::{
    config::Config,
    kernel::{Kernel, actor::Caller, error::Result, request::Origin, stream::Streams},
    schema::{Mutation, Query, Schema, Subscription},
};

pub use auth::Authenticator;

/// What the handlers share.
#[derive(Clone)]
pub struct Face(Arc<Parts>);

struct Parts {
    kernel: Kernel,
    schema: Schema,
    streams: Streams,
    pipeline: Pipeline,
    sockets: TaskTracker,
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
        let streams = Streams::new(kernel.clone(), schema.clone());
        let pipeline = Pipeline::new(Types::of::<Query, Mutation, Subscription>());
        let sockets = TaskTracker::new();
        Self(Arc::new(Parts { kernel, schema, streams, pipeline, sockets, authenticator, config }))
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.0.kernel
    }

    /// Waits until every WebSocket has ended; each does when the kernel shuts down.
    pub async fn closed(&self) {
        self.0.sockets.close();
        self.0.sockets.wait().await;
    }

    /// What verifies credentials.
    pub fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Every route. Serve it with the peers' addresses.
    pub fn router(self) -> axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
        Router::new()
            .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::refuse))
            .route("/graphql/assets/{version}/{name}", get(graphiql::asset))
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .with_state(self)
            .into_make_service_with_connect_info()
    }
}

impl Face {
    fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    fn body_bounds(&self) -> Bounds {
        let config = self.config();
        Bounds { bytes: config.body_limit_bytes, time: config.body_timeout }
    }

    /// Executes a query or mutation.
    ///
    /// # Errors
    /// Where nothing was executed.
    async fn execute(
        &self,
        caller: Caller,
        origin: Origin,
        operation: Operation,
    ) -> Result<Response, Refusal> {
        let Parts { kernel, schema, pipeline, config, .. } = &*self.0;
        let limit = config.request_timeout;
        pipeline::execute(pipeline, kernel, schema.clone(), limit, caller, origin, operation).await
    }
}

/// One WebSocket of the face, counted as long as it is open.
#[derive(Clone)]
struct Socket {
    face: Face,
    _open: Arc<(TaskTrackerToken, metrics::OpenSocket)>,
}

impl Socket {
    fn of(face: Face) -> Self {
        Self { _open: Arc::new((face.0.sockets.token(), metrics::OpenSocket::new())), face }
    }
}

impl gateway::Gateway for Socket {
    fn kernel(&self) -> &Kernel {
        self.face.kernel()
    }

    fn streams(&self) -> &Streams {
        &self.face.0.streams
    }

    fn pipeline(&self) -> &Pipeline {
        self.face.pipeline()
    }

    fn authenticate(&self, authorization: Option<&str>) -> Result<Caller> {
        self.face.authenticator().authenticate(self.kernel(), authorization)
    }

    async fn execute(
        &self,
        caller: Caller,
        origin: Origin,
        operation: Operation,
    ) -> Result<Response, Refusal> {
        self.face.execute(caller, origin, operation).await
    }
}
