//! How users and organizations are loaded by id.

mod organizations;
mod users;

pub use organizations::{Memberships, Organizations};
pub use users::Users;
