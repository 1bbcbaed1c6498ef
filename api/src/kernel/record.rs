//! One call, two streams: how a transaction's facts become audit entries and events.
//!
//! For each fact one row in `audit_logs` (its canonical body and leaf hash), one in `events`, one in `outbox`. Personal
//! values go to `audit_personal`, sealed; the body holds salted commitments to them (KERNEL.md, leaf form 1).

use std::collections::HashMap;

use ::entity::{audit_log, audit_personal, audit_subject, event, outbox};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel, QueryFilter,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Kernel,
    error::{Error, Result},
    event::Event,
    id::Prefix,
    leaf::{self, Leaf},
    log, redact,
    secret::{Aad, sealed::SealedTable},
    statement::{Text, Write},
    tx::{Author, Committed},
};

/// `aud_…`
pub const AUDIT_LOG: Prefix = Prefix("aud");
/// `evt_…`
pub const EVENT: Prefix = Prefix("evt");

/// The personal values of entries.
pub static SEALED: SealedTable =
    SealedTable { name: "audit_personal", row: "audit_log_id", beside: Some("path"), columns: &["sealed"] };

/// Deferred statements that go out as one with the record: each set of them is a statement that a connection prepares.
const MAX_TOGETHER: usize = 8;

/// What [`write`] wrote.
pub(super) struct Flushed {
    /// The first fact's proof; none where there was no fact.
    pub first: Option<Committed>,
    /// PostgreSQL's id of the transaction, to ask for its fate.
    pub transaction_id: Option<String>,
}

/// Writes `events` as entries and events of one transaction, and what it has deferred. At most 500 rows a statement.
pub(super) async fn write(
    kernel: &Kernel,
    db: &DatabaseTransaction,
    author: &Author,
    now: DateTime<Utc>,
    depth: i16,
    events: Vec<Event>,
    mut deferred: Vec<Write>,
) -> Result<Flushed> {
    let mut flushed = Flushed { first: None, transaction_id: None };
    let subjects = subjects(db, &events).await?;
    let mut rows = Vec::with_capacity(events.len());
    for fact in events {
        rows.push(Row::new(kernel, author, now, depth, fact, &subjects)?);
    }
    flushed.first = rows.first().map(|row| Committed {
        audit_log_id: row.entry.id,
        leaf_hash: row.leaf_hash,
        event_id: row.event.id,
        committed_at: now,
    });
    if rows.is_empty() || deferred.len() > MAX_TOGETHER {
        for write in deferred.drain(..) {
            write.execute(db).await?;
        }
    }
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(500));
        let chunk = std::mem::replace(&mut rows, rest);
        let transaction_id = insert(db, chunk, std::mem::take(&mut deferred)).await?;
        flushed.transaction_id = transaction_id.or(flushed.transaction_id);
    }
    if db.get_database_backend() == DbBackend::Sqlite {
        // There is one writer, so the order of commits is known already.
        while log::sequence(db).await? as u64 == log::BATCH {}
    }
    Ok(flushed)
}

struct Row {
    entry: audit_log::Model,
    event: event::Model,
    personal: Vec<audit_personal::Model>,
    leaf_hash: [u8; 32],
}

