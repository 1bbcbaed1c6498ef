//! Access: who may sign in and what they may do.
//!
//! Nouns first. An *admin user* is an account: a directory user with a level (SUPPORT < ADMIN < SUPER_ADMIN), extra
//! permissions, active or not. An *API token* is what a script or a partner signs in with: it acts as itself within its
//! scopes and, where it has one, its organization; or as an account, limited by its scopes. It may be *trusted* with
//! certain documents and run nothing else. The *rights snapshot* of
//! the kernel is read from here.
//!
//! | what | where |
//! | --- | --- |
//! | tables | `admin_users`, `api_tokens`, `trusted_documents`, `authz_epoch` |
//! | permissions | `access.explain`, `access.read` |
//! | events | `admin.user.created`, `admin.token.created`, `admin.token.updated` |
//!
//! What changes accounts, roles, sessions and approvals is still to come; until then rights come from the level, and
//! accounts and tokens are made at the machine (`opsgate serve` makes the first, `opsgate token create` more).

mod events;
mod graphql;
mod loaders;
mod ops;
mod permissions;
mod reads;
mod rules;
mod store;

pub use events::ALL as EVENTS;
pub use graphql::{Actor, AdminUser, Query};
pub use ops::{
    NewAdminUser, NewToken, bootstrap, create_admin_user, create_token, issue_token, trust, trusted,
};
pub use permissions::ALL as PERMISSIONS;
pub use store::load_rights;
