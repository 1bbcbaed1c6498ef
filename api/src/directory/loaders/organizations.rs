//! Organizations by id, and by their members.

use std::{collections::HashMap, sync::Arc};

use ::entity::organization;
use uuid::Uuid;

use crate::{
    directory::store,
    kernel::{
        error::Result,
        loader::{Load, Source},
    },
};

/// Organizations by id.
#[derive(Debug)]
pub struct Organizations;

impl Load for Organizations {
    type Key = Uuid;
    type Value = Arc<organization::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::organizations_by_id(from.db(), ids).await
    }
}

/// The organizations that users are members of, by the users' ids.
#[derive(Debug)]
pub struct Memberships;

impl Load for Memberships {
    type Key = Uuid;
    type Value = Vec<Uuid>;

    async fn load(from: &Source, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>> {
        store::memberships(from.db(), users).await
    }
}
