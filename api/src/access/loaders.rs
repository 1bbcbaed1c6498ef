//! How accounts are loaded by id.

use std::collections::HashMap;

use uuid::Uuid;

use super::store::{self, AdminUserRow};
use crate::kernel::{db::Conn, error::Result, loader::Load};

/// Accounts with the person behind each, by id.
#[derive(Debug)]
pub struct AdminUsers;

impl Load for AdminUsers {
    type Key = Uuid;
    type Value = AdminUserRow;

    async fn load(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, AdminUserRow>> {
        store::admin_users_by_id(db, ids).await
    }
}
