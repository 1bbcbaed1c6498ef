//! Who acts in whose place, and until when.

use sea_orm_migration::prelude::*;

use crate::table::{drop_tables, flag, id, json, table, text, time, time_null, uuid, uuid_null, word_null};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("impersonations")
            .columns([
                id(),
                uuid("impersonator_id"),
                uuid("user_id"),
                uuid_null("admin_user_id"),
                uuid("organization_id"),
                uuid_null("session_id"),
                json("scopes"),
                text("reason"),
                flag("is_read_only"),
                time("expires_at"),
                word_null("ended_by"),
                time_null("ended_at"),
            ])
            .versioned()
            .refers("impersonator_id", "admin_users")
            .refers("user_id", "users")
            .refers("admin_user_id", "admin_users")
            .refers("session_id", "sessions")
            .index("created_at, id")
            .index("impersonator_id, created_at, id")
            .index("user_id, created_at, id")
            .index_where("expires_at", "ended_at IS NULL")
            .index_where("session_id", "ended_at IS NULL")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["impersonations"]).await
    }
}
