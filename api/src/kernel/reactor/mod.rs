//! Reactors: parts of the gateway that react to events, exactly once.
//!
//! A [`Reactor`] reads the log from its own cursor (a row of `reactor_cursors`). One transaction does what it does about
//! an event and moves the cursor past it, so the reaction happens once, however many processes run and whenever they
//! die. Effects outside the database are tasks that it enqueues. Its transactions name the event as their cause, and at
//! most 16 causes stand behind one.
//!
//! An event that it can't deal with is tried five times, with growing pauses. Then it is *parked*: a dead letter and
//! `events.dead_letter.parked` stand for it, and the cursor goes on.

mod runner;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ::entity::{
    audit_log::{AuditCategory, AuditSeverity},
    log_head, reactor_cursor,
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect};

use super::{
    Kernel,
    error::{Error, Result},
    event::{EventType, LogEvent},
    tx::Tx,
};

pub(super) use runner::{catch_up, run};

/// A reactor gave up on an event.
pub static DEAD_LETTER_PARKED: EventType = EventType {
    name: "events.dead_letter.parked",
    version: 1,
    description: "A part of the gateway couldn't deal with an event, set it aside and went on.",
    category: AuditCategory::Event,
    severity: AuditSeverity::High,
    action: "DEAD_LETTER_PARK",
    permission: "events.read",
};

/// Where a reactor begins that has never run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the next event.
    Now,
    /// With the oldest event that the log still holds.
    Horizon,
}

/// A part of the gateway that reacts to events.
#[async_trait::async_trait]
pub trait Reactor: Send + Sync + 'static {
    /// Its name, for good: its cursor carries it, and what it writes is in this name.
    fn name(&self) -> &'static str;

    /// Where it begins.
    fn begins(&self) -> Begin;

    /// Whether it wants to see events of this type. The others cost nothing.
    fn wants(&self, event_type: &str) -> bool;

    /// Does in `tx` what is to be done about `event`; within 2 s, at most 500 rows, and nothing outside the database.
    /// It needn't record anything.
    ///
    /// # Errors
    /// Where it can't: everything is undone and tried again.
    async fn react(&self, tx: &mut Tx, event: &LogEvent) -> Result<()>;
}

impl fmt::Debug for dyn Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far this process has seen a reactor come.
#[derive(Debug)]
pub(super) struct Progress(Mutex<Step>);

#[derive(Clone, Copy, Debug)]
struct Step {
    /// Everything up to here is dealt with.
    position: i64,
    /// It waits until then before it tries the next event again.
    waits_until: Option<DateTime<Utc>>,
}

impl Progress {
    /// Everything up to here is dealt with; `None` where it waits for the clock.
    pub fn passed(&self, now: DateTime<Utc>) -> Option<i64> {
        let step = *self.lock();
        step.waits_until.is_none_or(|at| at <= now).then_some(step.position)
    }

    fn lock(&self) -> MutexGuard<'_, Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes sure that the reactor has a cursor: from now on it misses nothing.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn declare(kernel: &Kernel, reactor: &dyn Reactor) -> Result<Progress> {
    let db = kernel.db().begin().await?;
    // Locked, so that the horizon doesn't pass the new cursor.
    let head = log_head::Entity::find_by_id(1).lock_exclusive().one(&db).await?;
    let head = head.ok_or_else(|| Error::internal("log_head has no row"))?;
    let position = match reactor.begins() {
        Begin::Now => head.position,
        Begin::Horizon => head.horizon,
    };
    let cursor = reactor_cursor::ActiveModel {
        name: Set(reactor.name().to_owned()),
        position: Set(position),
        failing_position: Set(None),
        failures: Set(0),
        updated_at: Set(kernel.clock().now()),
    };
    reactor_cursor::Entity::insert_many([cursor])
        .on_conflict_do_nothing_on([reactor_cursor::Column::Name])
        .exec_without_returning(&db)
        .await?;
    let cursor = reactor_cursor::Entity::find_by_id(reactor.name()).one(&db).await?;
    let position = cursor.ok_or_else(|| Error::internal("a reactor's cursor vanished"))?.position;
    db.commit().await?;
    Ok(Progress(Mutex::new(Step { position, waits_until: None })))
}
