//! The protocol on real sockets, by a client that does nothing by itself.

mod client;
mod closing;
mod delivery;
mod talking;
