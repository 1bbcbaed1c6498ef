//! Users by id.

use std::{collections::HashMap, sync::Arc};

use ::entity::user;
use uuid::Uuid;

use crate::{
    directory::store,
    kernel::{
        error::Result,
        loader::{Load, Source},
    },
};

/// Users by id.
#[derive(Debug)]
pub struct Users;

impl Load for Users {
    type Key = Uuid;
    type Value = Arc<user::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::users_by_id(from.db(), ids).await
    }
}
