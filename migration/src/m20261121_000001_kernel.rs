//! What the kernel stands on besides the logs: the epoch of rights, replays, the task queue and its
//! schedules.

use sea_orm_migration::prelude::*;

use crate::dialect;
use crate::table::{
    big, bytes, drop_tables, flag, id, int, json, json_null, key, small, small_null, table, text, text_null,
    time, time_null, uuid_null, word,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_sequences(manager).await?;

        table("authz_epoch").columns([key(int("id")), big("epoch")]).create(manager).await?;
        manager
            .get_connection()
            .execute_unprepared("INSERT INTO authz_epoch (id, epoch) VALUES (1, 1)")
            .await?;

        table("idempotency_keys")
            .columns([
                id(),
                text("actor"),
                text("key"),
                text("response_path"),
                bytes("input_hash"),
                uuid_null("object_id"),
                json_null("receipt"),
                text_null("sealed_secret"),
                time("created_at"),
            ])
            .unique("actor, key, response_path")
            .index("created_at")
            .create(manager)
            .await?;

        table("tasks")
            .columns([
                id(),
                text("kind"),
                text_null("unique_key"),
                json("payload"),
                word("state"),
                small("priority"),
                time("run_at"),
                int("attempts"),
                int("max_attempts"),
                big("epoch"),
                text_null("lease_owner"),
                time_null("lease_until"),
                small("progress"),
                text_null("message"),
                text_null("last_error"),
                time_null("finished_at"),
                uuid_null("causation_id"),
                small_null("causation_depth"),
            ])
            .versioned()
            .unique_where("kind, unique_key", "state IN ('PENDING', 'RUNNING') AND unique_key IS NOT NULL")
            .index("kind")
            .index_where("priority, run_at, id", "state = 'PENDING'")
            .index_where("lease_until", "state = 'RUNNING'")
            .index_where("finished_at", "finished_at IS NOT NULL")
            .create(manager)
            .await?;

        table("schedules")
            .columns([
                key(text("name")),
                text("cron"),
                text("zone"),
                text("kind"),
                json("payload"),
                time("next_at"),
                time_null("last_at"),
                flag("is_active"),
                time("updated_at"),
            ])
            .create(manager)
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["schedules", "tasks", "idempotency_keys", "authz_epoch"]).await?;
        dialect::drop_sequences(manager).await
    }
}
