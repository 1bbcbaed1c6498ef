//! How accounts are loaded by id.

use std::collections::HashMap;

use ::entity::admin_user;
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
    type Value = admin_user::Model;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, admin_user::Model>> {
        let mut accounts = HashMap::with_capacity(ids.len());
        for row in store::admin_users_by_id(from.db(), ids).await? {
            from.prime::<Users>(&row.user.id, row.user.clone());
            accounts.insert(row.account.id, row.account);
        }
        Ok(accounts)
    }
}
