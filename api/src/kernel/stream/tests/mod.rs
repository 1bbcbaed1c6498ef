//! Subscriptions without a transport: what members are told, and what that costs.

mod document;
pub(crate) mod fixture;
mod following;
mod sharing;
