//! How incidents and what belongs to them are loaded.

use std::{collections::HashMap, sync::Arc};

use ::entity::{incident, incident_participant, incident_service, incident_timeline};
use uuid::Uuid;

use super::store;
use crate::kernel::{
    error::Result,
    loader::{Load, Source},
};

/// Incidents by id.
#[derive(Debug)]
pub struct Incidents;

impl Load for Incidents {
    type Key = Uuid;
    type Value = Arc<incident::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::incidents_by_id(from.db(), ids).await
    }
}

/// What incidents affect, by their ids.
#[derive(Debug)]
pub struct AffectedServices;

impl Load for AffectedServices {
    type Key = Uuid;
    type Value = Vec<incident_service::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<incident_service::Model>>> {
        store::services_of(from.db(), ids).await
    }
}

/// Who took part in incidents, by their ids.
#[derive(Debug)]
pub struct Participants;

impl Load for Participants {
    type Key = Uuid;
    type Value = Vec<incident_participant::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<incident_participant::Model>>> {
        store::participants_of(from.db(), ids).await
    }
}

/// Entries of timelines by id.
#[derive(Debug)]
pub struct TimelineEntries;

impl Load for TimelineEntries {
    type Key = Uuid;
    type Value = Arc<incident_timeline::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::entries_by_id(from.db(), ids).await
    }
}
