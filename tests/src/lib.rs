//! What the tests stand on: a real gateway on real sockets, with a database and a clock of its own.
//!
//! [`TestGateway::start`] opens one on SQLite, or on PostgreSQL where `OPSGATE_TEST_POSTGRES_URL` is set. A
//! [`Client`] speaks GraphQL over HTTP and WebSocket as one caller. Time stands still until
//! [`TestGateway::advance`] moves it, and [`TestGateway::run_until_idle`] waits until everything that is due is done.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod client;
mod database;
mod gateway;
mod hold;
mod jwt;
mod patience;
mod record;
mod rows;
mod socket;

pub use client::{Answer, Client};
pub use database::Database;
pub use gateway::{START, TestGateway};
pub use hold::Hold;
pub use jwt::sign;
pub use patience::until;
pub use record::Fact;
pub use socket::{Message, Socket};
