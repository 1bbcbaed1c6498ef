//! Every query of the directory.

mod billing;
mod members;
mod merge;
mod organizations;
mod search;
mod users;

pub use billing::{
    Sum, lock_subscriptions, put_subscriptions, share_organizations, subscriptions, subscriptions_by_id, sums,
};
pub use members::{
    delete_member, insert_members, lock_member, lock_member_of, members_among, members_by_id, memberships,
    update_member,
};
pub use merge::{Fate, TABLES as MERGED_TABLES, move_rows, open_tokens};
pub use organizations::{
    insert_organization, lock_organization, lock_organizations, organizations, organizations_by_id,
    put_organizations, share_organization, update_organization,
};
pub use search::search;
pub use users::{lock_known, lock_user, lock_users, put_users, users, users_by_id};
