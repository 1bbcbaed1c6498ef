//! The door to the database for facts: what somebody did or decided.
//!
//! A [`Tx`] belongs to an author. It changes rows, [`record`](Tx::record)s what happened, and commits all or nothing:
//! the change, the audit entry and the event. One that recorded nothing refuses to commit. Dropping it rolls back.
//! What is recorded is written just before the commit, in one statement (on SQLite one a table), so that an entry's place in
//! the order comes after everything that the transaction has seen.

mod author;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, TransactionTrait};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Kernel,
    actor::{Actor, Boundary},
    error::{Error, Result},
    event::Event,
    queue::{self, NewTask},
    record, rights,
    statement::Write,
    trace,
};

pub use author::Author;

/// How long one may stay open: SQLite has one writer.
pub const MAX_OPEN: Duration = Duration::from_secs(2);
/// How many causes may stand behind an event.
pub(super) const MAX_DEPTH: i16 = 16;

/// What a committed transaction proves.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The entry of the first fact that was recorded.
    pub audit_log_id: Uuid,
    /// Its leaf.
    pub leaf_hash: [u8; 32],
    /// Its event.
    pub event_id: Uuid,
    /// When it was committed.
    pub committed_at: DateTime<Utc>,
}

/// An open transaction in somebody's name.
#[derive(Debug)]
pub struct Tx {
    kernel: Kernel,
    db: DatabaseTransaction,
    author: Author,
    now: DateTime<Utc>,
    opened: Instant,
    deferred: Vec<Write>,
    pending: Vec<Event>,
    has_tasks: bool,
    has_new_rights: bool,
}

impl Tx {
    /// Opens one in the name of a part of the gateway.
    ///
    /// # Errors
    /// Where the database can't.
    pub async fn system(kernel: &Kernel, name: &str) -> Result<Self> {
        Self::begin(kernel, Author::system(name)).await
    }

    /// Opens one in the name of `author`. Who calls this has checked that the author may.
    ///
    /// # Errors
    /// Where the database can't.
    pub(crate) async fn begin(kernel: &Kernel, author: Author) -> Result<Self> {
        let db = kernel.db().begin().instrument(trace::step("begin")).await?;
        Ok(Self::over(kernel, db, author))
    }

    /// Opens one within another transaction: a savepoint of a dry run, say.
    pub(super) async fn nested(kernel: &Kernel, outer: &DatabaseTransaction, author: Author) -> Result<Self> {
        Ok(Self::over(kernel, outer.begin().await?, author))
    }

    fn over(kernel: &Kernel, db: DatabaseTransaction, author: Author) -> Self {
        Self {
            kernel: kernel.clone(),
            db,
            author,
            now: kernel.clock().now(),
            opened: Instant::now(),
            deferred: Vec::new(),
            pending: Vec::new(),
            has_tasks: false,
            has_new_rights: false,
        }
    }

    /// The connection that the stores run on.
    pub fn db(&self) -> &DatabaseTransaction {
        &self.db
    }

    /// The kernel that it belongs to.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The time that everything in it happens at.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// A new id, later than every one before.
    pub fn new_id(&self) -> Uuid {
        self.kernel.new_id(self.now)
    }

    /// In whose name it writes.
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// Who does it.
    pub fn actor(&self) -> &Actor {
        &self.author.actor
    }

    /// Whose rows it may touch.
    pub fn boundary(&self) -> &Boundary {
        &self.author.boundary
    }

    /// Writes this just before the commit, together with what is recorded, and in no order: what nothing in the
    /// transaction looks at, refers to or writes again. On PostgreSQL that saves a round trip with the rows locked. Where
    /// something may, it has the deferred [written](Self::write_deferred) first.
    pub fn defer(&mut self, write: impl Into<Write>) {
        self.deferred.push(write.into());
    }

