//! The face: GraphQL over HTTP and WebSocket, GraphiQL, and health.

mod auth;
mod graphiql;
mod graphql;
mod health;
pub mod metrics;
mod websocket;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, routing::get};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

use crate::{
    config::Config,
    kernel::{
        Kernel,
        actor::Caller,
        error::Result,
        request::{Options, Origin},
        stream::Streams,
    },
    schema::Schema,
};

pub use auth::Authenticator;

/// What the handlers share.
#[derive(Clone)]
pub struct Face(Arc<Parts>);

struct Parts {
    kernel: Kernel,
    schema: Schema,
    streams: Streams,
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
        let sockets = TaskTracker::new();
        Self(Arc::new(Parts { kernel, schema, streams, sockets, authenticator, config }))
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.0.kernel
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
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
        let body_limit = self.config().body_limit_bytes;
        Router::new()
            .route("/graphql", get(graphql::get).post(graphql::post))
            .route("/graphql/assets/{name}", get(graphiql::asset))
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .layer(DefaultBodyLimit::max(body_limit))
            .with_state(self)
            .into_make_service_with_connect_info()
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

impl websocket::Gateway for Socket {
    fn kernel(&self) -> &Kernel {
        self.face.kernel()
    }

    fn streams(&self) -> &Streams {
        &self.face.0.streams
    }

    fn limits(&self) -> websocket::Limits {
        websocket::Limits::of(self.face.config())
    }

    fn authenticate(&self, authorization: Option<&str>) -> Result<Caller> {
        self.face.authenticator().authenticate(self.kernel(), authorization)
    }

    async fn execute(
        &self,
        caller: Caller,
        origin: Origin,
        request: async_graphql::Request,
    ) -> async_graphql::Response {
        let options = Options::of(&request);
        graphql::execute(&self.face, caller, origin, options, request).await.1
    }
}
