//! How incidents and what belongs to them are loaded.

use std::collections::HashMap;

use ::entity::{incident, incident_participant, incident_service};
use uuid::Uuid;

use super::store;
use crate::kernel::{db::Conn, error::Result, loader::Load};

/// Incidents by id.
#[derive(Debug)]
pub struct Incidents;

impl Load for Incidents {
    type Key = Uuid;
    type Value = incident::Model;

    async fn load(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, incident::Model>> {
        store::incidents_by_id(db, ids).await
    }
}

/// What incidents affect, by their ids.
#[derive(Debug)]
pub struct AffectedServices;

impl Load for AffectedServices {
    type Key = Uuid;
    type Value = Vec<incident_service::Model>;

    async fn load(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<incident_service::Model>>> {
        store::services_of(db, ids).await
    }
}

/// Who took part in incidents, by their ids.
#[derive(Debug)]
pub struct Participants;

impl Load for Participants {
    type Key = Uuid;
    type Value = Vec<incident_participant::Model>;

    async fn load(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<incident_participant::Model>>> {
        store::participants_of(db, ids).await
    }
}
