//! Whose a new row is.

use ::entity::organization;
use sea_orm::{EntityTrait, QuerySelect};
use uuid::Uuid;

use super::{
    actor::PLATFORM,
    error::{Error, Result},
    tx::Tx,
};

/// Whose a new row is: as the author chooses, else their organization's, or the platform's. What is said to be an
/// organization's that went into another one is that one's. Until the transaction ends it goes nowhere: a merge waits, so
/// that it takes along what is added beside it.
///
/// # Errors
/// NOT_FOUND where there is no such organization within the boundary, or where it went out of it.
pub async fn owner(tx: &Tx, chosen: Option<Uuid>) -> Result<Uuid> {
    let mut id = chosen.unwrap_or(tx.author().organization_id);
    if chosen.is_none() && id == PLATFORM {
        return Ok(PLATFORM);
    }
    let unknown = || Error::not_found("organization", "organizationId");
    // Merges make no circle.
    loop {
        if !tx.boundary().contains(id) {
            return Err(unknown());
        }
        if id == PLATFORM {
            return Ok(PLATFORM);
        }
        let row = organization::Entity::find_by_id(id).lock_shared().one(tx.db()).await?;
        match row.ok_or_else(unknown)?.merged_into_id {
            None => return Ok(id),
            Some(into) => id = into,
        }
    }
}
