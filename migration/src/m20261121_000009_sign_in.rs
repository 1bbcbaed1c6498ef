//! What accounts sign in with and are invited by, the sessions that they are signed in by, and how often somebody has
//! tried.

use sea_orm_migration::prelude::*;

use crate::table::{
    big_null, bytes, drop_tables, id, int, key, table, text, text_null, time, time_null, uuid, uuid_null,
    word_null,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("credentials")
            .columns([
                id(),
                uuid("admin_user_id"),
                text("sign_in_name"),
                text("sealed_password"),
                time("password_changed_at"),
                text_null("sealed_totp"),
                time_null("totp_confirmed_at"),
                big_null("totp_step"),
                text_null("sealed_new_totp"),
                time_null("new_totp_at"),
            ])
            .versioned()
            .refers("admin_user_id", "admin_users")
            .unique("admin_user_id")
            .unique("sign_in_name")
            .create(manager)
            .await?;

        table("recovery_codes")
            .columns([
                id(),
                uuid("admin_user_id"),
                bytes("code_hash"),
                time("created_at"),
                time_null("used_at"),
            ])
            .refers("admin_user_id", "admin_users")
            .unique("admin_user_id, code_hash")
            .create(manager)
            .await?;

        table("sessions")
            .columns([
                id(),
                uuid("admin_user_id"),
                int("generation"),
                time_null("factor_at"),
                time("refreshed_at"),
                time("idle_until"),
                time("expires_at"),
                word_null("ended_by"),
                time_null("revoked_at"),
            ])
            .versioned()
            .refers("admin_user_id", "admin_users")
            .index("created_at, id")
            .index("admin_user_id, id")
            .index_where("revoked_at", "revoked_at IS NOT NULL")
            .create(manager)
            .await?;

        table("invitations")
            .columns([
                id(),
                uuid("admin_user_id"),
                text("sign_in_name"),
                bytes("token_hash"),
                uuid_null("created_by"),
                time("created_at"),
                time("expires_at"),
                time_null("accepted_at"),
                time_null("revoked_at"),
            ])
            .refers("admin_user_id", "admin_users")
            .unique("token_hash")
            .unique_where("admin_user_id", "accepted_at IS NULL AND revoked_at IS NULL")
            .create(manager)
            .await?;

        table("sign_in_attempts")
            .columns([key(text("tally")), int("count"), time("last_at")])
            .index("last_at")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["sign_in_attempts", "invitations", "sessions", "recovery_codes", "credentials"])
            .await
    }
}
