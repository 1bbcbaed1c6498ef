//! Suspensions that end by themselves; and what somebody did, counted by type from an index alone.

use sea_orm_migration::prelude::*;

use crate::table::time_null;

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// The indexes of the audit log by whose entries they are: the name and the columns before, the rows that it has, and
/// the columns from now on under the same name.
const INDEXES: [(&str, &str, &str); 2] = [
    ("idx_audit_logs_actor_id_id", "actor_id, id", ""),
    ("idx_audit_logs_subject_id", "subject, id", " WHERE subject IS NOT NULL"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = TableAlterStatement::new().table("users").add_column(time_null("suspended_until")).take();
        manager.alter_table(users).await?;
        index(manager, ", event_type").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        index(manager, "").await?;
        let users = TableAlterStatement::new().table("users").drop_column("suspended_until").take();
        manager.alter_table(users).await
    }
}

/// Makes the indexes anew, with `more` columns at their end.
async fn index(manager: &SchemaManager<'_>, more: &str) -> Result<(), DbErr> {
    for (name, columns, condition) in INDEXES {
        let sql = format!(
            "DROP INDEX {name};
             CREATE INDEX {name} ON audit_logs ({columns}{more}){condition};"
        );
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}
