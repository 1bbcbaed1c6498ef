//! What the database says of how the gateway is doing.

use std::{collections::HashMap, time::Duration};

use ::entity::{
    dead_letter, event, log_head, outbox, reactor_cursor,
    task::{self, Column},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select, Statement, sea_query::Expr,
};

use super::{
    Kernel,
    db::Conn,
    error::{Error, Result},
    queue,
};

/// Rows are counted up to this many.
const COUNTED: u64 = 10_000;

/// Whether the database answers.
///
/// # Errors
/// Where the database can't be read.
pub async fn ping(db: &Conn) -> Result<()> {
    db.query_one_raw(Statement::from_string(db.get_database_backend(), "SELECT 1")).await?;
    Ok(())
}

/// How far the log has come.
///
/// # Errors
/// Where the database can't be read.
pub async fn head(db: &Conn) -> Result<log_head::Model> {
    let row = log_head::Entity::find_by_id(1).one(db).await?;
    row.ok_or_else(|| Error::internal("log_head has no row"))
}

/// How many committed events have no position yet.
///
/// # Errors
/// Where the database can't be read.
pub async fn unsequenced(db: &Conn) -> Result<u64> {
    count(outbox::Entity::find(), db).await
}

/// When the first of them happened.
///
/// # Errors
/// Where the database can't be read.
pub async fn oldest_unsequenced(db: &Conn) -> Result<Option<DateTime<Utc>>> {
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

/// How many tasks are due. The conditions on the state are spelled out, here and below: only so do both databases see
/// that the partial indexes apply.
///
/// # Errors
/// Where the database can't be read.
pub async fn due_tasks(db: &Conn, now: DateTime<Utc>) -> Result<u64> {
    count(due(now), db).await
}

fn due(now: DateTime<Utc>) -> Select<task::Entity> {
    task::Entity::find().filter(Expr::cust("state = 'PENDING'")).filter(Column::RunAt.lte(now))
}

/// How many tasks are running.
///
/// # Errors
/// Where the database can't be read.
pub async fn running_tasks(db: &Conn) -> Result<u64> {
    count(task::Entity::find().filter(Expr::cust("state = 'RUNNING'")), db).await
}

/// How many tasks have failed for good within the last day.
///
/// # Errors
/// Where the database can't be read.
pub async fn failed_tasks(db: &Conn, now: DateTime<Utc>) -> Result<u64> {
    let failed = task::Entity::find()
        .filter(Expr::cust("finished_at IS NOT NULL"))
        .filter(Column::FinishedAt.gt(now - TimeDelta::days(1)))
        .filter(Column::State.eq(task::TaskState::Failed));
    count(failed, db).await
}

/// How far the reactors have come, by name.
///
/// # Errors
/// Where the database can't be read.
pub async fn reactors(db: &Conn) -> Result<Vec<reactor_cursor::Model>> {
    Ok(reactor_cursor::Entity::find().order_by_asc(reactor_cursor::Column::Name).all(db).await?)
}

/// How many events reactors have set aside, by the reactors' names.
///
/// # Errors
/// Where the database can't be read.
pub async fn parked(db: &Conn) -> Result<HashMap<String, i64>> {
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

/// How the parts stand that can fall behind.
#[derive(Debug)]
pub struct Status {
    /// The last position of the log.
    pub head: i64,
    /// Committed events without a position.
    pub unsequenced: u64,
    /// For how long the first of them has waited.
    pub unsequenced_for: Duration,
    /// Tasks that could run.
    pub due: u64,
    /// For how long the first of them could have.
    pub due_for: Duration,
    /// Tasks that run.
    pub running: u64,
    /// The reactors.
    pub reactors: Vec<ReactorStanding>,
}

/// How a reactor stands.
#[derive(Debug)]
pub struct ReactorStanding {
    /// What it is called.
    pub name: String,
    /// How many positions it is behind the log.
    pub behind: i64,
    /// How many events it has set aside.
    pub parked: i64,
}

impl Status {
    /// Asks the database, on the control pool: it is looked at most when nothing else gets a connection.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn read(kernel: &Kernel) -> Result<Self> {
        let db = &Conn::Pool(kernel.db().control().clone());
        let now = kernel.clock().now();
        let since =
            |at: Option<DateTime<Utc>>| at.and_then(|at| (now - at).to_std().ok()).unwrap_or_default();
        // The cursors first: the head is then never behind one of them.
        let (cursors, parked) = (reactors(db).await?, parked(db).await?);
        let head = head(db).await?.position;
        let unsequenced_for = since(oldest_unsequenced(db).await?);
        let due_for = since(queue::store::oldest_due(db, now).await?);
        let reactors = cursors.into_iter().map(|cursor| ReactorStanding {
            behind: head - cursor.position,
            parked: parked.get(&cursor.name).copied().unwrap_or_default(),
            name: cursor.name,
        });
        Ok(Self {
            head,
            unsequenced: unsequenced(db).await?,
            unsequenced_for,
            due: due_tasks(db, now).await?,
            due_for,
            running: running_tasks(db).await?,
            reactors: reactors.collect(),
        })
    }
}
