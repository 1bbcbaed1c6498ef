//! What the tests stand on: a real gateway on real sockets, with a database and a clock of its own.
//!
//! [`TestGateway::start`] opens one on SQLite, or on PostgreSQL where `OPSGATE_TEST_POSTGRES_URL` is set. A
//! [`Client`] speaks GraphQL over HTTP and WebSocket as one caller. Time stands still until
//! [`TestGateway::advance`] moves it, and [`TestGateway::run_until_idle`] waits until everything that is due is done.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod authenticator;
mod certificate;
mod client;
mod collector;
mod crowd;
mod database;
mod event_stream;
mod gateway;
mod hold;
mod http2;
mod issuer;
mod jwt;
mod ledger;
mod log;
mod mailbox;
mod patience;
mod plans;
mod process;
mod proxy;
mod record;
mod rows;
mod sign_in;
mod socket;
mod source;
mod subscriber;
mod target;
mod wire;

pub use authenticator::Authenticator;
pub use certificate::Certificate;
pub use client::{Answer, Client};
pub use collector::{Collector, Span};
pub use crowd::Crowd;
pub use database::Database;
pub use event_stream::{EventStream, Frame};
pub use gateway::{START, TestGateway};
pub use hold::Hold;
pub use http2::{Http2, read as read_http2};
pub use issuer::{Issuer, key_set};
pub use jwt::{base64url, sign};
pub use ledger::{Heard, Ledger};
pub use log::Log;
pub use patience::{patiently, until};
pub use process::{Finished, Process, Program};
pub use proxy::{Mode, Proxy, Trap};
pub use record::Fact;
pub use sign_in::Person;
pub use socket::{Frame as SocketFrame, Message, Socket};
pub use source::{Source, rust_files, workspace};
pub use subscriber::Subscriber;
pub use target::{Answers, Target};
pub use wire::{Reply, Wire};

pub use mailbox::Mailbox;
