//! What happens to users and organizations. Names and addresses are personal and stand in the register alone.

mod billing;
mod organizations;
mod users;

use crate::kernel::event::event_types;

pub use self::billing::ALL as BILLING;
pub(super) use self::{
    billing::subscription,
    organizations::{
        member, member_removed, organization_created, organization_merged, organization_updated,
    },
    users::user,
};

event_types! {
    Directory, "directory.read";
    USER_CREATED "directory.user.created" "USER_CREATE" Info "A person came into the register.";
    USER_UPDATED "directory.user.updated" "USER_UPDATE" Info "What is known of a person changed.";
    USER_VERIFIED "directory.user.verified" "USER_VERIFY" Info "A person has proved to be who they say.";
    USER_SUSPENDED "directory.user.suspended" "USER_SUSPEND" Medium "A person is kept out for now.";
    USER_REINSTATED "directory.user.reinstated" "USER_REINSTATE" Medium "A person who was kept out may come in again.";
    USER_DELETED "directory.user.deleted" "USER_DELETE" Medium "A person is gone from the platform; the entry stays for the record.";
    ORGANIZATION_CREATED "directory.organization.created" "ORGANIZATION_CREATE" Info "An organization came into the register.";
    ORGANIZATION_UPDATED "directory.organization.updated" "ORGANIZATION_UPDATE" Info "What is known of an organization changed, or its settings.";
    ORGANIZATION_MERGED "directory.organization.merged" "ORGANIZATION_MERGE" High "An organization went into another one, with all that is its.";
    MEMBER_ADDED "directory.member.added" "MEMBER_ADD" Info "A person became a member of an organization.";
    MEMBER_UPDATED "directory.member.updated" "MEMBER_UPDATE" Info "A member of an organization is something else there.";
    MEMBER_REMOVED "directory.member.removed" "MEMBER_REMOVE" Info "A person is no member of an organization any more.";
}
