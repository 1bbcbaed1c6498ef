//! The database: pools, and the few things that differ between SQLite and PostgreSQL.
//!
//! Requests read on [`Readers`], which can't write. SQLite has one writer connection beside, which begins IMMEDIATE;
//! PostgreSQL has a pool for whatever writes, and for the transactions that a request may read in. Both have a small
//! control pool for what must go on under any load: rights, sequencer, tailer, heartbeats.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, RuntimeErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions, sqlite::SqliteConnectOptions};
use tokio::time::timeout;

use super::{
    error::Result,
    readers::{Opener, Readers, STATEMENTS},
    trace,
};
use crate::config::{Config, DatabaseUrl, SqliteSynchronous};

/// SQLite: what the writer may keep of the file in memory, in KiB (so a negative number has it), and the pages of the log
/// after which they go into the file. Each fact touches a dozen indexes at places far apart: with SQLite's own 2 MiB and
/// 4 MiB the same pages are read and written over and over, twenty times what is kept in the end.
const WRITER_CACHE: &str = "-32768";
const CHECKPOINT: &str = "8192";

/// The pools.
#[derive(Clone, Debug)]
pub struct Db {
    backend: DbBackend,
    writer: DatabaseConnection,
    /// What the background reads on, and snapshots: on PostgreSQL the writers.
    reader: DatabaseConnection,
    readers: Readers,
    control: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Opens the pools that `config` describes. Creates the SQLite file where there is none.
    ///
    /// # Errors
    /// Where the database can't be reached or opened.
    pub async fn open(config: &Config) -> Result<Self, DbErr> {
        match &config.database_url {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(path, config).await,
            DatabaseUrl::Postgres(url) => Self::open_postgres(url.expose_secret(), config).await,
        }
    }

    async fn open_sqlite(path: &Path, config: &Config) -> Result<Self, DbErr> {
        let synchronous = match config.sqlite_synchronous {
            SqliteSynchronous::Full => "FULL",
            SqliteSynchronous::Normal => "NORMAL",
        };
        // The path goes in as a path, not as a URL: it may hold `?` and `#`.
        let file = path.to_owned();
        let configure = move |options: SqliteConnectOptions, is_writer: bool| {
            let options = options
                .filename(&file)
                .in_memory(false)
                .shared_cache(false)
                .create_if_missing(is_writer)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5))
                // INSERT OR REPLACE deletes without firing DELETE triggers otherwise.
                .pragma("recursive_triggers", "ON")
                .pragma("trusted_schema", "OFF")
                // What a statement needs to be undone, and to sort: small, and no file of its own for each.
                .pragma("temp_store", "MEMORY");
            if is_writer {
                options
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", synchronous)
                    .pragma("cache_size", WRITER_CACHE)
                    .pragma("wal_autocheckpoint", CHECKPOINT)
            } else {
                options.pragma("query_only", "ON")
            }
        };
        let open = async |max: u32, is_writer: bool| {
            let configure = configure.clone();
            let mut options = ConnectOptions::new("sqlite::memory:");
            options
                .max_connections(max)
                .min_connections(1)
                .acquire_timeout(Duration::from_secs(10))
                .idle_timeout(None::<Duration>)
                .max_lifetime(None::<Duration>)
                .test_before_acquire(false)
                .sqlx_logging(false)
                .record_stmt_in_spans(false)
                .map_sqlx_sqlite_opts(move |options| configure(options, is_writer));
            Database::connect(options).await
        };
        let writer = open(1, true).await?;
        let reader = open(2, false).await?;
        let control = open(1, false).await?;
        let options = configure(SqliteConnectOptions::new().disable_statement_logging(), false);
        Self::counting(Opener::Sqlite(options), config.database_readers, writer, reader, control)
    }

    async fn open_postgres(url: &str, config: &Config) -> Result<Self, DbErr> {
        let statement_timeout = config.statement_timeout;
        // A transaction that idles holds locks: the database ends it. It frees a frozen sequencer, too.
        const IDLE: (&str, &str) = ("idle_in_transaction_session_timeout", "2000");
        let open = async |max: u32, name: &'static str| {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(max)
                .min_connections(1)
                .acquire_timeout(Duration::from_secs(5))
                .test_before_acquire(false)
                .sqlx_logging(false)
                .record_stmt_in_spans(false)
                .statement_timeout(statement_timeout)
                .map_sqlx_postgres_opts(move |opts| opts.application_name(name).options([IDLE]));
            Database::connect(options).await
        };
        let writers = match open(config.database_writers, "opsgate").await {
            Ok(writers) => writers,
            Err(error) => return Err(refusal(url).await.unwrap_or(error)),
        };
        let control = open(4, "opsgate-control").await?;
        let options = url
            .parse::<PgConnectOptions>()
            .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?
            .application_name("opsgate")
            .options([IDLE])
            .options([("default_transaction_read_only", "on")])
            .options([("statement_timeout", statement_timeout.as_millis())])
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let opener = Opener::Postgres(options, control.get_postgres_connection_pool().clone());
        Self::counting(opener, config.database_readers, writers.clone(), writers, control)
    }

    fn counting(
        opener: Opener,
        readers: u32,
        mut writer: DatabaseConnection,
        mut reader: DatabaseConnection,
        control: DatabaseConnection,
    ) -> Result<Self, DbErr> {
        let statements = Arc::new(AtomicU64::new(0));
        let backend = opener.backend();
        for pool in [&mut writer, &mut reader] {
            let statements = statements.clone();
            pool.set_metric_callback(move |info| {
                statements.fetch_add(1, Ordering::Relaxed);
                trace::statement(backend, &info.statement.sql, info.elapsed, info.failed);
            });
        }
        let readers = Readers::new(opener, readers, statements.clone())?;
        Ok(Self { backend, writer, reader, readers, control, statements })
    }

    /// Which of the two it is.
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// Whether there is any table, of whomever.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub async fn has_tables(&self) -> Result<bool, DbErr> {
        let sql = if self.is_postgres() {
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1"
        } else {
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' LIMIT 1"
        };
        let statement = Statement::from_string(self.backend, sql);
        Ok(self.writer.query_one_raw(statement).await?.is_some())
    }

    /// Statements sent since the start, control pool aside.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How its pools stand.
    pub fn pools(&self) -> Vec<PoolStatus> {
        let mut pools = vec![
            PoolStatus::of("writers", &self.writer),
            self.readers.status(),
            PoolStatus::of("control", &self.control),
        ];
        if !self.is_postgres() {
            pools.push(PoolStatus::of("background", &self.reader));
        }
        pools
    }

    /// What a request reads on.
    pub fn readers(&self) -> Conn {
        Conn::Readers(self.readers.clone())
    }

    /// What the background reads on.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For what must go on under any load.
    pub fn control(&self) -> &DatabaseConnection {
        &self.control
    }

    /// The control pool as sqlx knows it, for LISTEN. None on SQLite.
    pub(super) fn postgres_control(&self) -> Option<sqlx::PgPool> {
        self.is_postgres().then(|| self.control.get_postgres_connection_pool().clone())
    }

    /// The pool that may write. Only the kernel's doors and the migration use it.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a writing transaction. On SQLite it waits for the one writer and begins IMMEDIATE.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
    }

    /// Begins a transaction that reads one snapshot throughout.
    pub(super) async fn begin_snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = if self.is_postgres() {
            TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                sqlite_transaction_mode: None,
            }
        } else {
            TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            }
        };
        self.reader.begin_with_options(options).await
    }

    /// Closes every pool.
    pub async fn close(&self) {
        self.readers.close();
        for pool in [&self.writer, &self.reader, &self.control] {
            if let Err(error) = pool.clone().close().await {
                tracing::warn!(%error, "closing a pool");
            }
        }
    }
}

