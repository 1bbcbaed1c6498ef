//! The networks that accounts are accepted from, by their level.

use sea_orm_migration::prelude::*;

use crate::table::{drop_tables, id, small, table, text, uuid_null};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("ip_allow_entries")
            .columns([id(), small("level"), text("network"), text("description"), uuid_null("created_by")])
            .versioned()
            .unique("level, network")
            .index("created_at, id")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["ip_allow_entries"]).await
    }
}
