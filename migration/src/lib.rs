//! The history of the tables, the same on SQLite and PostgreSQL.
//!
//! A migration is a file named by date, number and theme; a new one goes to the end of
//! [`Migrator::migrations`]. It reads as a list of tables (`table.rs`); whatever the two databases don't
//! share is in `dialect.rs` and nowhere else.
//!
//! [`up`] and [`down`] run in one transaction on both databases: they change everything or nothing.

mod dialect;
mod m20261121_000001_kernel;
mod m20261121_000002_access_directory;
mod m20261121_000003_audit_events;
mod m20261121_000004_monitoring;
mod m20261121_000005_incidents;
mod m20261121_000006_trusted_documents;
mod m20261121_000007_roles;
mod m20261121_000008_approvals;
mod m20261121_000009_sign_in;
mod m20261121_000010_users;
mod m20261121_000011_organizations;
mod m20261121_000012_user_search;
mod m20261121_000014_api_tokens;
mod m20261121_000016_ip_allow_entries;
mod m20261121_000017_impersonations;
mod m20261121_000018_key_ring;
mod table;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
pub use sea_orm_migration::{Migration, MigrationStatus};

/// The list of all migrations, oldest first.
///
/// Its own `up` and `down` take no lock: use [`up`] and [`down`] of this crate.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_kernel::Migration),
            Box::new(m20261121_000002_access_directory::Migration),
            Box::new(m20261121_000003_audit_events::Migration),
            Box::new(m20261121_000004_monitoring::Migration),
            Box::new(m20261121_000005_incidents::Migration),
            Box::new(m20261121_000006_trusted_documents::Migration),
            Box::new(m20261121_000007_roles::Migration),
            Box::new(m20261121_000008_approvals::Migration),
            Box::new(m20261121_000009_sign_in::Migration),
            Box::new(m20261121_000010_users::Migration),
            Box::new(m20261121_000011_organizations::Migration),
            Box::new(m20261121_000012_user_search::Migration),
            Box::new(m20261121_000014_api_tokens::Migration),
            Box::new(m20261121_000016_ip_allow_entries::Migration),
            Box::new(m20261121_000017_impersonations::Migration),
            Box::new(m20261121_000018_key_ring::Migration),
        ]
    }
}

/// Applies whatever is pending. Several processes may call it at once: the first does the work, the others
/// wait and find nothing left.
///
/// Where nothing is pending it only reads, so a role without the right to create tables may call it.
///
/// # Errors
///
/// Of the database; and where it has a migration that this program doesn't know, being older than the
/// tables.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    if Migrator::get_pending_migrations_read_only(db).await?.is_empty() {
        return Ok(());
    }
    let tx = begin(db).await?;
    Migrator::up(&tx, None).await?;
    tx.commit().await
}

/// Reverts the last `steps` migrations, or all where `None` is given, and **drops their tables with all
/// rows**.
///
/// # Errors
///
/// As those of [`up`].
pub async fn down(db: &DatabaseConnection, steps: Option<u32>) -> Result<(), DbErr> {
    let tx = begin(db).await?;
    Migrator::down(&tx, steps).await?;
    tx.commit().await
}

/// Every migration by its name, oldest first, and whether it is applied. It changes nothing.
///
/// # Errors
///
/// As those of [`up`].
pub async fn status(db: &DatabaseConnection) -> Result<Vec<Migration>, DbErr> {
    Migrator::get_migration_with_status_read_only(db).await
}

/// The transaction in which the tables change; whoever else wants to change them waits until it ends.
async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let tx = db
        .begin_with_options(TransactionOptions {
            // It is the lock of SQLite.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await?;
    dialect::lock(&tx).await?;
    Ok(tx)
}
