//! The sequencer: gives committed events their positions and audit entries their leaves.
//!
//! There is no leader: on PostgreSQL whoever gets the advisory lock is the one, for one transaction. The lock is taken
//! in a statement of its own, so that the next one sees everything that was committed when it was. That one does it all:
//! it competes with the requests for the same processors. A frozen holder is freed by
//! `idle_in_transaction_session_timeout`. SQLite has one writer, which calls [`sequence`] in its own transaction.

use std::time::Duration;

use ::entity::{audit_leaf, event_position, log_head, outbox};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel, Iterable, Order,
    QueryFilter, Statement, TransactionTrait,
    sea_query::{Expr, Query},
};

use tokio::time::{Instant, sleep, sleep_until};

use super::POLL;
use crate::kernel::{
    Kernel,
    error::{Error, Result},
    trouble::Trouble,
};

/// The advisory lock of whoever sequences.
const LOCK: i64 = i64::from_be_bytes(*b"opsg log");
/// Rows a transaction.
pub(in crate::kernel) const BATCH: u64 = 1000;
/// The channel on which PostgreSQL says that positions were given, and which process gave them.
pub(super) const CHANNEL: &str = "opsgate_log";
/// The least time from one batch to the next: under load they get larger instead of more.
const PACE: Duration = Duration::from_millis(10);

/// Gives the oldest `$1` rows of the outbox their places, and says so as `$2` on the channel `$3`. Where the head is gone, the caller undoes
/// it.
const SEQUENCE: &str = "\
WITH gone AS (
    DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT $1)
    RETURNING seq, event_id, audit_log_id, leaf_hash
), placed AS (
    SELECT row_number() OVER (ORDER BY seq) AS place, event_id, audit_log_id, leaf_hash FROM gone
), head AS (
    UPDATE log_head SET position = position + given.n, leaf = leaf + given.n
    FROM (SELECT count(*) AS n FROM gone) AS given WHERE id = 1 AND given.n > 0
    RETURNING position - given.n AS position, leaf - given.n AS leaf
), positions AS (
    INSERT INTO event_positions (position, event_id)
    SELECT head.position + placed.place, placed.event_id FROM placed, head
), leaves AS (
    INSERT INTO audit_leaves (leaf_index, audit_log_id, leaf_hash)
    SELECT head.leaf + placed.place - 1, placed.audit_log_id, placed.leaf_hash FROM placed, head
)
SELECT (SELECT count(*) FROM gone) AS given, (SELECT pg_notify($3, $2)::text FROM head) AS told";

/// Gives the next rows of the outbox their places. The caller is SQLite's writer.
///
/// # Errors
/// Where the database refuses; nothing has happened then.
pub async fn sequence(db: &impl ConnectionTrait) -> Result<usize> {
    let oldest = Query::select()
        .column(outbox::Column::Seq)
        .from(outbox::Entity)
        .order_by(outbox::Column::Seq, Order::Asc)
        .limit(BATCH)
        .take();
    let delete = Query::delete()
        .from_table(outbox::Entity)
        .and_where(outbox::Column::Seq.in_subquery(oldest))
        .returning(Query::returning().columns(outbox::Column::iter()))
        .take();
    let mut rows = Vec::new();
    for row in db.query_all(&delete).await? {
        rows.push(outbox::Model::from_query_result(&row, "")?);
    }
    if rows.is_empty() {
        return Ok(0);
    }
    rows.sort_unstable_by_key(|row| row.seq);

    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let head = log_head::Entity::update_many()
        .col_expr(log_head::Column::Position, Expr::col(log_head::Column::Position).add(count))
        .col_expr(log_head::Column::Leaf, Expr::col(log_head::Column::Leaf).add(count))
        .filter(log_head::Column::Id.eq(1))
        .exec_with_returning(db)
        .await?
        .pop()
        .ok_or_else(|| Error::internal("log_head has no row"))?;
    let (mut position, mut leaf_index) = (head.position - count, head.leaf - count);
    let (mut positions, mut leaves) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        position += 1;
        positions.push(event_position::Model { position, event_id: row.event_id }.into_active_model());
        let leaf = audit_leaf::Model { leaf_index, audit_log_id: row.audit_log_id, leaf_hash: row.leaf_hash };
        leaves.push(leaf.into_active_model());
        leaf_index += 1;
    }
    let given = positions.len();
    event_position::Entity::insert_many(positions).exec_without_returning(db).await?;
    audit_leaf::Entity::insert_many(leaves).exec_without_returning(db).await?;
    Ok(given)
}

/// Sequences for good: when this process has committed something, and every 250 ms.
pub async fn run(kernel: Kernel) {
    if !kernel.db().is_postgres() {
        return;
    }
    let (mut wait, mut trouble) = (POLL, Trouble::with("giving events their positions"));
    loop {
        let begun = Instant::now();
        tokio::select! {
            () = sleep(wait) => {}
            () = kernel.wakes.sequencer.notified() => {}
        }
        sleep_until(begun + PACE).await;
        let turn = batch(&kernel).await;
        trouble.note(&turn);
        wait = match turn {
            Ok(Turn::More) => Duration::ZERO,
            // Somebody else is at it, perhaps with a snapshot from before our commit.
            Ok(Turn::Locked) => PACE,
            Ok(Turn::Done) | Err(_) => POLL,
        };
    }
}

/// Gives everything that was committed its place before it answers, where nobody else is at it.
///
/// # Errors
/// Where the database refuses.
pub async fn place(kernel: &Kernel) -> Result<()> {
    if kernel.db().is_postgres() {
        while matches!(batch(kernel).await?, Turn::More) {}
    }
    Ok(())
}

enum Turn {
    Done,
    More,
    Locked,
}

async fn batch(kernel: &Kernel) -> Result<Turn> {
    let backend = kernel.db().backend();
    let db = kernel.db().control().begin().await?;
    let lock = Statement::from_sql_and_values(
        backend,
        "SELECT pg_try_advisory_xact_lock($1) AS held",
        [LOCK.into()],
    );
    let held = match db.query_one_raw(lock).await? {
        Some(row) => row.try_get::<bool>("", "held")?,
        None => false,
    };
    if !held {
        db.rollback().await?;
        return Ok(Turn::Locked);
    }
    let values = [BATCH.into(), kernel.id.to_string().into(), CHANNEL.into()];
    let sequence = Statement::from_sql_and_values(backend, SEQUENCE, values);
    let Some(row) = db.query_one_raw(sequence).await? else {
        return Err(Error::internal("a count came back empty"));
    };
    let given: i64 = row.try_get("", "given")?;
    if given == 0 {
        db.rollback().await?;
        return Ok(Turn::Done);
    }
    if row.try_get::<Option<String>>("", "told")?.is_none() {
        db.rollback().await?;
        return Err(Error::internal("log_head has no row"));
    }
    db.commit().await?;
    kernel.wakes.tailer.notify_one();
    Ok(if given.unsigned_abs() == BATCH { Turn::More } else { Turn::Done })
}
