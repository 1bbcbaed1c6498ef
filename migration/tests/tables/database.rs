//! A new, migrated database for each test.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::prelude::*;
use sea_orm::{ConnectOptions, Database, DbBackend};

/// How to reach a database that is a test's own.
#[derive(Clone)]
pub struct TestDatabase {
    options: ConnectOptions,
}

impl TestDatabase {
    /// Connects as the application does in what matters here.
    pub async fn connect(&self) -> DatabaseConnection {
        Database::connect(self.options.clone()).await.expect("the test's database should answer")
    }
}

/// Runs a test on an empty database of each kind.
pub async fn on_each_empty(test: impl AsyncFn(TestDatabase)) {
    on_sqlite(&test).await;
    if let Ok(url) = std::env::var("OPSGATE_TEST_POSTGRES_URL") {
        on_postgres(&url, &test).await;
    }
}

/// Runs a test on a migrated database of each kind.
pub async fn on_each(test: impl AsyncFn(&DatabaseConnection)) {
    on_each_empty(async |database| {
        let db = database.connect().await;
        migration::up(&db).await.expect("up");
        test(&db).await;
        db.close().await.expect("close");
    })
    .await;
}

/// Whether it is SQLite; otherwise it is PostgreSQL.
pub fn is_sqlite(db: &DatabaseConnection) -> bool {
    db.get_database_backend() == DbBackend::Sqlite
}

async fn on_sqlite(test: &impl AsyncFn(TestDatabase)) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("opsgate.db");
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
    options.max_connections(1).map_sqlx_sqlite_opts(|sqlite| sqlite.pragma("recursive_triggers", "ON"));
    test(TestDatabase { options }).await;
}

async fn on_postgres(url: &str, test: &impl AsyncFn(TestDatabase)) {
    let name = format!("opsgate_migration_{}", Uuid::new_v4().simple());
    let server = Database::connect(url).await.expect("the PostgreSQL server should answer");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("create the test's database");

    let mut options = ConnectOptions::new(url);
    let database = name.clone();
    options
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(30))
        .map_sqlx_postgres_opts(move |postgres| postgres.database(&database));
    // A failed test leaves no database behind either.
    let outcome = AssertUnwindSafe(test(TestDatabase { options })).catch_unwind().await;

    server
        .execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .expect("drop the test's database");
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
