//! Queries of what probes found.

use std::collections::HashMap;

use ::entity::probe_result::{self, Column, ProbeOutcome};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, Func},
};
use uuid::Uuid;

use crate::{
    kernel::{db::Conn, error::Result, rows, telemetry::Telemetry},
    monitoring::{probe::Found, rules::Tally},
};

/// The row of what a probe found.
pub fn result_row(id: Uuid, service_id: Uuid, at: DateTime<Utc>, found: &Found) -> probe_result::Model {
    probe_result::Model {
        id,
        service_id,
        at,
        outcome: found.outcome,
        response_time_ms: found.response_time_ms,
        status_code: found.status_code,
        error: found.error.clone(),
    }
}

#[derive(FromQueryResult)]
struct TallyRow {
    service_id: Uuid,
    total: i64,
    failed: i64,
    degraded: i64,
    timed: i64,
    time_ms: Option<i64>,
}

/// The results of services since `since`, counted in one statement; those without any are left out.
pub async fn tallies(db: &Conn, ids: &[Uuid], since: DateTime<Utc>) -> Result<HashMap<Uuid, Tally>> {
    // COUNT takes no notice of NULL, which is what CASE has without an ELSE.
    let of = |outcome: ProbeOutcome| Func::count(Expr::case(Column::Outcome.eq(outcome), 1));
    let rows = probe_result::Entity::find()
        .select_only()
        .column(Column::ServiceId)
        .column_as(Column::Id.count(), "total")
        .expr_as(of(ProbeOutcome::Failed), "failed")
        .expr_as(of(ProbeOutcome::Degraded), "degraded")
        .column_as(Column::ResponseTimeMs.count(), "timed")
        .column_as(Column::ResponseTimeMs.sum(), "time_ms")
        .filter(rows::among(Column::ServiceId, ids, db))
        .filter(Column::At.gte(since))
        .group_by(Column::ServiceId)
        .into_model::<TallyRow>()
        .all(db)
        .await?;
    let tally = |row: &TallyRow| Tally {
        total: row.total,
        failed: row.failed,
        degraded: row.degraded,
        timed: row.timed,
        time_ms: row.time_ms.unwrap_or_default(),
    };
    Ok(rows.iter().map(|row| (row.service_id, tally(row))).collect())
}

/// Deletes up to `limit` results from before `before`, the oldest first. Answers how many.
pub async fn delete_older(door: Telemetry<'_>, before: DateTime<Utc>, limit: u64) -> Result<u64> {
    // The id of a result begins with its time, so the primary key finds the old ones.
    let millis = u128::from(u64::try_from(before.timestamp_millis()).unwrap_or_default());
    let oldest = probe_result::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.lt(Uuid::from_u128(millis << 80)))
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_query();
    door.delete_many(probe_result::Entity::delete_many().filter(Column::Id.in_subquery(oldest))).await
}
