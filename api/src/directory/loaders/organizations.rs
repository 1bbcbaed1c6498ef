//! Organizations and what belongs to them by id, and organizations by their members.

use std::{collections::HashMap, sync::Arc};

use ::entity::{billing_subscription, organization, organization_member};
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

/// Members of organizations by id.
#[derive(Debug)]
pub struct Members;

impl Load for Members {
    type Key = Uuid;
    type Value = Arc<organization_member::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::members_by_id(from.db(), ids).await
    }
}

/// Subscriptions by id.
#[derive(Debug)]
pub struct Subscriptions;

impl Load for Subscriptions {
    type Key = Uuid;
    type Value = Arc<billing_subscription::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::subscriptions_by_id(from.db(), ids).await
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
