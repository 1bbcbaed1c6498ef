//! What takes other people's approval, and what they said.

use sea_orm_migration::prelude::*;

use crate::table::{
    bytes, drop_tables, id, int, json, table, text, text_null, time, time_null, uuid, uuid_null, word,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("approvals")
            .columns([
                id(),
                text("kind"),
                text("permission"),
                int("required"),
                text("summary"),
                json("payload"),
                bytes("payload_hash"),
                uuid("requested_by_id"),
                uuid_null("beneficiary_id"),
                word("status"),
                time("expires_at"),
                time_null("ended_at"),
                text_null("ended_because"),
                text_null("result_id"),
            ])
            .versioned()
            .refers("requested_by_id", "admin_users")
            .index("created_at, id")
            .index("status, created_at, id")
            .index("requested_by_id, id")
            // Asked again while it is pending, it is the same.
            .unique_where("payload_hash", "status IN ('OPEN', 'APPROVED')")
            .create(manager)
            .await?;

        table("approval_votes")
            .columns([
                uuid("approval_id"),
                uuid("admin_user_id"),
                word("decision"),
                text_null("reason"),
                time("decided_at"),
            ])
            .key(["approval_id", "admin_user_id"])
            .belongs("approval_id", "approvals")
            .refers("admin_user_id", "admin_users")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["approval_votes", "approvals"]).await
    }
}
