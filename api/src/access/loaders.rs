//! How accounts are loaded by id.

use std::{collections::HashMap, sync::Arc};

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
    type Value = Arc<admin_user::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        let mut accounts = HashMap::with_capacity(ids.len());
        for row in store::admin_users_by_id(from.db(), ids).await? {
            let user = Arc::new(row.user);
            from.prime::<Users>(&user.id, user.clone());
            accounts.insert(row.account.id, Arc::new(row.account));
        }
        Ok(accounts)
    }
}
