//! GraphQL over WebSocket: the protocol `graphql-transport-ws`, as its [specification] has it.
//!
//! A *connection* is one socket and one caller ([`connection`]). It carries *operations*, each under an id of the
//! client's ([`operations`](super::operations)): queries and mutations with one answer, subscriptions with any number.
//! What is said on the wire is in [`protocol`].
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
mod protocol;
mod writer;

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::{extract::ws::WebSocketUpgrade, response::Response as HttpResponse};

use super::gateway::Gateway;
use crate::{config::Config, kernel::request::Origin};

/// The subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// What is read from a socket at once. Most messages of a client are smaller; the library's default of 128 KiB is what
/// ten thousand idle connections would hold.
const READ_BUFFER: usize = 4 * 1024;
/// What is gathered before it goes to the socket.
const WRITE_BUFFER: usize = 4 * 1024;

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
            max_operations: config.max_subscriptions_per_connection,
            max_message_bytes: config.body_limit_bytes,
        }
    }
}

/// Answers the request to open a WebSocket, and serves it. `authorization` is the header of that request, which counts
/// where `connection_init` brings none of its own. `known` is called once it is known who that is; `open` is dropped when the
/// socket is closed.
pub fn upgrade<G: Gateway>(
    gateway: G,
    limits: Limits,
    origin: Origin,
    authorization: Option<String>,
    upgrade: WebSocketUpgrade,
    known: impl FnOnce() + Send + 'static,
    open: impl Send + 'static,
) -> HttpResponse {
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(limits.max_message_bytes)
        .max_frame_size(limits.max_message_bytes)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a WebSocket didn't come about"))
        .on_upgrade(move |socket| async move {
            let _open = open;
            connection::serve(gateway, limits, origin, authorization, known, socket).await;
        })
}
