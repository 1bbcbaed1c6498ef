//! Runs one reactor in one process.
//!
//! Every process runs every reactor; the lock on the cursor's row decides who reacts to an event, and the others skip
//! it. Unwanted events only move the cursor in memory; the row follows now and then, since it only says where to begin
//! after a restart and what may be pruned.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use ::entity::{
    audit_log::AuditOutcome,
    dead_letter,
    reactor_cursor::{self, Column},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

use super::{DEAD_LETTER_PARKED, Progress, Reactor, declare};
use crate::kernel::{
    Kernel,
    actor::PLATFORM,
    error::{Error, Result},
    event::{Entity, Event, LogEvent},
    log::{self, Follower},
    record::EVENT,
    trace,
    trouble::Trouble,
    tx::{Author, MAX_DEPTH, MAX_OPEN, Tx},
    workers::{describe, describe_panic},
};

/// How long it waits where it can't go on: somebody else has the cursor, the database is away.
const PAUSE: Duration = Duration::from_millis(250);
/// Events a statement, where it reads up to the end.
const BATCH: u64 = 500;
/// An event that failed so often is parked.
const ATTEMPTS: i32 = 5;
/// The row of the cursor is at most this many unwanted events behind …
const UNSAVED: i64 = 1_000;
/// … and at most this old, once nothing comes any more.
const SAVE: Duration = Duration::from_secs(5);

/// Reacts for good.
pub(in crate::kernel) async fn run(kernel: Kernel, reactor: Arc<dyn Reactor>, progress: Arc<Progress>) {
    let mut saved = progress.lock().position;
    let mut log = Follower::new(&kernel, saved);
    let mut trouble = Trouble::with(reactor.name());
    loop {
        let position = progress.lock().position;
        let next = tokio::select! {
            next = log.next() => next,
            () = sleep(SAVE), if position > saved => {
                saved = save(&kernel, &*reactor, saved, position).await;
                continue;
            }
        };
        trouble.note(&next);
        let Ok(event) = next else {
            sleep(PAUSE).await;
            continue;
        };
        // Another process may have been faster, by more than one event.
        if event.position <= position {
            continue;
        }
        if wants(&*reactor, &event) {
            saved = deal(&kernel, &*reactor, &event, &progress).await;
            progress.lock().position = saved;
        } else {
            progress.lock().position = event.position;
            if event.position - saved >= UNSAVED {
                saved = save(&kernel, &*reactor, saved, event.position).await;
            }
        }
    }
}

/// Has `reactor` deal with everything that has its place by now, in the caller's own task.
///
/// # Errors
/// UNAVAILABLE where another process has the cursor or a reaction fails: nothing waits here, and nothing is parked.
pub(in crate::kernel) async fn catch_up(kernel: &Kernel, reactor: &dyn Reactor) -> Result<()> {
    let saved = declare(kernel, reactor).await?.lock().position;
    let mut position = saved;
    loop {
        let events = log::read(kernel.db().reader(), position, i64::MAX, BATCH).await?;
        let is_full = events.len() as u64 == BATCH;
        for (place, row) in events {
            let event = LogEvent::new(kernel, place, row);
            if wants(reactor, &event) {
                match attempt(kernel, reactor, &event).await? {
                    Turn::Passed(_) => {}
                    Turn::Busy | Turn::Again(_) => {
                        return Err(Error::unavailable("a reaction didn't go through"));
                    }
                }
            }
            position = place;
        }
        if !is_full {
            break;
        }
    }
    if position > saved {
        save(kernel, reactor, saved, position).await;
    }
    Ok(())
}

/// Its own parked events would be parked again, for the same reason.
fn wants(reactor: &dyn Reactor, event: &LogEvent) -> bool {
    let row = &event.row;
    reactor.wants(&row.event_type)
        && !(row.event_type == DEAD_LETTER_PARKED.name && row.entity_id == reactor.name())
}

/// Moves the row of the cursor past unwanted events. Answers where it is known to be.
async fn save(kernel: &Kernel, reactor: &dyn Reactor, saved: i64, position: i64) -> i64 {
    let update = reactor_cursor::Entity::update_many()
        .col_expr(Column::Position, Expr::val(position))
        .col_expr(Column::UpdatedAt, Expr::val(kernel.clock().now()))
        .filter(Column::Name.eq(reactor.name()))
        .filter(Column::Position.lt(position));
    match kernel.telemetry().update_many(update).await {
        Ok(_) => position,
        Err(error) => {
            tracing::warn!(%error, reactor = reactor.name(), "moving a cursor");
            saved
        }
    }
}

/// What became of an attempt.
enum Turn {
    /// The cursor stands here, at the event or beyond.
    Passed(i64),
    /// Another process has the cursor.
    Busy,
    /// It failed, and is to be tried again then.
    Again(DateTime<Utc>),
}

