//! What else an API token is limited to, that it can be rotated, and when it was last used.

use sea_orm_migration::prelude::*;

use crate::table::{bytes_null, drop_tables, int_null, json_null, key, table, time, time_null, uuid};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 3] = [
    ("UNIQUE INDEX uq_api_tokens_previous_hash", "previous_hash"),
    ("INDEX idx_api_tokens_created_at_id", "created_at, id"),
    ("INDEX idx_api_tokens_organization_id_created_at_id", "organization_id, created_at, id"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            let tokens = TableAlterStatement::new().table("api_tokens").add_column(column).take();
            manager.alter_table(tokens).await?;
        }
        for (index, columns) in INDEXES {
            let create = format!("CREATE {index} ON api_tokens ({columns})");
            manager.get_connection().execute_unprepared(&create).await?;
        }
        // Beside the tokens: what is written by the minute is no fact about them.
        table("api_token_uses")
            .columns([key(uuid("api_token_id")), time("last_used_at")])
            .belongs("api_token_id", "api_tokens")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["api_token_uses"]).await?;
        for (index, _) in INDEXES {
            let name = index.rsplit(' ').next().unwrap_or_default();
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for column in columns() {
            let name = column.get_column_name();
            let tokens = TableAlterStatement::new().table("api_tokens").drop_column(name).take();
            manager.alter_table(tokens).await?;
        }
        Ok(())
    }
}

fn columns() -> [ColumnDef; 5] {
    [
        bytes_null("previous_hash"),
        time_null("previous_until"),
        json_null("networks"),
        int_null("cost_bucket"),
        int_null("cost_per_second"),
    ]
}
