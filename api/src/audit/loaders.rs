//! How entries and what belongs to them are loaded.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use ::entity::{audit_log, audit_personal};
use serde_json::Value;
use uuid::Uuid;

use super::{
    ops::{self, Reading},
    store,
};
use crate::kernel::{
    Kernel,
    error::{Error, Result},
    loader::{Load, Source},
    record,
    secret::Aad,
    tx::{Author, Tx},
};

/// The most readings that are recorded in one transaction: an entry, an event and what belongs to them are six rows.
const READINGS: usize = 50;

/// Entries by id.
#[derive(Debug)]
pub struct Entries;

impl Load for Entries {
    type Key = Uuid;
    type Value = Arc<audit_log::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        store::entries_by_id(from.db(), ids).await
    }
}

/// The places of entries in the Merkle tree, by the entries' ids.
#[derive(Debug)]
pub struct LeafIndexes;

impl Load for LeafIndexes {
    type Key = Uuid;
    type Value = i64;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
        store::leaf_indexes(from.db(), ids).await
    }
}

/// The users behind pseudonyms.
#[derive(Debug)]
pub struct Subjects;

impl Load for Subjects {
    type Key = String;
    type Value = Uuid;

    async fn load(from: &Source, pseudonyms: &[String]) -> Result<HashMap<String, Uuid>> {
        store::users_of(from.db(), pseudonyms).await
    }
}

/// The pseudonyms of users, by the users' ids; none for those of whom the record knows nothing.
#[derive(Debug)]
pub struct Pseudonyms;

impl Load for Pseudonyms {
    type Key = Uuid;
    type Value = String;

    async fn load(from: &Source, users: &[Uuid]) -> Result<HashMap<Uuid, String>> {
        store::pseudonyms_of(from.db(), users).await
    }
}

/// Who reads the personal values of an entry, and how. Two readings of one entry in one request are one.
#[derive(Clone, Debug)]
pub struct PersonalReading {
    /// What goes on the record.
    pub reading: Reading,
    /// In whose name: the same for all that are loaded together, since loaders belong to a request.
    pub author: Author,
    /// The kernel of the request.
    pub kernel: Kernel,
}

impl PartialEq for PersonalReading {
    fn eq(&self, other: &Self) -> bool {
        self.reading.entry == other.reading.entry
    }
}

impl Eq for PersonalReading {}

impl Hash for PersonalReading {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.reading.entry.hash(state);
    }
}

/// A personal value of an entry.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The salt of its commitment, 32 bytes.
    pub salt: Vec<u8>,
    /// The value, or why it doesn't open.
    pub value: Result<Value>,
}

/// The personal values of entries, by their paths. That they are read is on the record before they are answered.
#[derive(Debug)]
pub struct PersonalValues;

impl Load for PersonalValues {
    type Key = PersonalReading;
    type Value = Arc<HashMap<String, Opened>>;

    async fn load(from: &Source, keys: &[PersonalReading]) -> Result<HashMap<PersonalReading, Self::Value>> {
        let entries: Vec<Uuid> = keys.iter().map(|key| key.reading.entry).collect();
        let mut sealed = store::personal_of(from.db(), &entries).await?;
        // Where nothing is (left), nothing is read.
        let keys: Vec<&PersonalReading> =
            keys.iter().filter(|key| sealed.contains_key(&key.reading.entry)).collect();
        let pseudonyms: Vec<String> = keys.iter().filter_map(|key| key.reading.subject.clone()).collect();
        let users = if pseudonyms.is_empty() {
            HashMap::new()
        } else {
            store::users_of(from.db(), &pseudonyms).await?
        };
        for some in keys.chunks(READINGS) {
            let Some(first) = some.first() else { break };
            let readings: Vec<Reading> = some.iter().map(|key| key.reading.clone()).collect();
            let mut tx = Tx::begin(&first.kernel, first.author.clone()).await?;
            ops::record_readings(&mut tx, &readings, &users);
            tx.commit().await?;
        }
        Ok(keys
            .into_iter()
            .map(|key| {
                let rows = sealed.remove(&key.reading.entry).unwrap_or_default();
                let opened = rows.into_iter().map(|row| open(&key.kernel, row)).collect();
                (key.clone(), Arc::new(opened))
            })
            .collect())
    }
}

fn open(kernel: &Kernel, row: audit_personal::Model) -> (String, Opened) {
    let place = Aad { table: record::SEALED.name, row: row.audit_log_id };
    let value = kernel
        .keys()
        .open(&row.sealed, place)
        .map_err(Error::from)
        .and_then(|text| Ok(serde_json::from_slice(&text)?));
    (row.path, Opened { salt: row.salt, value })
}
