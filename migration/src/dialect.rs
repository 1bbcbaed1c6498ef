//! What SQLite and PostgreSQL don't share: locks, triggers and sequences.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseTransaction, DbBackend};

use crate::table::{big, drop_tables, int, key, table, text};

/// The advisory lock of whoever changes the tables; any number that nothing else in the database uses.
const LOCK: i64 = i64::from_be_bytes(*b"\0opsgate");

/// Waits for every other process that changes the tables, and keeps them waiting until the transaction
/// ends.
///
/// On SQLite the transaction itself is that lock, since it began IMMEDIATE.
pub async fn lock(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    if is_sqlite(tx.get_database_backend()) {
        return Ok(());
    }
    // A pool's statement timeout is meant for requests: it would end a long wait, or a long migration.
    tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    Ok(())
}

/// Makes text compare by code points, as it does on SQLite anyway: both databases sort alike, and an index serves a
/// prefix. Before the table has indexes.
pub async fn collate(manager: &SchemaManager<'_>, table: &str, columns: &[String]) -> Result<(), DbErr> {
    if is_sqlite(manager.get_database_backend()) || columns.is_empty() {
        return Ok(());
    }
    let changes: Vec<_> =
        columns.iter().map(|column| format!(r#"ALTER COLUMN "{column}" TYPE text COLLATE "C""#)).collect();
    execute(manager, &format!("ALTER TABLE {table} {}", changes.join(", "))).await
}

/// Prepares what [`append_only`] needs: the function that refuses, or the table that opens the way past.
pub async fn create_append_only(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if is_sqlite(manager.get_database_backend()) {
        return table("retention_guard").columns([key(int("id"))]).create(manager).await;
    }
    execute(
        manager,
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
         END $$",
    )
    .await
}

/// Reverts [`create_append_only`]; the append-only tables are dropped before.
pub async fn drop_append_only(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if is_sqlite(manager.get_database_backend()) {
        return drop_tables(manager, ["retention_guard"]).await;
    }
    execute(manager, "DROP FUNCTION refuse_change()").await
}

/// Who may delete from an append-only table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Nobody.
    Never,
    /// Retention: on PostgreSQL a transaction with `SET LOCAL opsgate.retention = 'on'`, on SQLite one that
    /// put a row into `retention_guard` and takes it out again.
    Retention,
}

/// Makes a table refuse UPDATE and DELETE, and TRUNCATE on PostgreSQL.
///
/// On SQLite a REPLACE deletes too, but fires triggers only where the connection has `recursive_triggers`
/// on.
pub async fn append_only(manager: &SchemaManager<'_>, table: &str, deletion: Deletion) -> Result<(), DbErr> {
    if is_sqlite(manager.get_database_backend()) {
        let unless_retention = match deletion {
            Deletion::Never => "",
            Deletion::Retention => "WHEN NOT EXISTS (SELECT 1 FROM retention_guard)",
        };
        let refuse = format!("BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END");
        return execute(
            manager,
            &format!(
                "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse};
                 CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {unless_retention} {refuse};"
            ),
        )
        .await;
    }
    // For each row, not each statement: partitions inherit the triggers of rows alone.
    let unless_retention = match deletion {
        Deletion::Never => "",
        Deletion::Retention => "WHEN (current_setting('opsgate.retention', true) IS DISTINCT FROM 'on')",
    };
    let refuse = "EXECUTE FUNCTION refuse_change()";
    execute(
        manager,
        &format!(
            "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {refuse};
             CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {unless_retention} {refuse};
             CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse};"
        ),
    )
    .await
}

/// Prepares what [`create_sequence`] needs: on SQLite a table, since it has no sequences.
pub async fn create_sequences(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if !is_sqlite(manager.get_database_backend()) {
        return Ok(());
    }
    table("sequences").columns([key(text("name")), big("value")]).create(manager).await
}

/// Reverts [`create_sequences`]; the sequences are dropped before.
pub async fn drop_sequences(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if !is_sqlite(manager.get_database_backend()) {
        return Ok(());
    }
    drop_tables(manager, ["sequences"]).await
}