/// Stays with the event until somebody has dealt with it. Answers where the cursor stands then.
async fn deal(kernel: &Kernel, reactor: &dyn Reactor, event: &LogEvent, progress: &Progress) -> i64 {
    let mut trouble = Trouble::with(reactor.name());
    loop {
        let attempt =
            attempt(kernel, reactor, event).instrument(trace::reaction(reactor.name(), event)).await;
        trouble.note(&attempt);
        match attempt {
            Ok(Turn::Passed(position)) => return position,
            Ok(Turn::Busy) => sleep(PAUSE).await,
            Ok(Turn::Again(at)) => {
                progress.lock().waits_until = Some(at);
                kernel.clock().sleep_until(at).await;
                progress.lock().waits_until = None;
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Reacts to `event`, unless somebody has.
///
/// # Errors
/// Where the database can't, now: that isn't the event's fault and doesn't count.
async fn attempt(kernel: &Kernel, reactor: &dyn Reactor, event: &LogEvent) -> Result<Turn> {
    let tx = Tx::begin(kernel, Author::reacting(reactor.name(), event)).await?;
    let cursor = match lock(&tx, reactor).await? {
        None => return Ok(Turn::Busy),
        Some(cursor) if cursor.position >= event.position => return Ok(Turn::Passed(cursor.position)),
        Some(cursor) => cursor,
    };
    if cursor.failing_position == Some(event.position) {
        let at = cursor.updated_at + backoff(cursor.failures);
        if at > kernel.clock().now() {
            return Ok(Turn::Again(at));
        }
    }
    match react(tx, reactor, event).await {
        Ok(()) => Ok(Turn::Passed(event.position)),
        Err(error @ Error::Unavailable { .. }) => Err(error),
        Err(error) => fail(kernel, reactor, event, &describe(&error)).await,
    }
}

/// One transaction: the reaction, and the cursor past the event.
async fn react(mut tx: Tx, reactor: &dyn Reactor, event: &LogEvent) -> Result<()> {
    let reaction = AssertUnwindSafe(reactor.react(&mut tx, event)).catch_unwind();
    match timeout(MAX_OPEN, reaction).await {
        Ok(Ok(result)) => result?,
        Ok(Err(panic)) => return Err(Error::internal(describe_panic(&*panic))),
        Err(_) => return Err(Error::internal("it took more than two seconds")),
    }
    move_past(&tx, reactor, event).await?;
    tx.commit_bookkeeping().await
}

/// Counts a failure, and parks the event at the last.
async fn fail(kernel: &Kernel, reactor: &dyn Reactor, event: &LogEvent, error: &str) -> Result<Turn> {
    tracing::warn!(error, reactor = reactor.name(), position = event.position, event = %event.row.id, "it failed");
    // At the end of a chain nothing may be caused any more: the dead letter alone says it.
    let is_chain_over = event.row.depth >= MAX_DEPTH;
    let name = reactor.name();
    let author = if is_chain_over { Author::system(name) } else { Author::reacting(name, event) };
    let mut tx = Tx::begin(kernel, author).await?;
    let cursor = match lock(&tx, reactor).await? {
        None => return Ok(Turn::Busy),
        Some(cursor) if cursor.position >= event.position => return Ok(Turn::Passed(cursor.position)),
        Some(cursor) => cursor,
    };
    let earlier = if cursor.failing_position == Some(event.position) { cursor.failures } else { 0 };
    let failures = earlier + 1;
    if failures < ATTEMPTS {
        let now = tx.now();
        reactor_cursor::Entity::update_many()
            .col_expr(Column::FailingPosition, Expr::val(event.position))
            .col_expr(Column::Failures, Expr::val(failures))
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .filter(Column::Name.eq(name))
            .exec(tx.db())
            .await?;
        tx.commit_bookkeeping().await?;
        return Ok(Turn::Again(now + backoff(failures)));
    }
    let letter = dead_letter::Model {
        id: tx.new_id(),
        reactor: name.to_owned(),
        position: event.position,
        event_id: event.row.id,
        error: error.to_owned(),
        created_at: tx.now(),
    };
    dead_letter::Entity::insert(letter.into_active_model()).exec_without_returning(tx.db()).await?;
    move_past(&tx, reactor, event).await?;
    if !is_chain_over {
        let entity =
            Entity { kind: "Reactor", id: name.to_owned(), version: None, organization_id: PLATFORM };
        let data = json!({
            "eventId": EVENT.encode(event.row.id),
            "eventType": event.row.event_type,
            "position": event.position,
            "attempts": failures,
        });
        tx.record(Event::new(&DEAD_LETTER_PARKED, entity).outcome(AuditOutcome::Failure).data(data));
    }
    tx.commit_bookkeeping().await?;
    tracing::error!(error, reactor = name, position = event.position, event = %event.row.id, "parked an event");
    Ok(Turn::Passed(event.position))
}

/// The cursor, locked; none where another process has it.
async fn lock(tx: &Tx, reactor: &dyn Reactor) -> Result<Option<reactor_cursor::Model>> {
    let cursor = reactor_cursor::Entity::find_by_id(reactor.name())
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(tx.db())
        .await?;
    Ok(cursor)
}

async fn move_past(tx: &Tx, reactor: &dyn Reactor, event: &LogEvent) -> Result<()> {
    reactor_cursor::Entity::update_many()
        .col_expr(Column::Position, Expr::val(event.position))
        .col_expr(Column::FailingPosition, Expr::val(None::<i64>))
        .col_expr(Column::Failures, Expr::val(0))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now()))
        .filter(Column::Name.eq(reactor.name()))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// 1, 2, 4, 8 seconds.
fn backoff(failures: i32) -> TimeDelta {
    TimeDelta::seconds(1 << failures.clamp(1, ATTEMPTS).saturating_sub(1))
}
