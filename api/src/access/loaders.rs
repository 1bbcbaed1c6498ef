//! How accounts, roles, assignments, approvals, sessions and tokens are loaded by id.

use std::{collections::HashMap, sync::Arc};

use ::entity::{
    admin_user, api_token, approval, approval_vote, impersonation, invitation, ip_allow_entry, role,
    role_assignment, session,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::store;
use crate::{
    directory::Users,
    kernel::{
        error::Result,
        loader::{Load, Source},
    },
};

/// Accounts by id. The people behind them come along.
#[derive(Debug)]
pub struct AdminUsers;

impl Load for AdminUsers {
    type Key = Uuid;
    type Value = Arc<admin_user::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        let rows = store::admin_users_by_id(from.db(), ids).await?;
        let (accounts, users): (_, Vec<_>) = rows
            .into_iter()
            .map(|row| ((row.account.id, Arc::new(row.account)), (row.user.id, Arc::new(row.user))))
            .unzip();
        from.prime::<Users>(users);
        Ok(accounts)
    }
}

/// The accounts of users, by the users' ids.
#[derive(Debug)]
pub struct AccountsOfUsers;

impl Load for AccountsOfUsers {
    type Key = Uuid;
    type Value = Uuid;

    async fn load(from: &Source, users: &[Uuid]) -> Result<HashMap<Uuid, Uuid>> {
        store::accounts_of_users(from.db(), users).await
    }
}

/// Roles by id.
#[derive(Debug)]
pub struct Roles;

impl Load for Roles {
    type Key = Uuid;
    type Value = Arc<role::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::roles_by_id(from.db(), ids).await
    }
}

/// Assignments by id.
#[derive(Debug)]
pub struct RoleAssignments;

impl Load for RoleAssignments {
    type Key = Uuid;
    type Value = Arc<role_assignment::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::role_assignments_by_id(from.db(), ids).await
    }
}

/// Approvals by id.
#[derive(Debug)]
pub struct Approvals;

impl Load for Approvals {
    type Key = Uuid;
    type Value = Arc<approval::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::approvals_by_id(from.db(), ids).await
    }
}

/// What was said to approvals, by their ids.
#[derive(Debug)]
pub struct VotesOfApproval;

impl Load for VotesOfApproval {
    type Key = Uuid;
    type Value = Vec<approval_vote::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::votes_by_approval(from.db(), ids).await
    }
}

/// Sessions by id.
#[derive(Debug)]
pub struct Sessions;

impl Load for Sessions {
    type Key = Uuid;
    type Value = Arc<session::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::sessions_by_id(from.db(), ids).await
    }
}

/// The invitations that nobody has accepted or taken back, by the accounts that they are to. They may have expired.
#[derive(Debug)]
pub struct InvitationsTo;

impl Load for InvitationsTo {
    type Key = Uuid;
    type Value = Arc<invitation::Model>;

    async fn load(from: &Source, accounts: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::open_invitations(from.db(), accounts).await
    }
}

/// API tokens by id.
#[derive(Debug)]
pub struct ApiTokens;

impl Load for ApiTokens {
    type Key = Uuid;
    type Value = Arc<api_token::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::api_tokens_by_id(from.db(), ids).await
    }
}

/// When API tokens were last used, by their ids.
#[derive(Debug)]
pub struct UsesOfTokens;

impl Load for UsesOfTokens {
    type Key = Uuid;
    type Value = DateTime<Utc>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::uses_by_token(from.db(), ids).await
    }
}

/// Impersonations by id.
#[derive(Debug)]
pub struct Impersonations;

impl Load for Impersonations {
    type Key = Uuid;
    type Value = Arc<impersonation::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::impersonations_by_id(from.db(), ids).await
    }
}

/// Where accounts are accepted from, by id.
#[derive(Debug)]
pub struct IpAllowEntries;

impl Load for IpAllowEntries {
    type Key = Uuid;
    type Value = Arc<ip_allow_entry::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::ip_allow_entries_by_id(from.db(), ids).await
    }
}
