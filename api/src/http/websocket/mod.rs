//! GraphQL over WebSocket: the protocol `graphql-transport-ws`, as its [specification] has it.
//!
//! A *connection* is one socket and one caller ([`connection`]). It carries *operations*, each under an id of the
//! client's ([`operations`]): queries and mutations with one answer, subscriptions with any number. What is said on the
//! wire is in [`protocol`].
//!
//! Nothing is queued for a slow client. Operations are asked for their next message only when the socket has taken the
//! last ones, and subscriptions then go on from where they are in the log.
//!
//! The close codes, and what the official client makes of them:
//!
//! | code | reason | the client |
//! | --- | --- | --- |
//! | 1012 | `restarting`: the process stops; resume elsewhere with the last cursor | comes back |
//! | 1013 | rights can't be read now | comes back |
//! | 4400 | not a message of the protocol; the reason says what is wrong with it | gives up |
//! | 4401 | `revoked`, or a `subscribe` before the acknowledgement | gives up |
//! | 4403 | the credential isn't valid, or `expired` | comes back, with a fresh credential if it has one |
//! | 4406 | another subprotocol | gives up |
//! | 4408 | no `connection_init` in time, or no sign of life for two ping intervals | comes back |
//! | 4409 | the id of an operation that still runs | gives up |
//! | 4429 | a second `connection_init` | gives up |
//!
//! [specification]: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

mod connection;
mod operations;
mod protocol;
mod writer;

#[cfg(test)]
mod tests;

use std::time::Duration;

use async_graphql::Response;
use axum::{extract::ws::WebSocketUpgrade, response::Response as HttpResponse};

use crate::{
    config::Config,
    kernel::{Kernel, actor::Caller, error::Result, request::Origin, stream::Streams},
};

/// The subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// What is read from a socket at once. Most messages of a client are smaller; the library's default of 128 KiB is what
/// ten thousand idle connections would hold.
const READ_BUFFER: usize = 4 * 1024;
/// What is gathered before it goes to the socket.
const WRITE_BUFFER: usize = 4 * 1024;

/// What a connection needs of the gateway.
pub trait Gateway: Clone + Send + Sync + 'static {
    /// The kernel.
    fn kernel(&self) -> &Kernel;

    /// The subscriptions of the process.
    fn streams(&self) -> &Streams;

    /// The bounds of a connection.
    fn limits(&self) -> Limits;

    /// Who shows `authorization`, the value of an `Authorization` header; nobody where there is none.
    ///
    /// # Errors
    /// UNAUTHENTICATED where it isn't valid, UNAVAILABLE where that can't be known now.
    fn authenticate(&self, authorization: Option<&str>) -> Result<Caller>;

    /// Executes a query or mutation; the errors of the response are complete.
    fn execute(
        &self,
        caller: Caller,
        origin: Origin,
        request: async_graphql::Request,
    ) -> impl Future<Output = Response> + Send;
}

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest wait for `connection_init`.
    pub init_timeout: Duration,
    /// The time between two pings; twice that is how long a client may be silent.
    pub ping_interval: Duration,
    /// Operations at the same time.
    pub max_operations: usize,
    /// The longest message of a client, in bytes.
    pub max_message_bytes: usize,
}

impl Limits {
    /// Those of the settings.
    pub fn of(config: &Config) -> Self {
        Self {
            init_timeout: config.websocket_init_timeout,
            ping_interval: config.websocket_ping_interval,
            max_operations: config.websocket_max_subscriptions,
            max_message_bytes: config.body_limit_bytes,
        }
    }
}

/// Answers the request to open a WebSocket, and serves it. `authorization` is the header of that request, which counts
/// where `connection_init` brings none of its own.
pub fn upgrade<G: Gateway>(
    gateway: G,
    origin: Origin,
    authorization: Option<String>,
    upgrade: WebSocketUpgrade,
) -> HttpResponse {
    let limits = gateway.limits();
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(limits.max_message_bytes)
        .max_frame_size(limits.max_message_bytes)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a WebSocket didn't come about"))
        .on_upgrade(move |socket| connection::serve(gateway, limits, origin, authorization, socket))
}
