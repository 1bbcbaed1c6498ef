//! Reads: pages of users, organizations and what belongs to them, bounded by the caller.

mod billing;
mod members;
mod organizations;
mod users;

pub use billing::{Billing, billing, subscriptions};
pub use members::members_of;
pub use organizations::organizations;
pub use users::users;
