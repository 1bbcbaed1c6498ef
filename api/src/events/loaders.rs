//! How events and their places are loaded.

use std::{collections::HashMap, sync::Arc};

use ::entity::event;
use uuid::Uuid;

use super::store;
use crate::kernel::{
    error::Result,
    loader::{Load, Source},
};

/// Events by id.
#[derive(Debug)]
pub struct Events;

impl Load for Events {
    type Key = Uuid;
    type Value = Arc<event::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::events_by_id(from.db(), ids).await
    }
}

/// The places of events in the log, by the events' ids.
#[derive(Debug)]
pub struct Positions;

impl Load for Positions {
    type Key = Uuid;
    type Value = i64;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
        store::positions(from.db(), ids).await
    }
}
