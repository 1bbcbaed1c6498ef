//! Denied attempts are on the record too, and nobody can fill the record by knocking.
//!
//! The first attempt of a caller at a field within a minute is written at once; repeats are counted in memory and
//! written as one entry with the count when the minute is over.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ::entity::audit_log::{AuditCategory, AuditOutcome, AuditSeverity};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    Kernel,
    error::Result,
    event::{Entity, Event, EventType},
    tx::{Author, Tx},
};

/// Keys held in memory; beyond that, attempts by new keys go uncounted until the minute is over.
const MAX_KEYS: usize = 10_000;

/// Somebody tried what they may not.
pub static DENIED: EventType = EventType {
    name: "admin.access.denied",
    version: 1,
    description: "A caller was refused a field for want of a permission.",
    category: AuditCategory::Auth,
    severity: AuditSeverity::Low,
    action: "ACCESS_DENIED",
    permission: "audit.read",
};

/// The attempts of this minute.
#[derive(Debug, Default)]
pub struct Denials(Mutex<HashMap<(String, String), Denied>>);

#[derive(Debug)]
struct Denied {
    since: DateTime<Utc>,
    author: Author,
    needed: Vec<&'static str>,
    repeats: u64,
}

impl Denials {
    /// Notes that `author` was refused `field`, which takes `needed`.
    pub(super) async fn note(&self, kernel: &Kernel, author: Author, field: &str, needed: &[&'static str]) {
        let now = kernel.clock().now();
        let key = (author.actor.id.clone(), field.to_owned());
        let over = {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let is_full = held.len() >= MAX_KEYS;
            match held.get_mut(&key) {
                Some(denied) if now - denied.since < TimeDelta::minutes(1) => {
                    denied.repeats += 1;
                    return;
                }
                None if is_full => return,
                _ => {}
            }
            held.insert(
                key,
                Denied { since: now, author: author.clone(), needed: needed.to_vec(), repeats: 0 },
            )
        };
        // The minute before this one ended with nobody looking: its count is written along.
        let written = async {
            if let Some(over) = over.filter(|denied| denied.repeats > 0) {
                write(kernel, over.author, field, &over.needed, over.repeats).await?;
            }
            write(kernel, author, field, needed, 1).await
        };
        if let Err(error) = written.await {
            tracing::error!(%error, field, "a denied attempt couldn't be recorded");
        }
    }

    /// Writes the counts of the minutes that are over.
    pub(super) async fn flush(&self, kernel: &Kernel) -> Result<()> {
        let now = kernel.clock().now();
        let over: Vec<_> = {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.extract_if(|_, denied| now - denied.since >= TimeDelta::minutes(1)).collect()
        };
        for ((_, field), denied) in over.into_iter().filter(|(_, denied)| denied.repeats > 0) {
            write(kernel, denied.author, &field, &denied.needed, denied.repeats).await?;
        }
        Ok(())
    }
}

async fn write(
    kernel: &Kernel,
    author: Author,
    field: &str,
    needed: &[&'static str],
    attempts: u64,
) -> Result<()> {
    let entity = Entity {
        kind: "Field",
        id: field.to_owned(),
        version: None,
        organization_id: author.organization_id,
    };
    let mut tx = Tx::begin(kernel, author).await?;
    tx.record(
        Event::new(&DENIED, entity)
            .outcome(AuditOutcome::Denied)
            .data(json!({ "field": field, "requiredPermissions": needed, "attempts": attempts })),
    );
    tx.commit().await.map(|_| ())
}
