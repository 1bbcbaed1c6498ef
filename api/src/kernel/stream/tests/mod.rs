//! Subscriptions without a transport: what members are told, and what that costs.

pub(crate) mod deliveries;
mod document;
pub(crate) mod fixture;
mod following;
pub(crate) mod schema;
mod sharing;
mod throttling;
