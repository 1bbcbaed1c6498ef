//! How users and organizations are loaded by id.

use std::collections::HashMap;

use ::entity::organization;
use uuid::Uuid;

use super::store::{self, UserRow};
use crate::kernel::{db::Conn, error::Result, loader::Load};

/// Users by id.
#[derive(Debug)]
pub struct Users;

impl Load for Users {
    type Key = Uuid;
    type Value = UserRow;

    async fn load(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, UserRow>> {
        store::users_by_id(db, ids).await
    }
}

/// Organizations by id.
#[derive(Debug)]
pub struct Organizations;

impl Load for Organizations {
    type Key = Uuid;
    type Value = organization::Model;

    async fn load(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, organization::Model>> {
        store::organizations_by_id(db, ids).await
    }
}
