//! What the database says of where it comes from.

use sea_orm::ConnectionTrait;

use super::DEMO_BEGUN;
use crate::kernel::{
    error::{Error, Result},
    log,
};

/// Whether what this database holds is made up: its log begins with a demo.
///
/// # Errors
/// Where the database can't be read.
pub async fn is_demo(db: &impl ConnectionTrait) -> Result<bool> {
    match log::read(db, 0, 1, 1).await {
        Ok(first) => Ok(first.iter().any(|(_, event)| event.event_type == DEMO_BEGUN)),
        // The beginning of a log that was pruned is no demo's.
        Err(Error::CursorExpired { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
