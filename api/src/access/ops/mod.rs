//! Commands: what makes and changes accounts, roles and tokens, who gives which role to whom, who approves it, and how
//! somebody signs in.
//!
//! Each locks the row, lets the rules decide, saves and records it. Whatever changes rights says so to every process.

mod accounts;
mod allowlist;
pub mod approvals;
mod first;
mod impersonation;
mod roles;
mod sign_in;
mod tokens;

pub use accounts::{
    AdminUserChanges, CREATE_ACCOUNT, NewAdminUser, UPDATE_ACCOUNT, create_admin_user,
    create_admin_user_or_ask, create_approved, deactivate_admin_user, named_account, reactivate_admin_user,
    update_admin_user, update_admin_user_or_ask, update_approved,
};
pub use allowlist::{NewIpAllowEntry, add_ip_allow_entry, ip_allow_entries, remove_ip_allow_entry};
pub use first::{OWNER_EMAIL, bootstrap};
pub use impersonation::{
    END as END_IMPERSONATION, Impersonating, ImpersonationTask, NewImpersonation, end_impersonation,
    expire_impersonation, start_impersonation,
};
pub use roles::{
    ASSIGN_ROLE, NewAssignment, NewRole, RoleChanges, assign, assign_approved, assign_or_ask, create_role,
    delete_role, revoke, update_role,
};
pub use sign_in::{
    Accepted, Enrolment, Factor, INVITE, Invitation, MAIL, NewInvitation, NewPassword, Proved, Refreshed,
    SEALED, SignIn, Tokens, accept_invitation, confirm_mfa, count_factor, end_sessions_of_key, enroll_mfa,
    forget_factors, invite, invite_approved, invite_or_ask, note_wrong_factor, prove, read_invitation,
    read_refresh_token, refresh_session, regenerate_recovery_codes, replace_password, reset_mfa,
    revoke_session, send, set_password, start_session, step_up, verify_password,
};
pub use tokens::{
    Maker, NewToken, Rotation, create_token, issue_token, issue_token_at_machine, make_token, revoke_token,
    rotate, rotate_token, trust, trusted,
};

use ::entity::{admin_user, approval};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use self::approvals::Wish;
use super::{
    rules::{self, Granter, Reach},
    store::{self, LockedAccounts},
};
use crate::kernel::{
    actor::PLATFORM,
    error::{Error, Result},
    id::Prefix,
    permission::{Action, PermissionSet},
    tx::Tx,
};

/// What this domain has others approve.
pub const ACTIONS: &[&Action] = &[&ASSIGN_ROLE, &CREATE_ACCOUNT, &UPDATE_ACCOUNT, &INVITE];

/// The list at `permissions`, sorted, each once.
fn check_permissions(tx: &Tx, mut permissions: Vec<String>) -> Result<Vec<String>> {
    permissions.sort_unstable();
    permissions.dedup();
    let unknown = tx.kernel().catalogue().unknown_scopes(&permissions);
    let wrong = rules::check_permissions("permissions", &permissions, &unknown);
    if wrong.is_empty() { Ok(permissions) } else { Err(wrong.into()) }
}

/// What an account may by its level and its own permissions, without its roles.
fn own_permissions(tx: &Tx, account: &admin_user::Model) -> PermissionSet {
    tx.kernel().catalogue().of_account(account.level, &account.permissions.0)
}

/// What an account may until then, as the database has it now, or could if it were active; without an end, for good.
async fn held(tx: &Tx, account: &admin_user::Model, until: Option<DateTime<Utc>>) -> Result<PermissionSet> {
    let mut held = own_permissions(tx, account);
    for permissions in store::permissions_of_roles(tx, account.id, until).await? {
        held = held.union(&tx.kernel().catalogue().of_scopes(&permissions.0));
    }
    Ok(held)
}

/// How far the rights of an account reach that gives something until `end`, as the database has them now.
async fn reach(tx: &Tx, account: &admin_user::Model, end: Option<DateTime<Utc>>) -> Result<Reach> {
    if !account.is_active {
        return Ok(Reach::nothing());
    }
    Ok(Reach {
        level: Some(account.level),
        now: held(tx, account, Some(tx.now())).await?,
        lasting: held(tx, account, end).await?,
    })
}

/// Who gives or takes rights, and the accounts that this rests on, locked.
struct Locked {
    /// With what they have by now.
    granter: Granter,
    accounts: LockedAccounts,
}

impl Locked {
    /// Locks the account that it is about, the granter's and those of all super admins. Only then the granter is looked
    /// at: whoever was demoted while they waited gives and takes nothing any more.
    ///
    /// # Errors
    /// FORBIDDEN where they don't have the permission `key` any more.
    async fn lock(
        tx: &Tx,
        granter: &Granter,
        key: &'static str,
        about: Option<Uuid>,
        end: Option<DateTime<Utc>>,
    ) -> Result<Self> {
        let ids: Vec<_> = about.into_iter().chain(granter.account()).collect();
        let accounts = store::lock_accounts(tx, &ids).await?;
        let granter = match granter.account() {
            Some(own) => granter.narrowed(match accounts.get(own) {
                Some(own) => reach(tx, own, end).await?,
                None => Reach::nothing(),
            }),
            // At the machine, or by a token that acts as itself.
            None => granter.clone(),
        };
        if !granter.has(key) {
            return Err(Error::Forbidden(vec![key]));
        }
        Ok(Self { granter, accounts })
    }

    /// The account `id` that it is about, where it lies within the caller's boundary.
    ///
    /// # Errors
    /// NOT_FOUND at `field`.
    fn account(&self, tx: &Tx, id: Uuid, field: &str) -> Result<&admin_user::Model> {
        let found = self.accounts.get(id).filter(|_| tx.boundary().contains(PLATFORM));
        found.ok_or_else(|| Error::not_found("admin user", field))
    }
}

/// Ends the open invitation to an account that is given something sensitive: whoever has seen the text could be the one who
/// asked for that.
async fn end_invitation(tx: &Tx, account: Uuid, given: &PermissionSet) -> Result<()> {
    if rules::sensitive(given, tx.kernel().catalogue()).is_empty() {
        return Ok(());
    }
    store::revoke_invitations(tx, account).await
}

/// Has others asked whether `granter` may give something to the person `beneficiary`.
async fn ask_for(
    tx: &mut Tx,
    granter: &Granter,
    action: &'static Action,
    beneficiary: Uuid,
    summary: String,
    payload: impl Serialize,
) -> Result<approval::Model> {
    // The rules let nobody else ask.
    let requested_by = granter.account().ok_or_else(|| Error::internal("nobody asks for an approval"))?;
    let payload = serde_json::to_value(payload)?;
    let wish = Wish { requested_by, beneficiary: Some(beneficiary), summary, payload };
    approvals::ask(tx, action, wish).await
}

/// The id of a frozen payload.
fn frozen_id(prefix: Prefix, id: &str) -> Result<Uuid> {
    prefix.parse(id).map_err(|error| Error::internal(format!("a frozen payload has no id: {error}")))
}
