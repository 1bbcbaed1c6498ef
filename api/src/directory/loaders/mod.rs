//! How users, organizations and what belongs to them are loaded by id.

mod organizations;
mod users;

pub use organizations::{Members, Memberships, Organizations, Subscriptions};
pub use users::Users;
