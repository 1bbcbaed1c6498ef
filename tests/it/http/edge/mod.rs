//! The edge: connections, and what stands around every request.

mod compression;
mod cors;
mod crowds;
mod heads;
mod http2;
mod tls;
