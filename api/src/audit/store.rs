//! Every query of the record.

use std::{collections::HashMap, sync::Arc};

use ::entity::{audit_leaf, audit_log, audit_personal, audit_subject};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Select, sea_query::Expr};
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
