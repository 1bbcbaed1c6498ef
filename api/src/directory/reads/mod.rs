//! Reads: pages of users and organizations, bounded by the caller.

mod organizations;
mod users;

pub use organizations::organizations;
pub use users::users;
