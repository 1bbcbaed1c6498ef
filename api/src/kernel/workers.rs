//! What works in the background of one process: task handlers, schedules, reactors.
//!
//! The app's `workers.rs` lists those of the domains; the kernel adds its own housekeeping, and runs them.

use std::{any::Any, sync::Arc};

use ::entity::outbox;
use sea_orm::EntityTrait;

use super::{
    Kernel,
    error::{Error, Result},
    log,
    queue::{self, Handlers, Schedule, housekeeping},
    reactor::{self, Reactor},
    redact,
};

/// Handlers, schedules and reactors, and how much goes on at once.
#[derive(Debug)]
pub struct Workers {
    /// What runs tasks.
    pub handlers: Handlers,
    /// What enqueues tasks at certain times.
    pub schedules: Vec<Schedule>,
    /// What follows the log.
    pub reactors: Vec<Arc<dyn Reactor>>,
    /// Tasks at the same time: the setting `workers`.
    pub slots: usize,
}

/// Nobody but the kernel itself, which needs one slot.
impl Default for Workers {
    fn default() -> Self {
        Self { handlers: Handlers::new(), schedules: Vec::new(), reactors: Vec::new(), slots: 1 }
    }
}

/// The workers of a process that has started.
#[derive(Debug)]
pub(super) struct Started {
    kinds: Vec<&'static str>,
    schedules: Vec<Schedule>,
    reactors: Vec<(&'static str, Arc<reactor::Progress>)>,
}

impl Started {
    /// Declares schedules and cursors, so that nothing is missed from now on, and sets everything going.
    pub async fn start(kernel: &Kernel, workers: Workers) -> Result<Self> {
        let handlers = workers.handlers.and(Handlers::new().on(housekeeping::KIND, housekeeping::run));
        let kinds = handlers.kinds().collect();
        let mut schedules = workers.schedules;
        schedules.push(housekeeping::SCHEDULE);
        queue::schedule::declare(kernel, &schedules).await?;
        let mut reactors = Vec::with_capacity(workers.reactors.len());
        for reactor in workers.reactors {
            reactors.push((Arc::new(reactor::declare(kernel, &*reactor).await?), reactor));
        }

        kernel.queue().spawn(queue::worker::run(kernel.clone(), handlers, workers.slots));
        kernel.background(queue::schedule::run(kernel.clone(), schedules.clone()));
        let mut progress = Vec::with_capacity(reactors.len());
        for (its, reactor) in reactors {
            progress.push((reactor.name(), its.clone()));
            kernel.background(reactor::run(kernel.clone(), reactor, its));
        }
        Ok(Self { kinds, schedules, reactors: progress })
    }

    /// The names of the reactors.
    pub fn reactors(&self) -> impl Iterator<Item = &'static str> {
        self.reactors.iter().map(|(name, _)| *name)
    }

    /// Whether there is nothing left to do until the clock moves or somebody writes.
    pub async fn is_idle(&self, kernel: &Kernel) -> Result<bool> {
        // First how far everybody is, then one snapshot: what they have handed on by now is somewhere in it.
        let published = kernel.hub().position();
        let now = kernel.clock().now();
        let passed = self.reactors.iter().filter_map(|(_, its)| its.passed(now)).min().unwrap_or(i64::MAX);
        let db = kernel.db().begin_snapshot().await?;
        let head = log::head(&db).await?.position;
        let is_idle = published >= head
            && passed >= head
            && outbox::Entity::find().one(&db).await?.is_none()
            && queue::store::is_idle(kernel, &db, &self.kinds).await?
            && queue::schedule::is_idle(kernel, &db, &self.schedules).await?;
        db.rollback().await?;
        Ok(is_idle)
    }
}

/// What went wrong, for operators: the cause of a fault of ours too, without secrets.
pub(super) fn describe(error: &Error) -> String {
    let text = match error {
        Error::Internal(cause) => cause.to_string(),
        other => other.to_string(),
    };
    shorten(&redact::redact_text(&text))
}

/// What a panic said.
pub(super) fn describe_panic(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    shorten(&redact::redact_text(&format!("it panicked: {}", text.unwrap_or("without a word"))))
}

fn shorten(text: &str) -> String {
    text.chars().take(1_000).collect()
}
