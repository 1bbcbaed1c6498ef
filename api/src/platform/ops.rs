//! Commands: what changes the ring of sealing keys. They are given at the machine, where the ring's file is.
//!
//! The file is changed within the transaction, which waits for it: where that fails, nothing has happened. A key is in the
//! file before anything is sealed under it, and out of it after nothing is.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{RESEAL, events, store};
use crate::kernel::{
    Kernel,
    error::{Error, Result},
    queue::NewTask,
    secret::{
        KeyFileError, RingFile,
        sealed::{self, Uses},
    },
    tx::Tx,
};

/// What that task knows: nothing. Which key seals it finds out when it runs.
#[derive(Serialize)]
struct Resealing {}

/// Why the ring isn't changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be changed.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// There is no such key.
    #[error("there is no key {0} in the ring: see `opsgate keys`")]
    Unknown(String),
    /// It seals.
    #[error("the key {0} seals: let another one seal first, by `opsgate keys rotate`")]
    Seals(String),
    /// It isn't lost.
    #[error("the key {0} is in the ring: `opsgate keys retire` takes it out when nothing uses it any more")]
    InRing(String),
    /// Something needs it.
    #[error(
        "the key {id} is in use: {uses}.\nA gateway that runs seals values anew (`opsgate keys` shows how far it has come, \
         `opsgate keys rotate --to` the key that seals has it \
         done again); sessions take another key when they are refreshed, and end within \
         twelve hours otherwise (at once by --end-sessions)."
    )]
    InUse {
        /// Which.
        id: String,
        /// What needs it.
        uses: Uses,
    },
    /// Something else.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// Adds a key that opens, and doesn't seal yet: a new one, or that in the file `from`. Answers its id.
///
/// # Errors
/// [`KeyError`]
pub fn add_key(tx: &mut Tx, ring: &mut RingFile, from: Option<&Path>) -> Result<String, KeyError> {
    let id = match from {
        Some(path) => ring.add_from(path)?,
        None => ring.add(false),
    };
    tx.record(events::key_added(&id));
    ring.save()?;
    Ok(id)
}

/// Lets a key seal from now on, a new one or the one with the id `to` (it may be the one that does already), and has what is sealed under others sealed anew.
/// Answers its id.
///
/// # Errors
/// [`KeyError`]
pub async fn rotate_key(tx: &mut Tx, ring: &mut RingFile, to: Option<&str>) -> Result<String, KeyError> {
    let before = ring.keys().first().map(|key| key.key_id().to_owned());
    let id = match to {
        None => ring.add(true),
        Some(id) if ring.seal_by(id) => id.to_owned(),
        Some(id) => return Err(KeyError::Unknown(id.to_owned())),
    };
    store::seal_by(tx, &id).await?;
    tx.record(events::key_rotated(&id, before.as_deref()));
    tx.enqueue(NewTask::new(RESEAL, Resealing {})?.unique(&id).priority(9)).await?;
    ring.save()?;
    Ok(id)
}

/// What the key `id` is used for.
///
/// # Errors
/// Where the database can't be read.
pub async fn uses_of_key(kernel: &Kernel, id: &str) -> Result<Uses> {
    let mut uses = sealed::uses(kernel.db().reader(), kernel.catalogue(), kernel.clock().now()).await?;
    Ok(uses.remove(id).unwrap_or_default())
}

/// Takes a key out of the ring that nothing uses any more. Answers the file that it was put aside into.
///
/// # Errors
/// [`KeyError`]
pub async fn retire_key(tx: &mut Tx, ring: &mut RingFile, id: &str, uses: Uses) -> Result<PathBuf, KeyError> {
    if ring.keys().first().is_some_and(|key| key.key_id() == id) {
        return Err(KeyError::Seals(id.to_owned()));
    }
    if uses.count() > 0 {
        return Err(KeyError::InUse { id: id.to_owned(), uses });
    }
    let aside = ring.take_out(id)?.ok_or_else(|| KeyError::Unknown(id.to_owned()))?;
    store::forget(tx, id).await?;
    tx.record(events::key_retired(id));
    ring.save()?;
    Ok(aside)
}

/// Gives a key up that is lost: nobody misses it any more, and what is sealed under it stays closed.
///
/// # Errors
/// [`KeyError`]
pub async fn forget_key(tx: &mut Tx, ring: &RingFile, id: &str) -> Result<(), KeyError> {
    if ring.keys().iter().any(|key| key.key_id() == id) {
        return Err(KeyError::InRing(id.to_owned()));
    }
    if !store::forget(tx, id).await? {
        return Err(KeyError::Unknown(id.to_owned()));
    }
    tx.record(events::key_forgotten(id));
    Ok(())
}
