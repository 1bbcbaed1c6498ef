//! A database of its own for each test, copied from one that is migrated once.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use opsgate::config::{Config, Overrides};
use sea_orm::{ConnectionTrait, Database as SeaDatabase, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::Proxy;

/// The server on which tests make their databases; none: SQLite.
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("OPSGATE_TEST_POSTGRES_URL").ok());

/// A migrated SQLite file, made once a run.
static TEMPLATE_FILE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
/// The name of a migrated PostgreSQL database, made once a run.
static TEMPLATE_DATABASE: OnceCell<String> = OnceCell::const_new();

/// A migrated database that is gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    /// Its data directory.
    pub dir: TempDir,
    url: String,
    name: Option<String>,
    connection: OnceCell<DatabaseConnection>,
}

impl Database {
    /// A fresh one.
    pub async fn create() -> Self {
        Self::create_in("pg_default").await
    }

    /// A fresh one on a disk that a test can fill: on PostgreSQL the small one of `.ci/postgres`.
    pub async fn create_on_small_disk() -> Self {
        Self::create_in("small").await
    }

    async fn create_in(tablespace: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        match &*SERVER {
            None => {
                let path = dir.path().join("opsgate.db");
                let (_, template) = TEMPLATE_FILE.get_or_init(template_file).await;
                tokio::fs::copy(template, &path).await.unwrap();
                Self::new(dir, format!("sqlite:{}", path.display()), None)
            }
            Some(server) => {
                let template = TEMPLATE_DATABASE.get_or_init(template_database).await;
                let name = unique_name();
                let create = format!("CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {tablespace}");
                run(server, &create).await;
                Self::new(dir, sibling(server, &name), Some(name))
            }
        }
    }

    /// The same database, by another way to its server; with a data directory of its own.
    pub fn by_way_of(&self, proxy: &Proxy) -> Self {
        Self::new(tempfile::tempdir().unwrap(), proxy.url().to_owned(), None)
    }

    fn new(dir: TempDir, url: String, name: Option<String>) -> Self {
        Self { dir, url, name, connection: OnceCell::new() }
    }

    /// Whether the run is on PostgreSQL.
    pub fn is_postgres() -> bool {
        SERVER.is_some()
    }

    /// The configuration of a gateway on it.
    pub fn config(&self) -> Config {
        self.config_with(Overrides::default())
    }

    /// The configuration of a gateway on it, with further settings.
    pub fn config_with(&self, overrides: Overrides) -> Config {
        let overrides = overrides
            .with("data_dir", self.dir.path().display().to_string())
            .with("database_url", &self.url)
            .with("database_writers", "4")
            .with("database_readers", "4")
            .with("listen", "127.0.0.1:0")
            .with("metrics_listen", "127.0.0.1:0");
        Config::assemble(None, [], &overrides).unwrap()
    }

    /// Its URL, as the setting takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The test's own connection, past the gateway.
    pub async fn sql(&self) -> &DatabaseConnection {
        self.connection.get_or_init(|| self.connect()).await
    }

    /// A further connection, past the gateway.
    pub async fn connect(&self) -> DatabaseConnection {
        SeaDatabase::connect(&self.url).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (Some(server), Some(name)) = (&*SERVER, self.name.take()) else { return };
        // A drop can't wait on the test's runtime, and what is left of a crashed test goes with the server.
        let work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        let _ = work.join();
    }
}

async fn template_file() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("template.db");
    migrate(&format!("sqlite:{}", path.display()), dir.path()).await;
    (dir, path)
}

async fn template_database() -> String {
    let server = SERVER.as_ref().unwrap();
    let name = unique_name();
    run(server, &format!("CREATE DATABASE {name}")).await;
    let dir = tempfile::tempdir().unwrap();
    migrate(&sibling(server, &name), dir.path()).await;
    name
}

async fn migrate(url: &str, dir: &Path) {
    let overrides =
        Overrides::default().with("database_url", url).with("data_dir", dir.display().to_string());
    let config = Config::assemble(None, [], &overrides).unwrap();
    let db = opsgate::app::open_database(&config).await.unwrap();
    if !Database::is_postgres() {
        // So that the file is whole without its log.
        db.control().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    }
    db.close().await;
}

/// The same server, another database.
fn sibling(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

fn unique_name() -> String {
    format!("opsgate_test_{}", uuid::Uuid::new_v4().simple())
}

async fn run(server: &str, sql: &str) {
    let db = SeaDatabase::connect(server).await.unwrap();
    db.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    db.close().await.unwrap();
}
