//! Up, down and up again; and several processes at once.

use migration::MigrationStatus;
use sea_orm::Statement;
use sea_orm::prelude::*;

use crate::database::{TestDatabase, is_sqlite, on_each_empty};

#[tokio::test]
async fn down_leaves_nothing_and_up_works_again() {
    on_each_empty(async |database| {
        let db = database.connect().await;
        let all = pending(&db).await;
        assert_eq!(objects(&db).await, [""; 0], "status creates nothing");

        migration::up(&db).await.expect("up");
        let tables = objects(&db).await;
        assert!(tables.iter().any(|name| name == "incidents"), "{tables:?}");
        migration::up(&db).await.expect("nothing left to do");

        migration::down(&db, Some(1)).await.expect("down one");
        assert_eq!(pending(&db).await, 1);
        migration::up(&db).await.expect("up from the middle");
        assert_eq!(objects(&db).await, tables);

        migration::down(&db, None).await.expect("down");
        assert_eq!(objects(&db).await, ["seaql_migrations"]);
        assert_eq!(pending(&db).await, all);
        migration::up(&db).await.expect("up again");
        assert_eq!(objects(&db).await, tables);
        assert_eq!(pending(&db).await, 0);
        db.close().await.expect("close");
    })
    .await;
}

#[tokio::test]
async fn several_processes_may_start_at_once() {
    on_each_empty(async |database: TestDatabase| {
        let (first, second, third) =
            (database.connect().await, database.connect().await, database.connect().await);
        let (a, b, c) = tokio::join!(migration::up(&first), migration::up(&second), migration::up(&third));
        a.expect("the first");
        b.expect("the second");
        c.expect("the third");
        assert_eq!(pending(&first).await, 0);
        for db in [first, second, third] {
            db.close().await.expect("close");
        }
    })
    .await;
}

#[tokio::test]
async fn a_failed_migration_changes_nothing() {
    on_each_empty(async |database| {
        let db = database.connect().await;
        // Stands in the way of the last migration.
        db.execute_unprepared("CREATE TABLE incidents (id integer)").await.expect("a stranger's table");
        migration::up(&db).await.expect_err("it is in the way");
        assert_eq!(objects(&db).await, ["incidents"]);
        db.close().await.expect("close");
    })
    .await;
}

/// How many migrations aren't applied.
async fn pending(db: &DatabaseConnection) -> usize {
    let steps = migration::status(db).await.expect("status");
    steps.iter().filter(|step| step.status() == MigrationStatus::Pending).count()
}

/// The names of all tables, sequences and functions, sorted; extensions stay.
async fn objects(db: &DatabaseConnection) -> Vec<String> {
    let sql = if is_sqlite(db) {
        "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND type IN ('table', 'view', 'trigger')
         ORDER BY name"
    } else {
        "SELECT relname::text AS name FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v', 'S')
         UNION ALL
         SELECT proname::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
             AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
         ORDER BY name"
    };
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .expect("the catalogue")
        .into_iter()
        .map(|row| row.try_get("", "name").expect("a name"))
        .collect()
}