impl Row {
    fn new(
        kernel: &Kernel,
        author: &Author,
        now: DateTime<Utc>,
        depth: i16,
        fact: Event,
        subjects: &HashMap<Uuid, String>,
    ) -> Result<Self> {
        let (audit_log_id, event_id) = (kernel.new_id(now), kernel.new_id(now));
        let mut data = fact.data.transpose()?.unwrap_or(Value::Null);
        let mut lifted = leaf::lift_personal(&mut data);
        redact::redact(&mut data);
        lifted
            .extend(author.ip_address.iter().map(|ip| ("$request.ipAddress".to_owned(), ip.as_str().into())));
        lifted.extend(
            author
                .user_agent
                .iter()
                .map(|ua| ("$request.userAgent".to_owned(), redact::redact_text(ua).into_owned().into())),
        );

        let mut commitments = serde_json::Map::new();
        let mut personal = Vec::with_capacity(lifted.len());
        for (path, value) in lifted {
            let salt: [u8; 32] = rand::random();
            commitments.insert(path.clone(), leaf::commit(&salt, &path, &value).map_err(internal)?.into());
            let aad = Aad { table: SEALED.name, row: audit_log_id };
            let sealed = kernel.keys().seal(value.to_string().as_bytes(), aad);
            personal.push(audit_personal::Model { audit_log_id, path, salt: salt.to_vec(), sealed });
        }

        let subject = fact.subject.and_then(|user| subjects.get(&user).cloned());
        let impersonator_id = author.impersonator.as_ref().map(|actor| actor.id.clone());
        let organization_id = fact.entity.organization_id;
        let body = Leaf {
            id: AUDIT_LOG.encode(audit_log_id),
            event_id: EVENT.encode(event_id),
            occurred_at: now,
            service_name: "opsgate".to_owned(),
            event_type: fact.ty.name.to_owned(),
            category: text(fact.ty.category)?,
            severity: text(fact.ty.severity)?,
            action: fact.ty.action.to_owned(),
            outcome: text(fact.outcome)?,
            actor: leaf::LeafActor { kind: text(author.actor.kind)?, id: author.actor.id.clone() },
            impersonator: impersonator_id.clone(),
            entity: Some(leaf::LeafEntity { kind: fact.entity.kind.to_owned(), id: fact.entity.id.clone() }),
            organization_id: (!organization_id.is_nil())
                .then(|| super::actor::ORGANIZATION.encode(organization_id)),
            subject: subject.clone(),
            request_id: author.request_id.clone(),
            correlation_id: author.correlation_id.clone(),
            data: (!data.is_null()).then(|| data.clone()),
            personal: (!commitments.is_empty()).then_some(Value::Object(commitments)),
        }
        .canonical()
        .map_err(internal)?;
        let leaf_hash = leaf::leaf_hash(body.as_bytes());

        let event = event::Model {
            id: event_id,
            event_type: fact.ty.name.to_owned(),
            payload_version: fact.ty.version,
            category: fact.ty.category,
            occurred_at: now,
            actor_kind: author.actor.kind,
            actor_id: author.actor.id.clone(),
            impersonator_id: impersonator_id.clone(),
            entity_type: fact.entity.kind.to_owned(),
            entity_id: fact.entity.id.clone(),
            entity_version: fact.entity.version,
            organization_id,
            correlation_id: author.correlation_id.clone(),
            causation_id: author.cause.map(|(id, _)| id),
            depth,
            audit_log_id,
            payload: data,
            before: fact.before,
            after: fact.after,
        };
        let entry = audit_log::Model {
            id: audit_log_id,
            event_id,
            service_name: "opsgate".to_owned(),
            event_type: fact.ty.name.to_owned(),
            category: fact.ty.category,
            severity: fact.ty.severity,
            action: fact.ty.action.to_owned(),
            outcome: fact.outcome,
            actor_kind: author.actor.kind,
            actor_id: author.actor.id.clone(),
            impersonator_id,
            entity_type: Some(fact.entity.kind.to_owned()),
            entity_id: Some(fact.entity.id),
            organization_id,
            subject,
            request_id: author.request_id.clone(),
            correlation_id: author.correlation_id.clone(),
            environment: kernel.environment().to_owned(),
            surface: author.surface,
            occurred_at: now,
            received_at: now,
            body,
            leaf_hash: leaf_hash.to_vec(),
        };
        Ok(Self { entry, event, personal, leaf_hash })
    }
}

/// Inserts them, and `deferred`. On PostgreSQL as one statement, since each is a round trip; it answers the transaction's
/// id, too.
async fn insert(db: &DatabaseTransaction, rows: Vec<Row>, deferred: Vec<Write>) -> Result<Option<String>> {
    let (mut entries, mut personal, mut events, mut places) = (vec![], vec![], vec![], vec![]);
    for row in rows {
        places.push(outbox::ActiveModel {
            seq: NotSet,
            event_id: Set(row.event.id),
            audit_log_id: Set(row.entry.id),
            leaf_hash: Set(row.leaf_hash.to_vec()),
        });
        entries.push(row.entry.into_active_model());
        events.push(row.event.into_active_model());
        personal.extend(row.personal.into_iter().map(IntoActiveModel::into_active_model));
    }
    let backend = db.get_database_backend();
    if backend != DbBackend::Postgres {
        for write in deferred {
            write.execute(db).await?;
        }
        add(db, entries).await?;
        add(db, personal).await?;
        add(db, events).await?;
        add(db, places).await?;
        return Ok(None);
    }
    let mut text = Text::new(backend);
    for write in &deferred {
        text.along(|text| text.write(write));
    }
    text.along(|text| text.insert(entries));
    if !personal.is_empty() {
        text.along(|text| text.insert(personal));
    }
    text.along(|text| text.insert(events));
    text.insert(places);
    text.push(" RETURNING pg_current_xact_id()::text AS transaction_id");
    let row = text.query_one(db).await?;
    Ok(row.map(|row| row.try_get("", "transaction_id")).transpose()?)
}

async fn add<A: ActiveModelTrait>(db: &DatabaseTransaction, rows: Vec<A>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut text = Text::new(db.get_database_backend());
    text.insert(rows);
    text.execute(db).await
}

/// The pseudonyms of the people whom `events` are about; made where there was none.
async fn subjects(db: &DatabaseTransaction, events: &[Event]) -> Result<HashMap<Uuid, String>> {
    let mut wanted: Vec<Uuid> = events.iter().filter_map(|event| event.subject).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let new = wanted.iter().map(|user| audit_subject::ActiveModel {
        pseudonym: Set(hex::encode(rand::random::<[u8; 16]>())),
        user_id: Set(*user),
    });
    audit_subject::Entity::insert_many(new)
        .on_conflict_do_nothing_on([audit_subject::Column::UserId])
        .exec_without_returning(db)
        .await?;
    let found =
        audit_subject::Entity::find().filter(audit_subject::Column::UserId.is_in(wanted)).all(db).await?;
    Ok(found.into_iter().map(|row| (row.user_id, row.pseudonym)).collect())
}

/// The name of an enum's value as it stands in JSON.
fn text(value: impl serde::Serialize) -> Result<String> {
    match serde_json::to_value(value)? {
        Value::String(text) => Ok(text),
        other => Err(Error::internal(format!("{other} isn't a name"))),
    }
}

fn internal(error: impl std::error::Error) -> Error {
    Error::internal(error.to_string())
}
