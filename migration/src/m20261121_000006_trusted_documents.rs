//! Documents that a token is trusted with, and nothing else.

use sea_orm_migration::prelude::*;

use crate::table::{bytes, drop_tables, json_null, key, table, text, time};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("trusted_documents")
            .columns([key(bytes("hash")), text("text"), time("created_at")])
            .create(manager)
            .await?;
        let tokens = TableAlterStatement::new().table("api_tokens").add_column(json_null("documents")).take();
        manager.alter_table(tokens).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tokens = TableAlterStatement::new().table("api_tokens").drop_column("documents").take();
        manager.alter_table(tokens).await?;
        drop_tables(manager, ["trusted_documents"]).await
    }
}
