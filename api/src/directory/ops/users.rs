//! How people come into the register, and stay as the platform knows them.

use std::collections::HashMap;

use ::entity::user::{self, UserStatus};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        actor::Boundary,
        error::{Error, Result, UserErrorCode, Violation},
        tx::Tx,
    },
};

/// What the platform says of a person.
#[derive(Clone, Debug)]
pub struct UserRecord {
    /// The id by which the platform knows them.
    pub external_id: String,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they have proved to be who they say. Once they have, they have.
    pub is_verified: bool,
    /// When they were last seen, where that is known. A measurement: it comes along with a change and makes none.
    pub last_active_at: Option<DateTime<Utc>>,
    /// Whether they are gone. Once they are, they are.
    pub is_deleted: bool,
}

/// What a record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Upserted {
    /// They are new.
    Created,
    /// They were otherwise.
    Updated,
    /// They are gone.
    Deleted,
    /// They were so already.
    Unchanged,
}

/// What became of a record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UpsertItem {
    /// Who it is, where they are in the register.
    pub id: Option<Uuid>,
    /// What it came to; nothing where something is wrong with it.
    pub upserted: Option<Upserted>,
    /// What is wrong with it.
    pub violations: Vec<Violation>,
}

/// Brings the register in line with what the platform says of up to 500 people: adds who is new, changes who is
/// otherwise by now, and leaves the others. Answers those whom it wrote, in the order of the records.
///
/// # Errors
/// LIMIT_EXCEEDED, what is wrong with a record, CONFLICT where somebody else adds one of them at the same time.
pub async fn upsert_users(tx: &mut Tx, records: Vec<UserRecord>) -> Result<Vec<user::Model>> {
    if records.len() > rules::MAX_RECORDS {
        let message = format!("bring at most {} people at once", rules::MAX_RECORDS);
        return Err(Error::invalid(UserErrorCode::LimitExceeded, "users", message));
    }
    let mut batch = Batch::new(records, false);
    batch.upsert(tx).await?;
    Ok(batch.written)
}

/// The same of up to 100 people, and answers what became of each record. With `is_partial` those are written with
/// which nothing is wrong; else all or none.
///
/// # Errors
/// As [`upsert_users`]; NOT_ALLOWED.
pub async fn upsert_each(tx: &mut Tx, records: Vec<UserRecord>, is_partial: bool) -> Result<Vec<UpsertItem>> {
    rules::check_batch(records.len(), "users")?;
    if !matches!(tx.boundary(), Boundary::All) {
        let message = "people are the platform's: who acts for an organization can't bring any";
        return Err(Error::denied("users", message));
    }
    let mut batch = Batch::new(records, is_partial);
    batch.upsert(tx).await?;
    Ok(batch.items)
}

/// Records on their way into the register.
struct Batch {
    is_partial: bool,
    /// What becomes of each, in the order that they came in.
    items: Vec<UpsertItem>,
    /// Those that are right so far, with their places.
    records: Vec<(usize, UserRecord)>,
    written: Vec<user::Model>,
}

impl Batch {
    fn new(records: Vec<UserRecord>, is_partial: bool) -> Self {
        let mut batch = Self {
            is_partial,
            items: vec![UpsertItem::default(); records.len()],
            records: Vec::with_capacity(records.len()),
            written: Vec::with_capacity(records.len()),
        };
        let mut seen = HashMap::with_capacity(records.len());
        for (i, record) in records.into_iter().enumerate() {
            match check(i, record, &mut seen) {
                Ok(record) => batch.records.push((i, record)),
                Err(violations) => batch.items[i].violations = violations,
            }
        }
        batch
    }

    /// Goes on with what is right, where that is wanted.
    fn check(&self) -> Result<()> {
        let wrong: Vec<_> = self.items.iter().flat_map(|item| item.violations.clone()).collect();
        if wrong.is_empty() || self.is_partial { Ok(()) } else { Err(wrong.into()) }
    }

