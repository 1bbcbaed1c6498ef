//! The gateway, from outside: real sockets against the running server.

mod incidents;
mod subscriptions;
