//! Streams that are reserved: tokens, whose they are, and what was asked of them.
//!
//! A reservation that nobody opens is forgotten after a while, one that was opened when the stream ends. What is asked
//! of one before it is open waits, bounded, until it is.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    http::{
        operations::{Events, too_many},
        pipeline::Refusal,
    },
    kernel::{actor::Caller, stream::Session},
};

/// How long a reservation waits to be opened.
const PATIENCE: Duration = Duration::from_secs(30);
/// Reservations of one caller that are not open yet.
const MAX_UNOPENED: usize = 32;
/// Commands that wait to be taken, beyond those that start operations.
const SLACK: usize = 16;

/// What is asked of an open stream.
pub(super) enum Command {
    /// Run this operation under its id.
    Start(Arc<str>, Events),
    /// End it.
    Stop(Arc<str>),
}

/// All reservations of the process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Reservations(Arc<Mutex<HashMap<String, Arc<Reservation>>>>);

/// One of them.
pub(super) struct Reservation {
    session: Session,
    made_at: Instant,
    max_operations: usize,
    /// The ids of the operations that run or wait.
    ids: Mutex<HashSet<Arc<str>>>,
    commands: mpsc::Sender<Command>,
    /// Taken by whoever opens it.
    receiver: Mutex<Option<mpsc::Receiver<Command>>>,
}

/// A reservation that was opened. It is over when this is dropped.
pub(super) struct Opened {
    pub reservation: Arc<Reservation>,
    pub commands: mpsc::Receiver<Command>,
    reservations: Reservations,
    token: String,
}

impl Reservations {
    /// Makes one for the caller of `session` and answers its token.
    ///
    /// # Errors
    /// THROTTLED where they have too many that nobody opens.
    pub(super) fn reserve(&self, session: Session, max_operations: usize) -> Result<String, Refusal> {
        let mut all = self.all();
        all.retain(|_, one| one.is_open() || one.made_at.elapsed() < PATIENCE);
        let whose = session.caller();
        let unopened = all.values().filter(|one| !one.is_open() && one.is_of(&whose)).count();
        if unopened >= MAX_UNOPENED {
            return Err(too_many("you have reserved streams for", MAX_UNOPENED));
        }
        // Twice 122 random bits.
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let (commands, receiver) = mpsc::channel(max_operations + SLACK);
        let reservation = Reservation {
            session,
            made_at: Instant::now(),
            max_operations,
            ids: Mutex::default(),
            commands,
            receiver: Mutex::new(Some(receiver)),
        };
        all.insert(token.clone(), Arc::new(reservation));
        Ok(token)
    }

    /// The one with this token.
    ///
    /// # Errors
    /// 404 where there is none (any more).
    pub(super) fn find(&self, token: &str) -> Result<Arc<Reservation>, Refusal> {
        let found = self.all().get(token).cloned();
        found.filter(|one| one.is_open() || one.made_at.elapsed() < PATIENCE).ok_or_else(not_found)
    }

    /// Opens it, which works once.
    ///
    /// # Errors
    /// 409 where it is open.
    pub(super) fn open(&self, token: &str, reservation: Arc<Reservation>) -> Result<Opened, Refusal> {
        let commands = locked(&reservation.receiver).take();
        let commands = commands.ok_or_else(|| conflict("this stream is open already"))?;
        Ok(Opened { reservation, commands, reservations: self.clone(), token: token.to_owned() })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Reservation>>> {
        locked(&self.0)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.reservations.all().remove(&self.token);
    }
}

impl Reservation {
    /// Whose it is.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Whether `caller` may use it.
    ///
    /// # Errors
    /// 404: somebody else's looks like none at all.
    pub fn belongs_to(&self, caller: &Caller) -> Result<(), Refusal> {
        if self.is_of(caller) { Ok(()) } else { Err(not_found()) }
    }

    /// Runs an operation on the stream, as soon as it is open.
    ///
    /// # Errors
    /// 409 where one with this id runs, 429 where too many do.
    pub fn start(&self, id: &str, events: Events) -> Result<(), Refusal> {
        let id: Arc<str> = id.into();
        let mut ids = locked(&self.ids);
        if ids.contains(&id) {
            return Err(conflict("an operation with this id runs already"));
        }
        if ids.len() >= self.max_operations {
            return Err(too_many("this stream runs", self.max_operations));
        }
        self.send(Command::Start(id.clone(), events))?;
        ids.insert(id);
        Ok(())
    }

    /// Asks something of the stream.
    ///
    /// # Errors
    /// 429 where it doesn't get round to what was asked before, 404 where it is over.
    pub fn send(&self, command: Command) -> Result<(), Refusal> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                too_many("this stream is to start or stop", self.max_operations)
            }
            mpsc::error::TrySendError::Closed(_) => not_found(),
        })
    }

    /// The id is free again.
    pub fn forget(&self, id: &str) {
        locked(&self.ids).remove(id);
    }

    fn is_open(&self) -> bool {
        locked(&self.receiver).is_none()
    }

    fn is_of(&self, caller: &Caller) -> bool {
        let own = self.session.caller();
        let actor = |caller: &Caller| {
            caller.identity.as_ref().map(|identity| (identity.actor.clone(), identity.impersonator))
        };
        actor(&own).is_some() && actor(&own) == actor(caller)
    }
}

fn not_found() -> Refusal {
    Refusal::http(StatusCode::NOT_FOUND, "there is no stream reserved with this token").recoded("NOT_FOUND")
}

fn conflict(message: &str) -> Refusal {
    Refusal::http(StatusCode::CONFLICT, message).recoded("CONFLICT")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
