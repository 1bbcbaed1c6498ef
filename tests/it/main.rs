//! The gateway, from outside: real sockets against the running server.

mod access;
mod authz;
mod incidents;
mod mutations;
mod subscriptions;
