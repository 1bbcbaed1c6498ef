//! How the database goes about what a request asks of it, where there is much of it.

use std::{
    fmt::Debug,
    sync::mpsc::{Sender, channel},
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, TransactionTrait};
use serde_json::Value;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry,
};
use uuid::Uuid;

use crate::{Client, Database, TestGateway};

impl TestGateway {
    /// Adds `rows` rows to `table`, past the gateway, and lets the database look at what is in it now. Each column has its
    /// value as SQL over `n`, the number of the row from 1; `ID()`, `AT()`, `JSON()` and `BYTES()` are a new id, a time,
    /// an empty object and no bytes.
    pub async fn fill(&self, table: &str, rows: u32, columns: &[(&str, &str)]) {
        let (numbers, words) = if Database::is_postgres() {
            let words = ["gen_random_uuid()", "now()", "'{}'::jsonb", "''::bytea"];
            (format!("SELECT n FROM generate_series(1, {rows}) n"), words)
        } else {
            let words = ["randomblob(16)", "'2026-11-21T00:00:00Z'", "'{}'", "x''"];
            (format!("SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}"), words)
        };
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let mut values = columns.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ");
        for (word, sql) in ["ID()", "AT()", "JSON()", "BYTES()"].into_iter().zip(words) {
            values = values.replace(word, sql);
        }
        let sql = format!(
            "WITH RECURSIVE numbers(n) AS ({numbers}) INSERT INTO {table} ({}) SELECT {values} FROM numbers",
            names.join(", ")
        );
        let db = self.database().sql().await;
        db.execute_unprepared(&sql).await.unwrap();
        if Database::is_postgres() {
            db.execute_unprepared(&format!("ANALYZE {table}")).await.unwrap();
        }
    }

    /// An id as a value for [`Self::fill`].
    pub fn sql_id(id: Uuid) -> String {
        if Database::is_postgres() { format!("'{id}'::uuid") } else { format!("x'{}'", id.simple()) }
    }

    /// How many statements a request sends. The gateway's background sends some in between (where it writes,
    /// the sequencer does), so that the least of twenty times counts.
    pub async fn cost(&self, client: &Client, document: &str, variables: Value) -> u64 {
        let mut least = u64::MAX;
        for _ in 0..20 {
            self.run_until_idle().await;
            let before = self.kernel().db().statements();
            client.run_with(document, variables.clone()).await.ok();
            least = least.min(self.kernel().db().statements() - before);
        }
        least
    }

    /// The plan of the one statement on `table` that a request sends, as the database tells it: what indexes it goes by
    /// and whether it has to sort.
    pub async fn plan(&self, client: &Client, document: &str, table: &str) -> String {
        let from = format!("FROM \"{table}\"");
        let statements = statements(async { drop(client.run(document).await.ok()) }).await;
        let statements: Vec<String> = statements.into_iter().filter(|sql| sql.contains(&from)).collect();
        let [sql] = statements.as_slice() else { panic!("not one statement on {table}: {statements:#?}") };
        let db = self.database().sql().await.begin().await.unwrap();
        let plan =
            if Database::is_postgres() { postgres_plan(&db, sql).await } else { sqlite_plan(&db, sql).await };
        db.rollback().await.unwrap();
        plan
    }
}

/// The statements that the gateway sends while `request` runs. Tests run on one thread each, the gateway's tasks too, so
/// that nobody else's are heard.
async fn statements(request: impl Future) -> Vec<String> {
    let (sender, statements) = channel();
    let listening = tracing::subscriber::set_default(registry().with(Listener(sender)));
    // Another test's thread may have met the gateway's SQL for the first time when nobody listened there, and tracing keeps
    // for everybody that nobody does.
    tracing::callsite::rebuild_interest_cache();
    request.await;
    drop(listening);
    // Not until the last sender is gone: a connection's last span may hold one.
    statements.try_iter().collect()
}

struct Listener(Sender<String>);

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "opsgate::sql" {
            event.record(&mut Sql(&self.0));
        }
    }
}

struct Sql<'a>(&'a Sender<String>);

impl Visit for Sql<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            self.0.send(value.to_owned()).unwrap();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

async fn sqlite_plan(db: &DatabaseTransaction, sql: &str) -> String {
    lines(db, &format!("EXPLAIN QUERY PLAN {sql}"), "detail").await
}

/// For any values, but for the limit: that is the size of a page, and without knowing it the database takes a page for a
/// tenth of the table.
async fn postgres_plan(db: &DatabaseTransaction, sql: &str) -> String {
    let sql = match sql.rsplit_once(" LIMIT $") {
        Some((head, _)) => format!("{head} LIMIT 21"),
        None => sql.to_owned(),
    };
    let parameters = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
    db.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan").await.unwrap();
    // Few rows it rather sorts than fetches in order. Whether it would have to, is the question.
    db.execute_unprepared("SET LOCAL enable_sort = off").await.unwrap();
    db.execute_unprepared(&format!("PREPARE probe AS {sql}")).await.unwrap();
    let values = vec!["NULL"; parameters].join(", ");
    let call = if parameters == 0 { "probe".to_owned() } else { format!("probe({values})") };
    let plan = lines(db, &format!("EXPLAIN EXECUTE {call}"), "QUERY PLAN").await;
    db.execute_unprepared("DEALLOCATE probe").await.unwrap();
    plan
}

async fn lines(db: &DatabaseTransaction, sql: &str, column: &str) -> String {
    let backend = if Database::is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>("", column).unwrap()).collect::<Vec<_>>().join("\n")
}