    /// Writes what was deferred now, for what comes next.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn write_deferred(&mut self) -> Result<()> {
        for write in std::mem::take(&mut self.deferred) {
            write.execute(&self.db).await?;
        }
        Ok(())
    }

    /// Records that something happened: an audit entry and an event, committed with the change itself.
    pub fn record(&mut self, event: Event) {
        self.pending.push(event);
    }

    /// Records several, in this order.
    pub fn record_many(&mut self, events: impl IntoIterator<Item = Event>) {
        self.pending.extend(events);
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Puts a task into the queue, to run after the commit. Answers its id; none where its key is taken.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn enqueue(&mut self, task: NewTask) -> Result<Option<Uuid>> {
        Ok(self.enqueue_many(vec![task]).await?.pop())
    }

    /// Puts tasks into the queue, in one statement; at most 500. Answers the ids of those whose key isn't taken.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn enqueue_many(&mut self, tasks: Vec<NewTask>) -> Result<Vec<Uuid>> {
        let ids = queue::insert(&self.kernel, &self.db, tasks, self.author.cause).await?;
        self.has_tasks |= !ids.is_empty();
        Ok(ids)
    }

    /// Says that somebody's rights changed: every process reads them anew.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn rights_changed(&mut self) -> Result<()> {
        if self.has_new_rights {
            return Ok(());
        }
        rights::bump(&self.db).await?;
        self.has_new_rights = true;
        Ok(())
    }

    /// Writes what was recorded, without committing.
    pub(super) async fn flush(&mut self) -> Result<record::Flushed> {
        if self.opened.elapsed() > MAX_OPEN {
            return Err(Error::unavailable("it took too long and was undone: try again"));
        }
        let depth = self.author.cause.map_or(0, |(_, depth)| depth + 1);
        if depth > MAX_DEPTH {
            return Err(Error::internal(format!("{} reacts to its own reactions", self.author.actor.id)));
        }
        let (events, deferred) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.deferred));
        record::write(&self.kernel, &self.db, &self.author, self.now, depth, events, deferred).await
    }

    /// Commits: the change, the entries, the events and the tasks, or nothing.
    ///
    /// # Errors
    /// INTERNAL where nothing was recorded; UNAVAILABLE where the database can't, with an unknown outcome only where
    /// the database can't even be asked afterwards.
    pub async fn commit(self) -> Result<Committed> {
        self.commit_with(async |_| Ok(())).await
    }

    /// Commits what was recorded; where nothing was, nothing was to be done.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn finish(self) -> Result<()> {
        if self.is_empty() { self.rollback().await } else { self.commit().await.map(|_| ()) }
    }

    /// Commits after `last` has seen the first fact's ids and written what depends on them (an idempotency key).
    pub(super) async fn commit_with(
        mut self,
        last: impl AsyncFnOnce(&(&DatabaseTransaction, &Committed)) -> Result<()>,
    ) -> Result<Committed> {
        let flushed = self.flush().await?;
        let committed = flushed
            .first
            .ok_or_else(|| Error::internal("a transaction that recorded nothing can't commit"))?;
        last(&(&self.db, &committed)).await?;
        let committing = commit(&self.kernel, self.db, flushed.transaction_id);
        committing.instrument(trace::step("commit")).await?;
        self.kernel.committed(self.has_tasks, self.has_new_rights);
        Ok(committed)
    }

    /// Commits where nothing was recorded either: a reactor that moved its cursor.
    pub(super) async fn commit_bookkeeping(mut self) -> Result<()> {
        let transaction_id = self.flush().await?.transaction_id;
        commit(&self.kernel, self.db, transaction_id).await?;
        self.kernel.committed(self.has_tasks, self.has_new_rights);
        Ok(())
    }

    /// Writes what was recorded and keeps it for the rest of the outer transaction, which rolls it back: a dry run.
    pub(super) async fn release(mut self) -> Result<()> {
        self.flush().await?;
        Ok(self.db.commit().await?)
    }

    /// Undoes everything.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.db.rollback().await?)
    }
}

/// Commits, and where the answer is lost, asks what became of it.
async fn commit(kernel: &Kernel, db: DatabaseTransaction, transaction_id: Option<String>) -> Result<()> {
    let Err(error) = db.commit().await else { return Ok(()) };
    let lost = Error::from(error);
    match (&lost, transaction_id) {
        (Error::Unavailable { .. }, Some(id)) if kernel.db().is_postgres() => match status(kernel, &id).await
        {
            Ok(true) => Ok(()),
            Ok(false) => Err(lost),
            Err(error) => {
                tracing::error!(%error, "the answer to COMMIT was lost, and the database can't be asked");
                Err(Error::Unavailable {
                    message: "the database went away in mid-commit",
                    is_outcome_unknown: true,
                })
            }
        },
        _ => Err(lost),
    }
}

/// Whether the transaction `id` was committed. Asks for up to five seconds: a backend may still be at it.
async fn status(kernel: &Kernel, id: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(
        kernel.db().backend(),
        "SELECT pg_xact_status($1::text::xid8) AS status",
        [id.into()],
    );
    let mut last = DbErr::Custom("the transaction is still in progress".to_owned());
    let asked_since = Instant::now();
    while asked_since.elapsed() < Duration::from_secs(5) {
        let asked = kernel.db().control().query_one_raw(statement.clone());
        // A connection that says nothing any more isn't waited for.
        let answer = tokio::time::timeout(Duration::from_secs(1), asked).await;
        match answer.unwrap_or_else(|_| Err(DbErr::Custom("the database says nothing".to_owned()))) {
            Ok(Some(row)) => match row.try_get::<Option<String>>("", "status")?.as_deref() {
                Some("committed") => return Ok(true),
                Some("aborted") => return Ok(false),
                _ => {}
            },
            Ok(None) => {}
            Err(error) => last = error,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(last)
}
