//! What the database says of how the gateway is doing.

use std::collections::HashMap;

use ::entity::{
    dead_letter, event, log_head, outbox, reactor_cursor,
    task::{self, Column},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select, Statement, sea_query::Expr,
};

use crate::kernel::{
    db::Conn,
    error::{Error, Result},
};

/// Rows are counted up to this many.
pub(super) const COUNTED: u64 = 10_000;

/// Whether the database answers.
pub(super) async fn ping(db: &Conn) -> Result<()> {
    db.query_one_raw(Statement::from_string(db.get_database_backend(), "SELECT 1")).await?;
    Ok(())
}

/// How far the log has come.
pub(super) async fn head(db: &Conn) -> Result<log_head::Model> {
    let row = log_head::Entity::find_by_id(1).one(db).await?;
    row.ok_or_else(|| Error::internal("log_head has no row"))
}

/// How many committed events have no position yet.
pub(super) async fn unsequenced(db: &Conn) -> Result<u64> {
    count(outbox::Entity::find(), db).await
}

/// When the first of them happened.
pub(super) async fn oldest_unsequenced(db: &Conn) -> Result<Option<DateTime<Utc>>> {
    let found = outbox::Entity::find()
        .join(JoinType::InnerJoin, event_of_place())
        .select_only()
        .column(event::Column::OccurredAt)
        .order_by_asc(outbox::Column::Seq)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found)
}

fn event_of_place() -> RelationDef {
    outbox::Entity::belongs_to(event::Entity).from(outbox::Column::EventId).to(event::Column::Id).into()
}

/// How many tasks are due, are running, and have failed for good within the last day. The conditions on the state are
/// spelled out: only so do both databases see that the partial indexes apply.
pub(super) async fn tasks(db: &Conn, now: DateTime<Utc>) -> Result<(u64, u64, u64)> {
    let due = task::Entity::find().filter(Expr::cust("state = 'PENDING'")).filter(Column::RunAt.lte(now));
    let running = task::Entity::find().filter(Expr::cust("state = 'RUNNING'"));
    let failed = task::Entity::find()
        .filter(Expr::cust("finished_at IS NOT NULL"))
        .filter(Column::FinishedAt.gt(now - TimeDelta::days(1)))
        .filter(Column::State.eq(task::TaskState::Failed));
    Ok((count(due, db).await?, count(running, db).await?, count(failed, db).await?))
}

/// How far the reactors have come, by name.
pub(super) async fn reactors(db: &Conn) -> Result<Vec<reactor_cursor::Model>> {
    Ok(reactor_cursor::Entity::find().order_by_asc(reactor_cursor::Column::Name).all(db).await?)
}

/// How many events reactors have set aside, by the reactors' names.
pub(super) async fn parked(db: &Conn) -> Result<HashMap<String, i64>> {
    let counts: Vec<(String, i64)> = dead_letter::Entity::find()
        .select_only()
        .column(dead_letter::Column::Reactor)
        .column_as(dead_letter::Column::Id.count(), "parked")
        .group_by(dead_letter::Column::Reactor)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counts.into_iter().collect())
}

async fn count<E: EntityTrait<Model: Sync>>(select: Select<E>, db: &Conn) -> Result<u64> {
    Ok(select.limit(COUNTED).count(db).await?)
}
