//! Readers: the connections that requests read on.
//!
//! They are a pool of their own, for two reasons. A statement that nobody waits for any more, because its request took
//! too long or its client went away, is stopped in the database, too: PostgreSQL is told to cancel it, SQLite asks now
//! and then whether to go on. And a connection that is done is simply put back, where sqlx's own pool asks the server
//! for a sign of life first: a round trip for each statement.
//!
//! None of them can write. One on which anything has failed isn't used again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool::{
    Runtime, Status,
    managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult},
};
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, PgPool, SqliteConnection,
    postgres::PgConnectOptions, query_with, sqlite::SqliteConnectOptions,
};

use super::{db::PoolStatus, trace};

/// How long a request waits for a reader, and for one to be opened.
const PATIENCE: Duration = Duration::from_secs(5);
/// Instructions of SQLite's machine between two questions whether to go on: a fraction of a millisecond.
const INSTRUCTIONS: i32 = 10_000;
/// Prepared statements that a connection of PostgreSQL keeps.
pub(super) const STATEMENTS: usize = 256;

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Readers {
    pool: Pool<Opener>,
    statements: Arc<AtomicU64>,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Readers").field(&self.pool.status()).finish()
    }
}

/// Opens them.
pub(super) enum Opener {
    /// On PostgreSQL; what is to be cancelled is said on a connection of another pool.
    Postgres(PgConnectOptions, PgPool),
    /// On SQLite.
    Sqlite(SqliteConnectOptions),
}

pub(super) struct Reader {
    connection: Connection,
    /// Nothing has failed on it, and nothing runs.
    is_sound: bool,
}

enum Connection {
    Postgres {
        connection: PgConnection,
        /// The server's process, which runs its statements.
        process: i32,
    },
    Sqlite {
        connection: SqliteConnection,
        /// Set when it shan't go on.
        is_stopped: Arc<AtomicBool>,
    },
}

impl Readers {
    /// Up to `most` of them, opened when they are needed; each statement is counted in `statements`.
    ///
    /// # Errors
    /// Where the pool can't be built.
    pub(super) fn new(opener: Opener, most: u32, statements: Arc<AtomicU64>) -> Result<Self, DbErr> {
        let pool = Pool::builder(opener)
            .max_size(most as usize)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            // Those that were used last have their statements prepared and their memory warm.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        Ok(Self { pool, statements })
    }

    /// Which database it is.
    pub(super) fn backend(&self) -> DbBackend {
        self.pool.manager().backend()
    }

    /// How it stands.
    pub(super) fn status(&self) -> PoolStatus {
        let Status { max_size, size, available, .. } = self.pool.status();
        PoolStatus { name: "readers", max: max_size, idle: available, busy: size.saturating_sub(available) }
    }

    /// The rows of `statement`. It is stopped where this future is dropped before they are there.
    pub(super) async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut lent = Lent { reader: Some(self.pool.get().await.map_err(unavailable)?) };
        let rows = match &mut lent.reader {
            Some(reader) => {
                let told = trace::tells_statements().then(|| (Instant::now(), statement.sql.clone()));
                let rows = reader.rows(statement).await;
                if let Some((began, sql)) = told {
                    trace::statement(self.backend(), &sql, began.elapsed(), rows.is_err());
                }
                rows
            }
            None => Ok(Vec::new()),
        };
        if let Err(sqlx::Error::Io(_)) = &rows {
            // The server went away, and with it the connections that wait here.
            self.pool.retain(|_, _| false);
        }
        lent.give_back(rows.is_ok());
        rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }

    /// Ends them all; nobody gets one any more.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

fn unavailable(error: PoolError<sqlx::Error>) -> DbErr {
    match error {
        PoolError::Backend(error) => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
        PoolError::Closed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        _ => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
    }
}

impl Opener {
    /// Which database it is.
    pub(super) fn backend(&self) -> DbBackend {
        match self {
            Self::Postgres(..) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }
}

impl Manager for Opener {
    type Type = Reader;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Reader, sqlx::Error> {
        let connection = match self {
            Self::Postgres(options, _) => {
                let mut connection = PgConnection::connect_with(options).await?;
                let process =
                    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
                Connection::Postgres { connection, process }
            }
            Self::Sqlite(options) => {
                let mut connection = options.connect().await?;
                let is_stopped = Arc::<AtomicBool>::default();
                let stopped = is_stopped.clone();
                let goes_on = move || !stopped.load(Ordering::Relaxed);
                connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, goes_on);
                Connection::Sqlite { connection, is_stopped }
            }
        };
        Ok(Reader { connection, is_sound: true })
    }