/// How a pool stands.
#[derive(Debug)]
pub struct PoolStatus {
    /// What it is called.
    pub name: &'static str,
    /// The most connections that it opens.
    pub max: usize,
    /// How many are open and not in use.
    pub idle: usize,
    /// How many are in use.
    pub busy: usize,
}

impl PoolStatus {
    fn of(name: &'static str, pool: &DatabaseConnection) -> Self {
        let (max, open, idle) = match pool.get_database_backend() {
            DbBackend::Postgres => {
                let pool = pool.get_postgres_connection_pool();
                (pool.options().get_max_connections(), pool.size(), pool.num_idle())
            }
            _ => {
                let pool = pool.get_sqlite_connection_pool();
                (pool.options().get_max_connections(), pool.size(), pool.num_idle())
            }
        };
        Self { name, max: max as usize, idle, busy: (open as usize).saturating_sub(idle) }
    }
}

/// The next value of a sequence. Unique and rising; one that was rolled back may be missing.
///
/// # Errors
/// Where there is no such sequence.
pub async fn next_value(db: &impl ConnectionTrait, sequence: &'static str) -> Result<i64, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => "SELECT nextval($1::regclass) AS value",
        _ => "UPDATE sequences SET value = value + 1 WHERE name = $1 RETURNING value",
    };
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [sequence.into()]);
    let row = db.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sequence.to_owned()))?.try_get("", "value")
}

/// What reads run on: any connection, or one transaction where a request must see one state (a snapshot, a dry run).
#[derive(Clone, Debug)]
pub enum Conn {
    /// Any reader. It refuses to write.
    Readers(Readers),
    /// Any connection of a pool.
    Pool(DatabaseConnection),
    /// One transaction, shared by all reads of a request.
    Tx(Arc<DatabaseTransaction>),
}

#[async_trait::async_trait]
impl ConnectionTrait for Conn {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Readers(readers) => readers.backend(),
            Self::Pool(db) => db.get_database_backend(),
            Self::Tx(tx) => tx.get_database_backend(),
        }
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Readers(_) => Err(cannot_write()),
            Self::Pool(db) => db.execute_raw(stmt).await,
            Self::Tx(tx) => tx.execute_raw(stmt).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Readers(_) => Err(cannot_write()),
            Self::Pool(db) => db.execute_unprepared(sql).await,
            Self::Tx(tx) => tx.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Readers(readers) => Ok(readers.query_all(stmt).await?.into_iter().next()),
            Self::Pool(db) => db.query_one_raw(stmt).await,
            Self::Tx(tx) => tx.query_one_raw(stmt).await,
        }
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Readers(readers) => readers.query_all(stmt).await,
            Self::Pool(db) => db.query_all_raw(stmt).await,
            Self::Tx(tx) => tx.query_all_raw(stmt).await,
        }
    }
}

/// What the database says to a connection that is tried once. A pool tries again until its time is over, and then says that.
async fn refusal(url: &str) -> Option<DbErr> {
    let options: PgConnectOptions = url.parse().ok()?;
    let error = timeout(Duration::from_secs(2), options.connect()).await.ok()?.err()?;
    Some(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

fn cannot_write() -> DbErr {
    DbErr::Custom("readers don't write".to_owned())
}
