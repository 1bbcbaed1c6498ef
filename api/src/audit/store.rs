//! Every query of the record.

use std::{collections::HashMap, sync::Arc};

use ::entity::{audit_leaf, audit_log, audit_personal, audit_subject};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    QueryTrait, Select,
    sea_query::{Asterisk, Expr, Func, SelectStatement},
};
use uuid::Uuid;

use crate::kernel::{actor::Boundary, db::Conn, error::Result, rows};

/// The entries within `boundary`.
pub(super) fn entries(boundary: &Boundary) -> Select<audit_log::Entity> {
    let select = audit_log::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => {
            select.filter(audit_log::Column::OrganizationId.is_in(ids.iter().copied()))
        }
    }
}

/// Those whose actor is an admin user. The condition is spelled out: there is an index over these alone, and a bound
/// value would prove nothing to the planner.
pub(super) fn admin_actions(boundary: &Boundary) -> Select<audit_log::Entity> {
    entries(boundary).filter(Expr::cust("actor_kind = 'ADMIN_USER'"))
}

/// What the record calls somebody.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their pseudonym, where entries are about them.
    pub subject: Option<String>,
    /// The actor that they are, where they have an admin account.
    pub actor: Option<String>,
}

impl Person {
    /// The entries about them, and those of what they did, within `boundary`; each once. Two queries rather than one with
    /// OR: each is read in the order of the ids by an index, which says the types, too.
    pub(super) fn activity(&self, boundary: &Boundary) -> Vec<Select<audit_log::Entity>> {
        let about = self.subject.as_ref().map(|subject| {
            let others = self.actor.as_ref().map(|actor| audit_log::Column::ActorId.ne(actor));
            entries(boundary)
                .filter(audit_log::Column::Subject.eq(subject))
                .filter(Condition::all().add_option(others))
        });
        let by =
            self.actor.as_ref().map(|actor| entries(boundary).filter(audit_log::Column::ActorId.eq(actor)));
        about.into_iter().chain(by).collect()
    }
}

/// How many entries of each type there are among the newest `limit` of `entries`.
pub(super) async fn count_by_type(
    entries: &Select<audit_log::Entity>,
    limit: u64,
    db: &Conn,
) -> Result<Vec<(String, u64)>> {
    let newest = entries
        .clone()
        .select_only()
        .column(audit_log::Column::EventType)
        .order_by_desc(audit_log::Column::Id)
        .limit(limit);
    let mut query = SelectStatement::new();
    query
        .column(audit_log::Column::EventType)
        .expr_as(Func::count(Expr::col(Asterisk)), "n")
        .from_subquery(newest.into_query(), "newest")
        .group_by_col(audit_log::Column::EventType);
    let rows = db.query_all_raw(db.get_database_backend().build(&query)).await?;
    let count = |row: QueryResult| {
        let count: i64 = row.try_get("", "n")?;
        Ok((row.try_get("", "event_type")?, count.unsigned_abs()))
    };
    rows.into_iter().map(count).collect()
}

/// When the last of `entries` happened.
pub(super) async fn last_at(entries: &Select<audit_log::Entity>, db: &Conn) -> Result<Option<DateTime<Utc>>> {
    let last = entries.clone().order_by_desc(audit_log::Column::Id).limit(1);
    Ok(rows::all(last, db).await?.pop().map(|entry| entry.occurred_at))
}

/// Entries by id.
pub(super) async fn entries_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<audit_log::Model>>> {
    rows::by_id(entries(&Boundary::All), audit_log::Column::Id, ids, |row| row.id, db).await
}

/// The places of entries in the tree, by the entries' ids; none while they aren't sequenced.
pub(super) async fn leaf_indexes(db: &Conn, entries: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let select = audit_leaf::Entity::find().filter(rows::among(audit_leaf::Column::AuditLogId, entries, db));
    Ok(select.all(db).await?.into_iter().map(|row| (row.audit_log_id, row.leaf_index)).collect())
}

/// The users behind pseudonyms; none for those who were erased.
pub(super) async fn users_of(db: &Conn, pseudonyms: &[String]) -> Result<HashMap<String, Uuid>> {
    let select = audit_subject::Entity::find().filter(audit_subject::Column::Pseudonym.is_in(pseudonyms));
    Ok(select.all(db).await?.into_iter().map(|row| (row.pseudonym, row.user_id)).collect())
}

/// The pseudonyms of users, by the users' ids.
pub(super) async fn pseudonyms_of(db: &Conn, users: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let select = audit_subject::Entity::find().filter(rows::among(audit_subject::Column::UserId, users, db));
    Ok(select.all(db).await?.into_iter().map(|row| (row.user_id, row.pseudonym)).collect())
}

/// The personal values of entries, sealed, by the entries' ids.
pub(super) async fn personal_of(
    db: &Conn,
    entries: &[Uuid],
) -> Result<HashMap<Uuid, Vec<audit_personal::Model>>> {
    let rows = audit_personal::Entity::find()
        .filter(rows::among(audit_personal::Column::AuditLogId, entries, db))
        .order_by_asc(audit_personal::Column::AuditLogId)
        .order_by_asc(audit_personal::Column::Path)
        .all(db)
        .await?;
    let mut by_entry: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        by_entry.entry(row.audit_log_id).or_default().push(row);
    }
    Ok(by_entry)
}
