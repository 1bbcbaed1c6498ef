//! Opsgate: a GraphQL admin gateway. See docs/architecture.md.

pub mod access;
pub mod app;
pub mod audit;
pub mod cli;
pub mod config;
pub mod demo;
pub mod directory;
pub mod events;
pub mod http;
pub mod incidents;
pub mod kernel;
pub mod monitoring;
pub mod platform;
pub mod schema;
pub mod tasks;
pub mod workers;
