//! Who there is and what they may do: organizations, people, administrators and tokens.

use sea_orm_migration::prelude::*;

use crate::table::{
    bytes, drop_tables, flag, id, json, small, table, text, text_null, time_null, uuid, uuid_null, word,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("organizations")
            .columns([
                id(),
                text("slug"),
                text("name"),
                word("status"),
                json("settings"),
                uuid_null("merged_into_id"),
            ])
            .versioned()
            .unique("slug")
            .create(manager)
            .await?;

        table("users")
            .columns([
                id(),
                text_null("external_id"),
                text("email"),
                text("name"),
                word("status"),
                time_null("verified_at"),
                time_null("last_active_at"),
            ])
            .versioned()
            .unique("external_id")
            .index("email")
            .index("created_at, id")
            .create(manager)
            .await?;

        table("organization_members")
            .columns([id(), uuid("organization_id"), uuid("user_id"), text("role")])
            .versioned()
            .unique("organization_id, user_id")
            .index("user_id")
            .create(manager)
            .await?;

        table("admin_users")
            .columns([
                id(),
                uuid("user_id"),
                small("level"),
                json("permissions"),
                flag("is_active"),
                uuid_null("created_by"),
                time_null("last_login_at"),
            ])
            .versioned()
            .refers("user_id", "users")
            .unique("user_id")
            .index("created_at, id")
            .create(manager)
            .await?;

        table("api_tokens")
            .columns([
                id(),
                text("name"),
                text("hint"),
                bytes("token_hash"),
                uuid_null("admin_user_id"),
                json("scopes"),
                uuid("organization_id"),
                uuid_null("created_by"),
                time_null("expires_at"),
                time_null("revoked_at"),
            ])
            .versioned()
            .unique("token_hash")
            .create(manager)
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["api_tokens", "admin_users", "organization_members", "users", "organizations"])
            .await
    }
}