    async fn recycle(&self, reader: &mut Reader, _: &Metrics) -> RecycleResult<sqlx::Error> {
        if reader.is_sound { Ok(()) } else { Err(RecycleError::message("something failed on it")) }
    }
}

impl Reader {
    async fn rows(&mut self, statement: Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let values = SqlxValues(statement.values.unwrap_or(Values(Vec::new())));
        let sql = AssertSqlSafe(statement.sql);
        Ok(match &mut self.connection {
            Connection::Postgres { connection, .. } => {
                let rows = query_with(sql, values).fetch_all(connection).await?;
                rows.into_iter().map(QueryResult::from).collect()
            }
            Connection::Sqlite { connection, .. } => {
                let rows = query_with(sql, values).fetch_all(connection).await?;
                rows.into_iter().map(QueryResult::from).collect()
            }
        })
    }
}

/// A reader that runs a statement. Dropped in between, it stops it.
struct Lent {
    reader: Option<Object<Opener>>,
}

impl Lent {
    fn give_back(&mut self, is_sound: bool) {
        if let Some(mut reader) = self.reader.take() {
            reader.is_sound = is_sound;
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut reader) = self.reader.take() else { return };
        reader.is_sound = false;
        match &reader.connection {
            Connection::Sqlite { is_stopped, .. } => is_stopped.store(true, Ordering::Relaxed),
            Connection::Postgres { process, .. } => {
                let process = *process;
                let pool = Object::pool(&reader);
                let cancel = async move {
                    let Some(pool) = pool else { return };
                    let Opener::Postgres(_, control) = pool.manager() else { return };
                    let cancelled =
                        sqlx::query("SELECT pg_cancel_backend($1)").bind(process).execute(control);
                    if let Err(error) = cancelled.await {
                        tracing::debug!(%error, "cancelling a statement");
                    }
                    // Held until here: as long as its connection is open, the process is nobody else's.
                    drop(reader);
                };
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(cancel);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;
    use tokio::time::{sleep, timeout};

    use super::*;

    /// It would run for ever.
    const ENDLESS: &str =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

    fn statement(sql: &str) -> Statement {
        Statement::from_string(DbBackend::Sqlite, sql)
    }

    #[tokio::test]
    async fn sqlite_stops_what_nobody_waits_for() {
        let directory = tempdir().unwrap();
        let options =
            SqliteConnectOptions::new().filename(directory.path().join("x.db")).create_if_missing(true);
        let readers = Readers::new(Opener::Sqlite(options), 1, Arc::default()).unwrap();
        // Held by the connection's own thread, as long as there is one.
        let handle = {
            let reader = readers.pool.get().await.unwrap();
            let Connection::Sqlite { is_stopped, .. } = &reader.connection else { unreachable!() };
            Arc::downgrade(is_stopped)
        };
        let endless = timeout(Duration::from_millis(100), readers.query_all(statement(ENDLESS))).await;
        assert!(endless.is_err());
        // There may be one: it is another.
        let rows = readers.query_all(statement("SELECT 1 AS one")).await.unwrap();
        assert_eq!(rows[0].try_get::<i64>("", "one").unwrap(), 1);
        let ended = async {
            while handle.upgrade().is_some() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(Duration::from_secs(60), ended).await.expect("the thread goes on");
    }

    #[tokio::test]
    async fn what_failed_on_a_reader_ends_it() {
        let directory = tempdir().unwrap();
        let options =
            SqliteConnectOptions::new().filename(directory.path().join("x.db")).create_if_missing(true);
        let readers = Readers::new(Opener::Sqlite(options), 1, Arc::default()).unwrap();
        readers.query_all(statement("SELECT 1")).await.unwrap();
        readers.query_all(statement("SELECT nothing")).await.unwrap_err();
        readers.query_all(statement("SELECT 1")).await.unwrap();
        readers.close();
        let closed = readers.query_all(statement("SELECT 1")).await.unwrap_err();
        assert!(matches!(closed, DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)), "{closed}");
    }
}
