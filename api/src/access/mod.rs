//! Access: who may sign in and what they may do.
//!
//! Nouns first. An *admin user* is an account: a directory user with a level (SUPPORT < ADMIN < SUPER_ADMIN), extra
//! permissions, active or not. A *role* is a named set of permissions; an *assignment* gives it to an account until it
//! expires or is revoked, and counts while the account is active. An *API token* is what a script or a partner signs in with: it acts as itself within its
//! scopes and, where it has one, its organization; or as an account, limited by its scopes. It may be accepted from certain
//! networks alone, as accounts may by their level (the *allowlist*). It may be *trusted* with
//! certain documents and run nothing else. The *rights snapshot* of
//! the kernel is read from here. An *approval* is something that others must approve before it is done, here or in
//! another domain ([`approvals`]). Whoever has no issuer signs in here, by a password and a *second factor*, and is given
//! a *session*: a family of refresh tokens, and access tokens that are good for fifteen minutes.
//! An *impersonation* is somebody's acting in the place of a directory user, for a while and a reason.
//!
//! | what | where |
//! | --- | --- |
//! | tables | `admin_users`, `roles`, `role_assignments`, `approvals`, `approval_votes`, `api_tokens`, `api_token_uses`, `trusted_documents`, `ip_allow_entries`, `impersonations`, `authz_epoch`; `credentials`, `recovery_codes`, `sessions`, `invitations`, `sign_in_attempts` |
//! | permissions | `access.explain`, `access.read`, `access.approve`, `access.manage_accounts`, `access.manage_roles`, `access.assign_roles`, `access.manage_tokens`, `access.manage_allowlist`, `access.impersonate`, `access.impersonate_writing` |
//! | events | `admin.user.created`, `…updated`, `…invited`, `…deactivated`, `…reactivated`; `admin.role.created`, `…updated`, `…deleted`, `…granted`, `…revoked`; `admin.approval.requested`, `…approved`, `…denied`, `…cancelled`, `…executed`, `…expired`; `admin.token.created`, `…rotated`, `…updated`, `…revoked`; `admin.ip_allow_entry.added`, `…removed`; `admin.impersonation.started`, `…ended`; `admin.session.started`, `…denied`, `…refreshed`, `…stepped_up`, `…revoked`; `admin.mfa.begun`, `…enrolled`, `…reset`; `admin.recovery_codes.regenerated`; `admin.password.updated`; `admin.invitation.accepted` |
//!
//! What an account may is its level's permissions, its own, and those of the roles that count. Who gives what to whom
//! is `rules/grants.rs`, the life of an approval `rules/approvals.rs`, what a token may be `rules/tokens.rs`, how fast
//! somebody may try `rules/attempts.rs`. The first start invites the owner; tokens are made at the machine
//! (`opsgate token create`) or through the API.

mod events;
mod graphql;
mod jobs;
mod loaders;
mod ops;
mod permissions;
mod reads;
mod rules;
mod store;

pub use events::ALL as EVENTS;
pub use graphql::{
    Actor, AdminUser, AllowlistMutation, AllowlistQuery, ApiToken, Approval, Impersonation,
    ImpersonationMutation, ImpersonationQuery, IpAllowEntry, Mutation, Query, Role, RoleAssignment, Session,
    SignInMutation, TokenMutation, TokenQuery,
};
pub use jobs::{SCHEDULES, handlers};
pub use loaders::AccountsOfUsers;
pub use ops::{
    ACTIONS, AdminUserChanges, Invitation, NewAdminUser, NewAssignment, NewIpAllowEntry, NewPassword,
    NewToken, OWNER_EMAIL, Rotation, SEALED, add_ip_allow_entry, approvals, assign, bootstrap,
    create_admin_user, create_token, end_sessions_of_key, invite, ip_allow_entries, issue_token,
    issue_token_at_machine, named_account, remove_ip_allow_entry, reset_mfa, revoke, revoke_token, rotate,
    set_password, trust, trusted, update_admin_user,
};
pub use permissions::ALL as PERMISSIONS;
pub use rules::{Granter, Keeper};
pub use store::load_rights;

use crate::kernel::id::Prefix;

/// `ipa_…`
pub const IP_ALLOW_ENTRY: Prefix = Prefix("ipa");
/// `apv_…`
pub const APPROVAL: Prefix = Prefix("apv");
/// `rol_…`
pub const ROLE: Prefix = Prefix("rol");
/// `ras_…`
pub const ROLE_ASSIGNMENT: Prefix = Prefix("ras");
