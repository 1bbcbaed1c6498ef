//! The gateway, from outside: real sockets against the running server.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod access;
mod architecture;
mod audit;
mod authz;
mod changes;
mod cli;
mod crash;
mod demo;
mod directory;
mod events;
mod faults;
mod fuzz;
mod graphiql;
mod http;
mod incidents;
mod keys;
mod limits;
mod monitoring;
mod mutations;
mod observability;
mod order;
mod platform;
mod resume;
mod schema;
mod subscriptions;
mod walk;

/// The command `opsgate`, for tests that need it in a process of its own.
const OPSGATE: &str = env!("CARGO_BIN_EXE_gateway-under-test");
