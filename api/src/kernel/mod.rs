//! What every domain stands on; it knows none of them.
//!
//! Nouns first. A [`Caller`](actor::Caller) is somebody who asks, with what they may. A [`Tx`](tx::Tx) is the door for
//! facts: it changes rows and [`record`](tx::Tx::record)s an [`Event`](event::Event), which becomes an audit entry and
//! a row of the [`log`]. Whoever reacts reads the log from its own cursor; whatever is slow is a task of the [`queue`].
//! A [`Telemetry`](telemetry::Telemetry) is the other door, for measurements and bookkeeping. Reads are
//! [pages](page) and [loaders](loader) of [stored objects](object).

pub mod actor;
pub mod change;
pub mod clock;
pub mod db;
pub mod denial;
pub mod eager;
pub mod error;
pub mod event;
pub mod guard;
pub mod id;
pub mod impersonation_token;
pub mod leaf;
pub mod list_size;
pub mod loader;
pub mod log;
pub mod mail;
pub mod metrics;
pub mod mutation;
pub mod network;
pub mod nulls;
pub mod object;
pub mod owner;
pub mod page;
pub mod password;
pub mod permission;
pub mod persisted;
pub mod queue;
pub mod reactor;
mod readers;
pub mod record;
pub mod redact;
pub mod request;
pub mod rights;
pub mod rows;
pub mod scalar;
pub mod secret;
pub mod session_token;
pub mod statement;
pub mod status;
pub mod stream;
pub mod telemetry;
pub mod text;
pub mod throttle;
pub mod token;
pub mod trace;
mod trouble;
pub mod turn;
pub mod tx;
pub mod uses;
pub mod validity;
pub mod workers;

#[cfg(test)]
mod testing;

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{
    clock::Clock,
    db::{Conn, Db},
    denial::Denials,
    error::{Error, Result},
    log::Hub,
    mail::Mailer,
    permission::Catalogue,
    queue::Queue,
    reactor::Reactor,
    rights::{LoadRights, Rights},
    secret::KeyRing,
    telemetry::Telemetry,
    uses::Uses,
    workers::{Started, Workers},
};

/// What the kernel is built from.
#[derive(Debug)]
pub struct Parts {
    /// The pools.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The keys that personal values and secrets are sealed with.
    pub keys: KeyRing,
    /// What the domains declare.
    pub catalogue: Catalogue,
    /// How rights are read.
    pub load_rights: LoadRights,
    /// The installation's name in audit entries.
    pub environment: String,
    /// What sends mail, where the settings name a server.
    pub mailer: Option<Mailer>,
}

/// The kernel of one process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Kernel(Arc<Inner>);

/// What a [`Kernel`] is made of.
#[derive(Debug)]
pub struct Inner {
    /// Of this process, as long as it runs.
    id: Uuid,
    db: Db,
    clock: Clock,
    ids: id::Generator,
    keys: KeyRing,
    catalogue: Arc<Catalogue>,
    rights: Rights,
    environment: String,
    mailer: Option<Mailer>,
    log_id: Uuid,
    hub: Hub,
    queue: Queue,
    denials: Denials,
    uses: Uses,
    shutdown: CancellationToken,
    wakes: Wakes,
    started: OnceLock<Started>,
    started_at: DateTime<Utc>,
    /// Held by each open subscription, too.
    subscriptions: Arc<()>,
}

/// Hints to look now. A missed one costs a poll.
#[derive(Debug, Default)]
struct Wakes {
    sequencer: Notify,
    tailer: Notify,
}

impl std::ops::Deref for Kernel {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Kernel {
    /// Reads what it needs to begin. Nothing runs yet.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn open(parts: Parts) -> Result<Self> {
        let catalogue = Arc::new(parts.catalogue);
        let conn = Conn::Pool(parts.db.control().clone());
        let rights = Rights::open(&conn, parts.load_rights, catalogue.clone(), parts.clock.clone()).await?;
        let head = log::head(&conn).await?;
        let started_at = parts.clock.now();
        Ok(Self(Arc::new(Inner {
            id: Uuid::from_u128(rand::random()),
            db: parts.db,
            clock: parts.clock,
            ids: id::Generator::new(),
            keys: parts.keys,
            catalogue,
            rights,
            environment: parts.environment,
            mailer: parts.mailer,
            log_id: head.log_id,
            hub: Hub::new(head.position),
            queue: Queue::new(),
            denials: Denials::default(),
            uses: Uses::default(),
            shutdown: CancellationToken::new(),
            wakes: Wakes::default(),
            started: OnceLock::new(),
            started_at,
            subscriptions: Arc::default(),
        })))
    }

