//! How people come into the register, and what is done to them there.

use std::collections::HashMap;

use ::entity::user::{self, UserStatus};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        error::{Error, Result, UserErrorCode, Violation},
        event::EventType,
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
}

/// Brings the register in line with what the platform says of up to 500 people: adds who is new, changes who is
/// otherwise by now, and leaves the others. Answers those whom it wrote, in the order of the records.
///
/// # Errors
/// LIMIT_EXCEEDED, what is wrong with a record, CONFLICT where somebody else adds one of them at the same time.
pub async fn upsert_users(tx: &mut Tx, records: Vec<UserRecord>) -> Result<Vec<user::Model>> {
    let records = checked_records(records)?;
    let ids: Vec<&str> = records.iter().map(|record| record.external_id.as_str()).collect();
    let known = store::lock_users(tx, &ids).await?;
    let mut known: HashMap<String, user::Model> =
        known.into_iter().filter_map(|row| Some((row.external_id.clone()?, row))).collect();
    let mut written = Vec::new();
    for record in records {
        let before = known.remove(&record.external_id);
        let Some(after) = step(tx, before.as_ref(), record) else { continue };
        let ty = match &before {
            None => &events::USER_CREATED,
            Some(before) if before.verified_at.is_none() && after.verified_at.is_some() => {
                &events::USER_VERIFIED
            }
            Some(_) => &events::USER_UPDATED,
        };
        tx.record(events::user(ty, before.as_ref(), &after, None));
        written.push(after);
    }
    store::put_users(tx, &written).await?;
    Ok(written)
}

/// Who they are after `record`; none where that is who they are already.
fn step(tx: &Tx, before: Option<&user::Model>, record: UserRecord) -> Option<user::Model> {
    let now = tx.now();
    let Some(before) = before else {
        return Some(user::Model {
            id: tx.new_id(),
            external_id: Some(record.external_id),
            email: record.email,
            name: record.name,
            status: rules::standing(record.is_verified),
            verified_at: record.is_verified.then_some(now),
            last_active_at: record.last_active_at,
            created_at: now,
            updated_at: now,
            version: 1,
        });
    };
    let is_proved = record.is_verified && before.verified_at.is_none();
    if !is_proved && before.email == record.email && before.name == record.name {
        return None;
    }
    let is_let_in = is_proved && before.status == UserStatus::Pending;
    Some(user::Model {
        email: record.email,
        name: record.name,
        status: if is_let_in { UserStatus::Active } else { before.status },
        verified_at: before.verified_at.or(is_proved.then_some(now)),
        last_active_at: record.last_active_at.max(before.last_active_at),
        updated_at: now,
        version: before.version + 1,
        ..before.clone()
    })
}

fn checked_records(records: Vec<UserRecord>) -> Result<Vec<UserRecord>> {
    if records.len() > rules::MAX_RECORDS {
        let message = format!("bring at most {} people at once", rules::MAX_RECORDS);
        return Err(Error::invalid(UserErrorCode::LimitExceeded, "users", message));
    }
    let mut seen = HashMap::with_capacity(records.len());
    let mut wrong: Vec<Violation> = Vec::new();
    let mut checked = Vec::with_capacity(records.len());
    for (i, record) in records.into_iter().enumerate() {
        let field = |name: &str| format!("users.{i}.{name}");
        let parts = (
            rules::external_id(&record.external_id, &field("externalId")),
            rules::email(&record.email, &field("email")),
            rules::name(&record.name, &field("name")),
        );
        let (external_id, email, name) = match parts {
            (Ok(external_id), Ok(email), Ok(name)) => (external_id, email, name),
            (a, b, c) => {
                wrong.extend([a.err(), b.err(), c.err()].into_iter().flatten());
                continue;
            }
        };
        if let Some(first) = seen.insert(external_id.clone(), i) {
            let message = format!("this person is here twice: see users.{first}");
            wrong.push(Violation::new(UserErrorCode::Invalid, &field("externalId"), message));
        }
        checked.push(UserRecord { external_id, email, name, ..record });
    }
    if wrong.is_empty() { Ok(checked) } else { Err(wrong.into()) }
}

/// Keeps a person out for now.
///
/// # Errors
/// NOT_FOUND, INVALID_TRANSITION, REQUIRED, TOO_LONG.
pub async fn suspend_user(tx: &mut Tx, id: Uuid, reason: &str) -> Result<user::Model> {
    let reason = rules::reason(reason)?;
    let before = lock(tx, id).await?;
    rules::check_suspend(before.status)?;
    let after = user::Model { status: UserStatus::Suspended, ..before.clone() };
    save(tx, &events::USER_SUSPENDED, &before, after, &reason).await
}

/// Lets a person in again.
///
/// # Errors
/// As [`suspend_user`].
pub async fn reinstate_user(tx: &mut Tx, id: Uuid, reason: &str) -> Result<user::Model> {
    let reason = rules::reason(reason)?;
    let before = lock(tx, id).await?;
    rules::check_reinstate(before.status)?;
    let after = user::Model { status: rules::standing(before.verified_at.is_some()), ..before.clone() };
    save(tx, &events::USER_REINSTATED, &before, after, &reason).await
}

async fn lock(tx: &Tx, id: Uuid) -> Result<user::Model> {
    store::lock_user(tx, id).await?.ok_or_else(|| Error::not_found("user", "id"))
}

async fn save(
    tx: &mut Tx,
    ty: &'static EventType,
    before: &user::Model,
    mut after: user::Model,
    reason: &str,
) -> Result<user::Model> {
    after.version += 1;
    after.updated_at = tx.now();
    store::put_users(tx, std::slice::from_ref(&after)).await?;
    tx.record(events::user(ty, Some(before), &after, Some(reason)));
    Ok(after)
}
