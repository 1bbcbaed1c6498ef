//! Services that are watched, what their probes found, and alerts.

use sea_orm_migration::prelude::*;

use crate::table::{
    drop_tables, id, int, int_null, json, json_null, key, small, table, text, text_null, time, time_null,
    uuid, uuid_null, word, word_null,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("services")
            .columns([
                id(),
                uuid("organization_id"),
                text("name"),
                text_null("description"),
                small("tier"),
                text_null("owner"),
                json("depends_on"),
                json_null("probe"),
                time_null("maintenance_until"),
            ])
            .versioned()
            .unique("organization_id, name")
            .index("created_at, id")
            .create(manager)
            .await?;

        table("service_status")
            .columns([
                key(uuid("service_id")),
                word("state"),
                time("state_since"),
                int("consecutive_failures"),
                int("consecutive_successes"),
                time_null("last_check_at"),
                int_null("response_time_ms"),
                text_null("last_error"),
                time("updated_at"),
                int("version"),
            ])
            .create(manager)
            .await?;

        table("probe_results")
            .columns([
                id(),
                uuid("service_id"),
                time("at"),
                word("outcome"),
                int_null("response_time_ms"),
                int_null("status_code"),
                text_null("error"),
            ])
            .index("service_id, at, id")
            .create(manager)
            .await?;

        table("alerts")
            .columns([
                id(),
                uuid("organization_id"),
                text("source"),
                text("dedup_key"),
                word("status"),
                small("severity"),
                text("title"),
                text_null("description"),
                json("labels"),
                uuid_null("service_id"),
                uuid_null("incident_id"),
                int("count"),
                time("first_seen_at"),
                time("last_seen_at"),
                time_null("acknowledged_at"),
                word_null("acknowledged_by_kind"),
                text_null("acknowledged_by_id"),
                time_null("resolved_at"),
                word_null("resolved_by_kind"),
                text_null("resolved_by_id"),
            ])
            .versioned()
            .unique_where("organization_id, source, dedup_key", "status <> 'RESOLVED'")
            .index("created_at, id")
            .index("organization_id, created_at, id")
            .index("severity, id")
            .index("last_seen_at, id")
            .index("service_id, id")
            .index("incident_id, id")
            .create(manager)
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["alerts", "probe_results", "service_status", "services"]).await
    }
}
