//! How services, their states, what their probes found, and alerts are loaded.

use std::{collections::HashMap, sync::Arc};

use ::entity::{alert, service, service_status};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{rules::Tally, store};
use crate::kernel::{
    error::Result,
    loader::{Load, Source},
};

/// Services by id.
#[derive(Debug)]
pub struct Services;

impl Load for Services {
    type Key = Uuid;
    type Value = Arc<service::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::services_by_id(from.db(), ids).await
    }
}

/// How services are doing, by their ids.
#[derive(Debug)]
pub struct Statuses;

impl Load for Statuses {
    type Key = Uuid;
    type Value = service_status::Model;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, service_status::Model>> {
        store::statuses_of(from.db(), ids).await
    }
}

/// The results of services, by their ids and since when.
#[derive(Debug)]
pub struct Tallies;

impl Load for Tallies {
    type Key = (Uuid, DateTime<Utc>);
    type Value = Tally;

    async fn load(from: &Source, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Tally>> {
        let mut ids: HashMap<DateTime<Utc>, Vec<Uuid>> = HashMap::new();
        for (id, since) in keys {
            ids.entry(*since).or_default().push(*id);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for (since, ids) in ids {
            let tallies = store::tallies(from.db(), &ids, since).await?;
            found.extend(tallies.into_iter().map(|(id, tally)| ((id, since), tally)));
        }
        Ok(found)
    }
}

/// Alerts by id.
#[derive(Debug)]
pub struct Alerts;

impl Load for Alerts {
    type Key = Uuid;
    type Value = Arc<alert::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::alerts_by_id(from.db(), ids).await
    }
}