    /// Starts what goes on in the background: rights, sequencer, tailer, sealing keys, and the workers. Ends with [`Kernel::stop`].
    ///
    /// # Errors
    /// Where a schedule is wrong, or the database can't.
    pub async fn start(&self, workers: Workers) -> Result<()> {
        let control = Conn::Pool(self.db.control().clone());
        let kernel = self.clone();
        self.background(async move { kernel.rights.run(control).await });
        self.background(log::run_sequencer(self.clone()));
        self.background(log::run_tailer(self.clone()));
        self.background(secret::follow(self.clone()));
        let kernel = self.clone();
        self.background(async move {
            loop {
                kernel.clock.sleep(denial::MINUTE).await;
                kernel.denials.flush(&kernel).await;
                kernel.uses.flush(&kernel).await;
            }
        });
        let started = Started::start(self, workers).await?;
        self.started.set(started).map_err(|_| Error::internal("a kernel starts once"))
    }

    /// Does here and now what otherwise goes on in the background: gives every event its place and has `reactors` deal
    /// with it, and with what comes of that. For whoever writes by a clock of its own, which must not move on before.
    ///
    /// # Errors
    /// Where the database can't, or a reaction fails.
    pub async fn catch_up(&self, reactors: &[Arc<dyn Reactor>]) -> Result<()> {
        loop {
            log::place(self).await?;
            let head = log::head(self.db.reader()).await?.position;
            for reactor in reactors {
                reactor::catch_up(self, &**reactor).await?;
            }
            log::place(self).await?;
            if log::head(self.db.reader()).await?.position == head {
                return Ok(());
            }
        }
    }

    /// Stops: takes on no more work, waits until running tasks have ended or were given back, ten seconds at most, and
    /// writes what was only counted until now.
    pub async fn stop(&self) {
        self.shutdown.cancel();
        self.queue.stopped().await;
        self.denials.flush_all(self).await;
        self.uses.flush(self).await;
    }

    /// Whether nothing is left to do until the clock moves or somebody writes: every event has been published and dealt
    /// with, no task runs, and none is due. False until it has started. For tests that wait, and for nobody else: it
    /// asks the database.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn is_idle(&self) -> Result<bool> {
        match self.started.get() {
            Some(started) => started.is_idle(self).await,
            None => Ok(false),
        }
    }

    /// The door for measurements and bookkeeping.
    pub fn telemetry(&self) -> Telemetry<'_> {
        Telemetry::new(self)
    }

    /// Runs `work` until it ends or the kernel shuts down.
    pub fn background(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// A transaction of this process was committed: whoever waits for such looks now.
    fn committed(&self, has_tasks: bool, has_new_rights: bool) {
        if self.db.is_postgres() {
            self.wakes.sequencer.notify_one();
        } else {
            self.wakes.tailer.notify_one();
        }
        if has_new_rights {
            self.rights.poke();
        }
        if has_tasks {
            self.queue.wake();
        }
    }
}

impl Inner {
    /// The pools.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// When it was opened.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// The names of the reactors that this process runs.
    pub fn reactors(&self) -> impl Iterator<Item = &'static str> {
        self.started.get().into_iter().flat_map(Started::reactors)
    }

    /// How many subscriptions are open in this process.
    pub fn subscriptions(&self) -> usize {
        Arc::strong_count(&self.subscriptions) - 1
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A new id at `now`, later than every one before it in this process.
    pub fn new_id(&self, now: DateTime<Utc>) -> Uuid {
        self.ids.next(now)
    }

    /// The keys that personal values and secrets are sealed with.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// What the domains declare.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Who may do what.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The installation's name in audit entries.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// What sends mail, where the settings name a server.
    pub fn mailer(&self) -> Option<&Mailer> {
        self.mailer.as_ref()
    }

    /// The id of this installation's log.
    pub fn log_id(&self) -> Uuid {
        self.log_id
    }

    /// The fan-out of the log.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The durable queue.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The count of denied attempts.
    pub fn denials(&self) -> &Denials {
        &self.denials
    }

    /// When API tokens were last used.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Cancelled when the process is to stop.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }
}
