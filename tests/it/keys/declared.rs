//! Whatever is sealed is declared: else it would be left behind when a key is retired.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, Statement};
use tests::{Database, TestGateway};

/// The columns of all tables, with their tables.
pub async fn columns(database: &Database) -> Vec<(String, String)> {
    let sql = if Database::is_postgres() {
        "SELECT table_name::text AS place, column_name::text AS name FROM information_schema.columns
         WHERE table_schema = current_schema()"
    } else {
        "SELECT place.name AS place, its.name AS name FROM sqlite_schema AS place, pragma_table_info(place.name) AS its
         WHERE place.type = 'table'"
    };
    let db = database.sql().await;
    let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    found
        .into_iter()
        .map(|row| (row.try_get("", "place").unwrap(), row.try_get("", "name").unwrap()))
        .collect()
}

#[tokio::test]
async fn every_sealed_column_is_declared_and_every_declared_one_is_there() {
    let gateway = TestGateway::start().await;
    let columns = columns(gateway.database()).await;
    let declared: BTreeSet<(String, String)> = gateway
        .kernel()
        .catalogue()
        .sealed()
        .flat_map(|table| table.columns.iter().map(|column| (table.name.to_owned(), (*column).to_owned())))
        .collect();
    let is_sealed = |(_, name): &&(String, String)| name == "sealed" || name.starts_with("sealed_");
    let sealed: BTreeSet<_> = columns.iter().filter(is_sealed).cloned().collect();
    assert_eq!(sealed, declared, "a table says what is sealed of it, and schema.rs lists it");
    for table in gateway.kernel().catalogue().sealed() {
        for column in [table.row].into_iter().chain(table.beside) {
            assert!(columns.contains(&(table.name.to_owned(), column.to_owned())), "{table:?}");
        }
    }
}
