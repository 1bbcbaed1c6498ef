//! Every query of the directory.

mod organizations;
mod search;
mod users;

pub use organizations::{
    has_organization, insert_members, insert_organization, members, memberships, organizations,
    organizations_by_id,
};
pub use search::search;
pub use users::{lock_known, lock_user, lock_users, put_users, users, users_by_id};