    async fn upsert(&mut self, tx: &mut Tx) -> Result<()> {
        self.check()?;
        let ids: Vec<&str> = self.records.iter().map(|(_, record)| record.external_id.as_str()).collect();
        let known = store::lock_users(tx, &ids).await?;
        let mut known: HashMap<String, user::Model> =
            known.into_iter().filter_map(|row| Some((row.external_id.clone()?, row))).collect();
        let mut steps = Vec::with_capacity(self.records.len());
        for (i, record) in std::mem::take(&mut self.records) {
            let before = known.remove(&record.external_id);
            if before.as_ref().is_some_and(|before| before.status == UserStatus::Deleted)
                && !record.is_deleted
            {
                let field = format!("users.{i}.externalId");
                let message = "they are gone: whoever comes back has another id";
                self.items[i].violations =
                    vec![Violation::new(UserErrorCode::InvalidTransition, &field, message)];
                continue;
            }
            steps.push((i, step(tx, before.as_ref(), record), before));
        }
        self.check()?;
        for (i, after, before) in steps {
            let item = &mut self.items[i];
            let Some((upserted, after)) = after else {
                (item.id, item.upserted) = (before.map(|before| before.id), Some(Upserted::Unchanged));
                continue;
            };
            (item.id, item.upserted) = (Some(after.id), Some(upserted));
            let is_proof = before.as_ref().is_some_and(|before| before.verified_at.is_none())
                && after.verified_at.is_some();
            let ty = match upserted {
                Upserted::Created => &events::USER_CREATED,
                Upserted::Deleted => &events::USER_DELETED,
                _ if is_proof => &events::USER_VERIFIED,
                _ => &events::USER_UPDATED,
            };
            tx.record(events::user(ty, before.as_ref(), &after, None));
            self.written.push(after);
        }
        store::put_users(tx, &self.written).await?;
        if self.written.iter().any(|user| user.status == UserStatus::Deleted) {
            // Nobody acts in the place of who is gone.
            tx.rights_changed().await?;
        }
        Ok(())
    }
}

/// Who they are after `record`; none where that is who they are already.
fn step(tx: &Tx, before: Option<&user::Model>, record: UserRecord) -> Option<(Upserted, user::Model)> {
    let now = tx.now();
    let search = || user::Model::searchable(&record.name, &record.email, Some(&record.external_id));
    let Some(before) = before else {
        let search = search();
        let created = || user::Model {
            id: tx.new_id(),
            external_id: Some(record.external_id),
            email: record.email,
            name: record.name,
            status: rules::standing(record.is_verified),
            verified_at: record.is_verified.then_some(now),
            suspended_until: None,
            last_active_at: record.last_active_at,
            search,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        return (!record.is_deleted).then(|| (Upserted::Created, created()));
    };
    let changed = user::Model { updated_at: now, version: before.version + 1, ..before.clone() };
    if record.is_deleted {
        let deleted = user::Model { status: UserStatus::Deleted, suspended_until: None, ..changed };
        return (before.status != UserStatus::Deleted).then_some((Upserted::Deleted, deleted));
    }
    let is_proved = record.is_verified && before.verified_at.is_none();
    if !is_proved && before.email == record.email && before.name == record.name {
        return None;
    }
    let is_let_in = is_proved && before.status == UserStatus::Pending;
    let updated = user::Model {
        search: search(),
        email: record.email,
        name: record.name,
        status: if is_let_in { UserStatus::Active } else { before.status },
        verified_at: before.verified_at.or(is_proved.then_some(now)),
        last_active_at: record.last_active_at.max(before.last_active_at),
        ..changed
    };
    Some((Upserted::Updated, updated))
}

/// The record number `i` as it is stored; `seen` are the external ids so far.
fn check(
    i: usize,
    record: UserRecord,
    seen: &mut HashMap<String, usize>,
) -> Result<UserRecord, Vec<Violation>> {
    let field = |name: &str| format!("users.{i}.{name}");
    let parts = (
        rules::external_id(&record.external_id, &field("externalId")),
        rules::email(&record.email, &field("email")),
        rules::name(&record.name, &field("name")),
    );
    let (external_id, email, name) = match parts {
        (Ok(external_id), Ok(email), Ok(name)) => (external_id, email, name),
        (a, b, c) => return Err([a.err(), b.err(), c.err()].into_iter().flatten().collect()),
    };
    if let Some(first) = seen.insert(external_id.clone(), i) {
        let message = format!("this person is here twice: see users.{first}");
        return Err(vec![Violation::new(UserErrorCode::Invalid, &field("externalId"), message)]);
    }
    Ok(UserRecord { external_id, email, name, ..record })
}
