//! Denied attempts are on the record too, and nobody can fill the record by knocking.
//!
//! The first attempt of a caller at a field within a minute is written at once, and so is the first of anybody to be let
//! in where they aren't; repeats are counted in memory and written as one entry with the count when the minute is over,
//! or the gateway stops. What can't be written is counted on.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ::entity::audit_log::{AuditCategory, AuditOutcome, AuditSeverity};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    Kernel,
    actor::Caller,
    error::Result,
    event::{Entity, Event, EventType},
    request::Origin,
    tx::{Author, Tx},
};

/// Keys held in memory; beyond that, attempts by new keys go uncounted until the minute is over.
const MAX_KEYS: usize = 10_000;
/// For how long attempts are counted together.
pub(super) const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Somebody tried what they may not.
pub static DENIED: EventType = EventType {
    name: "admin.access.denied",
    version: 1,
    description: "A caller was refused a field for want of a permission or of a second factor, or what they asked of it for \
                  want of a right to give that; or, as the field \"(document)\", a document that its token isn't trusted with; or, as the field \
                  \"(address)\", anything at all, since its token isn't accepted from there.",
    category: AuditCategory::Auth,
    severity: AuditSeverity::Low,
    action: "ACCESS_DENIED",
    permission: "audit.read",
};

/// What stands in the place of a field where a whole document was refused. No field is called so.
const DOCUMENT: &str = "(document)";
/// The same, where a token was shown from where it isn't accepted.
const ADDRESS: &str = "(address)";

/// The attempts of this minute.
#[derive(Debug, Default)]
pub struct Denials(Mutex<HashMap<Key, Denied>>);

/// A caller and a field; or whom somebody wanted to be let in as, and how.
type Key = (String, String);

/// Attempts of one caller at one field.
#[derive(Clone, Debug)]
struct Denied {
    since: DateTime<Utc>,
    author: Author,
    say: Say,
    /// Those that aren't written yet.
    unwritten: u64,
}

/// What goes on the record of so many attempts.
#[derive(Clone)]
struct Say(Arc<dyn Fn(u64) -> Event + Send + Sync>);

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Say")
    }
}

impl Denials {
    /// Notes that `caller` was refused a document.
    pub async fn note_document(&self, kernel: &Kernel, caller: &Caller, origin: &Origin) {
        let Ok(author) = Author::of(caller, origin) else { return };
        self.note(kernel, author, DOCUMENT, &[]).await;
    }

    /// Notes that what `caller` showed isn't accepted from where they are.
    pub async fn note_address(&self, kernel: &Kernel, caller: &Caller, origin: &Origin) {
        let Ok(author) = Author::of(caller, origin) else { return };
        self.note(kernel, author, ADDRESS, &[]).await;
    }

    /// Notes that `author` was refused `field`, which takes `needed`.
    pub(super) async fn note(&self, kernel: &Kernel, author: Author, field: &str, needed: &[&'static str]) {
        let key = (author.name(), field.to_owned());
        let (field, needed, organization_id) = (field.to_owned(), needed.to_vec(), author.organization_id);
        let say = move |attempts| {
            let entity = Entity { kind: "Field", id: field.clone(), version: None, organization_id };
            Event::new(&DENIED, entity)
                .outcome(AuditOutcome::Denied)
                .data(json!({ "field": field, "requiredPermissions": needed, "attempts": attempts }))
        };
        self.note_attempt(kernel, kernel.clock().now(), author, key, say).await;
    }

    /// Notes an attempt at `now` that counts together with others of the same `key`; `say` makes what goes on the record of so many.
    pub(crate) async fn note_attempt(
        &self,
        kernel: &Kernel,
        now: DateTime<Utc>,
        author: Author,
        key: (String, String),
        say: impl Fn(u64) -> Event + Send + Sync + 'static,
    ) {
        let first = Denied { since: now, author, say: Say(Arc::new(say)), unwritten: 0 };
        let over = {
            let mut held = self.held();
            let is_full = held.len() >= MAX_KEYS;
            match held.get_mut(&key) {
                Some(denied) if now - denied.since < MINUTE => {
                    denied.unwritten += 1;
                    return;
                }
                None if is_full => return,
                _ => {}
            }
            held.insert(key.clone(), first.clone())
        };
        // The minute before this one ended with nobody looking: its count is written along.
        let over = over.filter(|denied| denied.unwritten > 0).map(|denied| (key.clone(), denied));
        let first = (key, Denied { unwritten: 1, ..first });
        self.write(kernel, over.into_iter().chain([first]).collect()).await;
    }

    /// Writes the counts of the minutes that are over.
    pub(super) async fn flush(&self, kernel: &Kernel) {
        let now = kernel.clock().now();
        let over = self.held().extract_if(|_, denied| now - denied.since >= MINUTE).collect();
        self.write(kernel, over).await;
    }

    /// Writes every count: there is no next minute.
    pub(super) async fn flush_all(&self, kernel: &Kernel) {
        let all = self.held().drain().collect();
        self.write(kernel, all).await;
    }

    /// Writes counts, in this order; from the first that can't be written on, they are counted on.
    async fn write(&self, kernel: &Kernel, counts: Vec<(Key, Denied)>) {
        let mut left = counts.into_iter().filter(|(_, denied)| denied.unwritten > 0);
        while let Some(((caller, field), denied)) = left.next() {
            if let Err(error) = write(kernel, &denied).await {
                tracing::error!(%error, field, "denied attempts couldn't be recorded");
                self.put_back([((caller, field), denied)].into_iter().chain(left));
                return;
            }
        }
    }

    fn put_back(&self, counts: impl Iterator<Item = (Key, Denied)>) {
        let mut held = self.held();
        for (key, denied) in counts {
            if let Some(newer) = held.get_mut(&key) {
                newer.unwritten += denied.unwritten;
            } else if held.len() < MAX_KEYS {
                held.insert(key, denied);
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Key, Denied>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(kernel: &Kernel, denied: &Denied) -> Result<()> {
    let Denied { author, say: Say(say), unwritten, .. } = denied;
    let mut tx = Tx::begin(kernel, author.clone()).await?;
    tx.record(say(*unwritten));
    tx.commit().await.map(|_| ())
}
