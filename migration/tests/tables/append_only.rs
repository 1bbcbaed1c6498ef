//! Append-only tables refuse every change, but retention may delete.

use entity::event;
use sea_orm::prelude::*;
use sea_orm::{IntoActiveModel, TransactionTrait};

use crate::database::{is_sqlite, on_each};
use crate::rows;

/// Each append-only table, its key, and whether retention may delete from it.
const TABLES: [(&str, &str, bool); 4] = [
    ("audit_logs", "id", true),
    ("events", "id", true),
    ("event_positions", "position", true),
    ("audit_leaves", "leaf_index", false),
];

#[tokio::test]
async fn changes_are_refused() {
    on_each(async |db| {
        fill(db).await;
        for (table, key, _) in TABLES {
            for retention in [false, true] {
                refuses(db, table, retention, &format!("UPDATE {table} SET {key} = {key}")).await;
                refuses(
                    db,
                    table,
                    retention,
                    &format!(
                        "INSERT INTO {table} SELECT * FROM {table} WHERE true
                         ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}"
                    ),
                )
                .await;
                if !is_sqlite(db) {
                    refuses(db, table, retention, &format!("TRUNCATE {table}")).await;
                }
            }
            refuses(db, table, false, &format!("DELETE FROM {table}")).await;
            if is_sqlite(db) {
                let replace = format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}");
                refuses(db, table, false, &replace).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn retention_deletes_and_nothing_else_after_it() {
    on_each(async |db| {
        fill(db).await;
        for (table, _, retention_deletes) in TABLES {
            let delete = format!("DELETE FROM {table}");
            if retention_deletes {
                let deleted =
                    attempt(db, true, &delete).await.unwrap_or_else(|error| panic!("{table}: {error}"));
                assert_eq!(deleted, 1, "{table}");
            } else {
                refuses(db, table, true, &delete).await;
            }
            // The way is closed again.
            refuses(db, table, false, &delete).await;
        }
        assert_eq!(event::Entity::find().count(db).await.expect("count"), 1);
    })
    .await;
}

/// A row in each append-only table.
async fn fill(db: &DatabaseConnection) {
    let entry = rows::audit_log().into_active_model().reset_all();
    entry.insert(db).await.expect("audit log");
    let event = rows::event().into_active_model().reset_all();
    event.insert(db).await.expect("event");
    let position = rows::event_position().into_active_model().reset_all();
    position.insert(db).await.expect("position");
    let leaf = rows::audit_leaf().into_active_model().reset_all();
    leaf.insert(db).await.expect("leaf");
}

/// The statement fails, and says why.
async fn refuses(db: &DatabaseConnection, table: &str, retention: bool, sql: &str) {
    let error = attempt(db, retention, sql).await.expect_err(sql).to_string();
    assert!(error.contains(&format!("{table} is append-only")), "{sql}: {error}");
}

/// How many rows a statement changes, inside or outside of retention. It is rolled back.
async fn attempt(db: &DatabaseConnection, retention: bool, sql: &str) -> Result<u64, DbErr> {
    let tx = db.begin().await?;
    if retention {
        let open = if is_sqlite(db) {
            "INSERT INTO retention_guard (id) VALUES (1)"
        } else {
            "SET LOCAL opsgate.retention = 'on'"
        };
        tx.execute_unprepared(open).await?;
    }
    let result = tx.execute_unprepared(sql).await;
    tx.rollback().await?;
    result.map(|result| result.rows_affected())
}
