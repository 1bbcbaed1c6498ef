//! Kernels for the kernel's own tests: each test has a new, migrated database of each kind, and opens one kernel for
//! every process that it plays.

use std::{panic::AssertUnwindSafe, time::Duration};

use ::entity::audit_log::{AuditCategory, AuditSeverity};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use uuid::Uuid;

use super::{
    Kernel, Parts,
    actor::PLATFORM,
    clock::Clock,
    db::Db,
    error::Result,
    event::{Entity, Event, EventType},
    id::Prefix,
    permission::Catalogue,
    queue::Handlers,
    rights::RightsData,
    secret::KeyRing,
    tx::Tx,
    workers::Workers,
};
use crate::config::{Config, Overrides};

/// Something happened.
pub static HAPPENED: EventType = EventType {
    name: "tests.thing.happened",
    version: 1,
    description: "Something happened.",
    category: AuditCategory::System,
    severity: AuditSeverity::Info,
    action: "THING_HAPPEN",
    permission: "tests.read",
};

/// A test's own database.
#[derive(Debug)]
pub struct TestDatabase {
    config: Config,
}

impl TestDatabase {
    fn new(url: String) -> Self {
        let settings = [("OPSGATE_DATABASE_URL", url), ("OPSGATE_SQLITE_SYNCHRONOUS", "NORMAL".to_owned())];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        Self { config: Config::assemble(None, settings, &Overrides::default()).unwrap() }
    }

    /// Opens one more process's kernel.
    pub async fn kernel(&self, clock: &Clock) -> Kernel {
        let parts = Parts {
            db: Db::open(&self.config).await.unwrap(),
            clock: clock.clone(),
            keys: KeyRing::generate(),
            catalogue: Catalogue::default(),
            load_rights: |_, _| async { Ok(RightsData::default()) }.boxed(),
            environment: "test".to_owned(),
            mailer: None,
        };
        Kernel::open(parts).await.unwrap()
    }
}

/// Runs a test on SQLite, and on PostgreSQL where `OPSGATE_TEST_POSTGRES_URL` is set.
pub async fn on_each(test: impl AsyncFn(&TestDatabase)) {
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(format!("sqlite:{}", directory.path().join("opsgate.db").display()));
    migrate(&database).await;
    test(&database).await;

    let Ok(url) = std::env::var("OPSGATE_TEST_POSTGRES_URL") else { return };
    let server = Database::connect(&url).await.unwrap();
    let name = format!("opsgate_kernel_{}", Uuid::new_v4().simple());
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (address, _) = url.rsplit_once('/').unwrap();
    let database = TestDatabase::new(format!("{address}/{name}"));
    migrate(&database).await;
    // A failed test leaves no database behind either.
    let outcome = AssertUnwindSafe(test(&database)).catch_unwind().await;
    server.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn migrate(database: &TestDatabase) {
    let db = Db::open(&database.config).await.unwrap();
    migration::up(db.writer()).await.unwrap();
    db.close().await;
}

/// A clock that stands still in 2027.
pub fn manual_clock() -> Clock {
    Clock::manual(DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap())
}

/// Workers that do nothing yet.
pub fn workers() -> Workers {
    Workers { handlers: Handlers::new(), schedules: vec![], reactors: vec![], slots: 4 }
}

/// Records in one transaction that these happened.
pub async fn happen(kernel: &Kernel, numbers: impl IntoIterator<Item = i64>) {
    let mut tx = Tx::system(kernel, "test").await.unwrap();
    tx.record_many(numbers.into_iter().map(thing_happened));
    tx.commit().await.unwrap();
}

/// It happened, with this number.
pub fn thing_happened(number: i64) -> Event {
    let entity = Entity::new("Thing", Prefix("thing"), Uuid::nil(), 1, PLATFORM);
    Event::new(&HAPPENED, entity).data(json!({ "number": number }))
}

/// Waits until all of these have nothing left to do.
///
/// # Panics
/// After 30 seconds.
pub async fn until_idle(kernels: &[&Kernel]) {
    let idle = async {
        loop {
            let mut is_idle = true;
            for kernel in kernels {
                is_idle &= kernel.is_idle().await.unwrap();
            }
            if is_idle {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), idle).await.expect("it should become idle");
}

/// Commits what `work` does, or panics.
pub async fn commit(kernel: &Kernel, work: impl AsyncFnOnce(&mut Tx) -> Result<()>) {
    let mut tx = Tx::system(kernel, "test").await.unwrap();
    work(&mut tx).await.unwrap();
    tx.commit_bookkeeping().await.unwrap();
}
