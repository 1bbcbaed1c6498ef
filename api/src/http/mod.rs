//! The face: GraphQL over HTTP and WebSocket, and health.

mod auth;
mod graphql;
mod health;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, routing::get};

use crate::{config::Config, kernel::Kernel, schema::Schema};

pub use auth::Authenticator;

/// What the handlers share.
#[derive(Clone)]
pub struct Face(Arc<Parts>);

struct Parts {
    kernel: Kernel,
    schema: Schema,
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
        Self(Arc::new(Parts { kernel, schema, authenticator, config }))
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.0.kernel
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
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
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .layer(DefaultBodyLimit::max(body_limit))
            .with_state(self)
            .into_make_service_with_connect_info()
    }
}
