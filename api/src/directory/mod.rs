//! Directory: the gateway's own register of the platform's people and organizations.
//!
//! Nouns first. A *user* is a person of the platform, an *organization* a customer or partner; a *member* ties the one
//! to the other. Everything that an organization's partner may see hangs on the organization.
//!
//! | what | where |
//! | --- | --- |
//! | tables | `users`, `organizations`, `organization_members` |
//! | permissions | `directory.read` |
//!
//! What changes them is still to come.

mod graphql;
mod loaders;
mod permissions;
mod reads;
mod store;

pub use graphql::{Organization, Query, User};
pub use loaders::Users;
pub use permissions::ALL as PERMISSIONS;
