//! Queries of alerts.

use std::{collections::HashMap, sync::Arc};

use ::entity::alert::{self, AlertSeverity, Column};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::kernel::{actor::Boundary, db::Conn, error::Result, rows, tx::Tx};

/// What makes an alert an open one. Spelled out, not bound: only so both databases see that the unique index applies.
const OPEN: &str = "status <> 'RESOLVED'";

/// The alerts within `boundary`.
pub fn alerts(boundary: &Boundary) -> Select<alert::Entity> {
    let select = alert::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => select.filter(Column::OrganizationId.is_in(ids.iter().copied())),
    }
}

/// Alerts by id.
pub async fn alerts_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<alert::Model>>> {
    rows::by_id(alerts(&Boundary::All), Column::Id, ids, |row| row.id, db).await
}

/// The incident that an alert is joined to.
pub async fn incident_of_alert(tx: &Tx, id: Uuid) -> Result<Option<Uuid>> {
    let linked = alerts(tx.boundary()).select_only().column(Column::IncidentId).filter(Column::Id.eq(id));
    Ok(linked.into_tuple().one(tx.db()).await?.flatten())
}

/// How many alerts of the highest severity are open.
pub async fn count_open_critical(db: &Conn, boundary: &Boundary) -> Result<u64> {
    let open = alerts(boundary).filter(Column::Severity.eq(AlertSeverity::Critical)).filter(Expr::cust(OPEN));
    Ok(open.count(db).await?)
}

/// The alert `id`, held until the transaction ends.
pub async fn lock_alert(tx: &Tx, id: Uuid) -> Result<Option<alert::Model>> {
    Ok(alerts(tx.boundary()).filter(Column::Id.eq(id)).lock_exclusive().one(tx.db()).await?)
}

/// The open alert of a condition, held until the transaction ends.
pub async fn lock_open(
    tx: &Tx,
    organization: Uuid,
    source: &str,
    dedup_key: &str,
) -> Result<Option<alert::Model>> {
    let open = alert::Entity::find()
        .filter(Column::OrganizationId.eq(organization))
        .filter(Column::Source.eq(source))
        .filter(Column::DedupKey.eq(dedup_key))
        .filter(Expr::cust(OPEN))
        .lock_exclusive();
    Ok(open.one(tx.db()).await?)
}

/// Up to `limit` alerts of incidents, held until the transaction ends.
pub async fn lock_of_incidents(tx: &Tx, incidents: &[Uuid], limit: u64) -> Result<Vec<alert::Model>> {
    let rows = alerts(tx.boundary())
        .filter(Column::IncidentId.is_in(incidents.iter().copied()))
        .order_by_asc(Column::Id)
        .limit(limit)
        .lock_exclusive();
    Ok(rows.all(tx.db()).await?)
}

/// Adds an open alert, unless the condition has one. Whether it was added: a concurrent one of the same condition is
/// waited for.
pub async fn insert_open(tx: &Tx, alert: &alert::Model) -> Result<bool> {
    let insert = alert::Entity::insert_many([alert.clone().into_active_model()])
        .on_conflict(OnConflict::new().do_nothing().to_owned());
    Ok(insert.exec_without_returning(tx.db()).await? > 0)
}

/// Writes an alert over.
pub async fn update_alert(tx: &Tx, alert: &alert::Model) -> Result<()> {
    let all = alert.clone().into_active_model().reset_all();
    alert::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Joins alerts to an incident.
pub async fn relink(tx: &Tx, ids: &[Uuid], incident: Uuid) -> Result<()> {
    alert::Entity::update_many()
        .col_expr(Column::IncidentId, Expr::val(incident))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now()))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// Whether `source` has raised, or raised again, an alert of the service since `since`.
pub async fn has_alert_since(
    db: &impl ConnectionTrait,
    service: Uuid,
    source: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    let raised = alert::Entity::find()
        .filter(Column::ServiceId.eq(service))
        .filter(Column::Source.eq(source))
        .filter(Column::LastSeenAt.gte(since));
    Ok(raised.one(db).await?.is_some())
}
