//! Networks: what the settings name proxies by is what tokens and accounts are accepted from.

pub use crate::config::Networks;