/// Creates a sequence whose first value is 1.
pub async fn create_sequence(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let sql = if is_sqlite(manager.get_database_backend()) {
        format!("INSERT INTO sequences (name, value) VALUES ('{name}', 0)")
    } else {
        format!("CREATE SEQUENCE {name}")
    };
    execute(manager, &sql).await
}

/// Reverts [`create_sequence`].
pub async fn drop_sequence(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let sql = if is_sqlite(manager.get_database_backend()) {
        format!("DELETE FROM sequences WHERE name = '{name}'")
    } else {
        format!("DROP SEQUENCE {name}")
    };
    execute(manager, &sql).await
}

/// Indexes the column `search` of `table` by trigrams: on PostgreSQL for LIKE, on SQLite as the words of
/// `{noun}_search_words`, whose rows are the places of `{noun}_search`. (A row's own number isn't one: VACUUM may change
/// it.) Triggers keep both in step.
pub async fn create_word_search(manager: &SchemaManager<'_>, noun: &str, table: &str) -> Result<(), DbErr> {
    if !is_sqlite(manager.get_database_backend()) {
        // A trusted extension: whoever may create anything in the database may create it.
        execute(manager, "CREATE EXTENSION IF NOT EXISTS pg_trgm").await.map_err(|error| {
            DbErr::Migration(format!(
                "PostgreSQL's extension pg_trgm, by which {table} are searched, isn't there and can't be created: \
                 {error}. Install the server's contrib package where it is missing, and let the database's owner run \
                 CREATE EXTENSION pg_trgm"
            ))
        })?;
        let sql = format!("CREATE INDEX idx_{table}_search ON {table} USING gin (search gin_trgm_ops)");
        return execute(manager, &sql).await;
    }
    let places = format!("{noun}_search");
    let words = format!("{noun}_search_words");
    execute(
        manager,
        &format!(
            "CREATE TABLE {places} (place integer NOT NULL PRIMARY KEY, {noun}_id blob NOT NULL UNIQUE);
             CREATE VIRTUAL TABLE {words} USING fts5
                 (search, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1');
             INSERT INTO {places} ({noun}_id) SELECT id FROM {table} ORDER BY id;
             INSERT INTO {words} (rowid, search)
                 SELECT place, search FROM {table} JOIN {places} ON {noun}_id = id ORDER BY place;
             CREATE TRIGGER {places}_added AFTER INSERT ON {table} BEGIN
                 INSERT INTO {places} ({noun}_id) VALUES (new.id);
                 INSERT INTO {words} (rowid, search) SELECT place, new.search FROM {places} WHERE {noun}_id = new.id;
             END;
             CREATE TRIGGER {places}_changed AFTER UPDATE OF search ON {table} WHEN new.search <> old.search BEGIN
                 UPDATE {words} SET search = new.search
                     WHERE rowid = (SELECT place FROM {places} WHERE {noun}_id = new.id);
             END;
             CREATE TRIGGER {places}_removed AFTER DELETE ON {table} BEGIN
                 DELETE FROM {words} WHERE rowid = (SELECT place FROM {places} WHERE {noun}_id = old.id);
                 DELETE FROM {places} WHERE {noun}_id = old.id;
             END;"
        ),
    )
    .await
}

/// Reverts [`create_word_search`]. PostgreSQL's extension stays: others may use it.
pub async fn drop_word_search(manager: &SchemaManager<'_>, noun: &str, table: &str) -> Result<(), DbErr> {
    if !is_sqlite(manager.get_database_backend()) {
        return execute(manager, &format!("DROP INDEX idx_{table}_search")).await;
    }
    execute(
        manager,
        &format!(
            "DROP TRIGGER {noun}_search_added; DROP TRIGGER {noun}_search_changed;
             DROP TRIGGER {noun}_search_removed; DROP TABLE {noun}_search_words; DROP TABLE {noun}_search;"
        ),
    )
    .await
}

async fn execute(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

fn is_sqlite(backend: DbBackend) -> bool {
    backend == DbBackend::Sqlite
}
