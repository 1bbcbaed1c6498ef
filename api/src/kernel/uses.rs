//! When API tokens were last used: noted in memory by each request, and written once a minute.
//!
//! What a process has noted and not written when it is killed is lost; nothing is decided by it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ::entity::api_token_use;
use chrono::{DateTime, Utc};
use sea_orm::{
    EntityTrait, ExprTrait, IntoActiveModel,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Kernel, error::Result};

/// The most rows of one statement.
const MAX_ROWS: usize = 500;

/// What wasn't written yet.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<Uuid, DateTime<Utc>>>);

impl Uses {
    /// Notes that the API token `id` was used.
    pub fn note(&self, id: Uuid, at: DateTime<Utc>) {
        let mut held = self.held();
        let last = held.entry(id).or_insert(at);
        *last = Ord::max(at, *last);
    }

    /// Writes what was noted. What can't be written is kept.
    pub(super) async fn flush(&self, kernel: &Kernel) {
        let noted: Vec<_> = self.held().drain().collect();
        for some in noted.chunks(MAX_ROWS) {
            if let Err(error) = write(kernel, some).await {
                tracing::warn!(%error, "when API tokens were last used couldn't be written");
                for (id, at) in some {
                    self.note(*id, *at);
                }
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Uuid, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(kernel: &Kernel, noted: &[(Uuid, DateTime<Utc>)]) -> Result<()> {
    use api_token_use::Column::{ApiTokenId, LastUsedAt};
    let rows = noted
        .iter()
        .map(|(id, at)| api_token_use::Model { api_token_id: *id, last_used_at: *at }.into_active_model());
    // Another process may have seen it later.
    let later = Expr::col(("excluded", LastUsedAt)).gt(Expr::col((api_token_use::Entity, LastUsedAt)));
    let again = OnConflict::column(ApiTokenId).update_column(LastUsedAt).action_and_where(later).to_owned();
    kernel.telemetry().insert(api_token_use::Entity::insert_many(rows).on_conflict(again)).await?;
    Ok(())
}
