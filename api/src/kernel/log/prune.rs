//! Pruning: forgets old events that everybody has dealt with.

use ::entity::{event, event_position, log_head, reactor_cursor, retention_guard};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, JoinType, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::event_of_position;
use crate::kernel::{
    Kernel,
    error::{Error, Result},
};

/// Events a transaction: two rows each, and the sequencer waits for it.
const CHUNK: u64 = 250;

/// Deletes the events that happened before `before` and that every reactor has dealt with, and moves the log's horizon
/// past them; whoever resumes below it gets CURSOR_EXPIRED. The audit entries stay. Answers how many events it were.
///
/// The cursor of a reactor that exists no more holds everything back: whoever removes a reactor removes its row.
///
/// # Errors
/// Where the database refuses; what was deleted before stays deleted.
pub async fn prune(kernel: &Kernel, before: DateTime<Utc>) -> Result<u64> {
    let mut all = 0;
    loop {
        let pruned = chunk(kernel, before).await?;
        all += pruned;
        if pruned < CHUNK {
            return Ok(all);
        }
    }
}

async fn chunk(kernel: &Kernel, before: DateTime<Utc>) -> Result<u64> {
    let db = kernel.db().begin().await?;
    // Locked, so that no new reactor begins at a horizon that is about to move.
    let head = log_head::Entity::find_by_id(1).lock_exclusive().one(&db).await?;
    let head = head.ok_or_else(|| Error::internal("log_head has no row"))?;
    let slowest: Option<Option<i64>> = reactor_cursor::Entity::find()
        .select_only()
        .column_as(reactor_cursor::Column::Position.min(), "position")
        .into_tuple()
        .one(&db)
        .await?;
    let until = slowest.flatten().unwrap_or(head.position).min(head.position);
    let places: Vec<(i64, Uuid, DateTime<Utc>)> = event_position::Entity::find()
        .select_only()
        .columns([event_position::Column::Position, event_position::Column::EventId])
        .column(event::Column::OccurredAt)
        .join(JoinType::InnerJoin, event_of_position())
        .filter(event_position::Column::Position.gt(head.horizon))
        .filter(event_position::Column::Position.lte(until))
        .order_by_asc(event_position::Column::Position)
        .limit(CHUNK)
        .into_tuple()
        .all(&db)
        .await?;
    let old: Vec<_> = places.into_iter().take_while(|(_, _, occurred_at)| *occurred_at < before).collect();
    let Some((horizon, ..)) = old.last() else { return Ok(0) };

    open_guard(&db).await?;
    event_position::Entity::delete_many()
        .filter(event_position::Column::Position.lte(*horizon))
        .exec(&db)
        .await?;
    let ids = old.iter().map(|(_, id, _)| *id);
    event::Entity::delete_many().filter(event::Column::Id.is_in(ids)).exec(&db).await?;
    log_head::Entity::update_many()
        .col_expr(log_head::Column::Horizon, Expr::val(*horizon))
        .filter(log_head::Column::Id.eq(1))
        .exec(&db)
        .await?;
    close_guard(&db).await?;
    db.commit().await?;
    Ok(old.len() as u64)
}

/// Lets this transaction delete from the append-only tables, as their triggers have it.
async fn open_guard(db: &DatabaseTransaction) -> Result<()> {
    if is_postgres(db) {
        db.execute_unprepared("SET LOCAL opsgate.retention = 'on'").await?;
    } else {
        let row = retention_guard::Model { id: 1 }.into_active_model();
        retention_guard::Entity::insert(row).exec_without_returning(db).await?;
    }
    Ok(())
}

/// On PostgreSQL the end of the transaction closes it.
async fn close_guard(db: &DatabaseTransaction) -> Result<()> {
    if !is_postgres(db) {
        retention_guard::Entity::delete_by_id(1).exec(db).await?;
    }
    Ok(())
}

fn is_postgres(db: &DatabaseTransaction) -> bool {
    db.get_database_backend() == sea_orm::DbBackend::Postgres
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::kernel::{
        log::{EventCursor, Follower, head, read},
        testing::{happen, manual_clock, on_each, until_idle, workers},
    };

    #[tokio::test]
    async fn old_events_go_once_everybody_is_past_them() {
        on_each(async |database| {
            let clock = manual_clock();
            let kernel = database.kernel(&clock).await;
            kernel.start(workers()).await.unwrap();
            let db = kernel.db().writer();
            let start = clock.now();
            // 600 events of yesterday, 10 of today.
            happen(&kernel, 0..600).await;
            clock.advance(TimeDelta::days(1));
            happen(&kernel, 0..10).await;
            until_idle(&[&kernel]).await;
            let count = async || event::Entity::find().all(db).await.unwrap().len();

            let cursor = |position| reactor_cursor::Model {
                name: "slow".to_owned(),
                position,
                failing_position: None,
                failures: 0,
                updated_at: start,
            };
            let slow = cursor(300).into_active_model();
            reactor_cursor::Entity::insert(slow).exec_without_returning(db).await.unwrap();
            assert_eq!(prune(&kernel, start).await.unwrap(), 0);
            assert_eq!(prune(&kernel, clock.now()).await.unwrap(), 300);
            assert_eq!(count().await, 310);
            reactor_cursor::Entity::delete_by_id("slow").exec(db).await.unwrap();
            assert_eq!(prune(&kernel, clock.now()).await.unwrap(), 300);
            assert_eq!(prune(&kernel, clock.now()).await.unwrap(), 0);
            let now = head(db).await.unwrap();
            assert_eq!((count().await, now.horizon, now.position), (10, 600, 610));

            // Below the horizon is CURSOR_EXPIRED, at it the next event comes.
            assert_eq!(read(db, 599, i64::MAX, 10).await.unwrap_err().code(), "CURSOR_EXPIRED");
            assert_eq!(read(db, 600, i64::MAX, 10).await.unwrap().len(), 10);
            assert_eq!(Follower::new(&kernel, 599).next().await.unwrap_err().code(), "CURSOR_EXPIRED");
            assert_eq!(Follower::new(&kernel, 600).next().await.unwrap().position, 601);
            let resume = |position| EventCursor::new(now.log_id, position).resume(&now);
            assert_eq!(resume(599).unwrap_err().code(), "CURSOR_EXPIRED");
            assert_eq!(resume(600).unwrap(), 600);

            // Nothing is left: a reader below the horizon learns of it all the same.
            assert_eq!(prune(&kernel, clock.now() + TimeDelta::seconds(1)).await.unwrap(), 10);
            assert_eq!(Follower::new(&kernel, 605).next().await.unwrap_err().code(), "CURSOR_EXPIRED");
            // The guard is closed again.
            happen(&kernel, [0]).await;
            assert!(event::Entity::delete_many().exec(db).await.is_err());
            kernel.stop().await;
        })
        .await;
    }
}
