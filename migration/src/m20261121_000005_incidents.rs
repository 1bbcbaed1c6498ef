//! Incidents, whom and what they affect, and their timelines.

use sea_orm_migration::prelude::*;

use crate::dialect;
use crate::table::{
    drop_tables, id, json_null, small, table, text, text_null, time, time_null, uuid, uuid_null, word,
    word_null,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_sequence(manager, "incident_numbers").await?;

        table("incidents")
            .columns([
                id(),
                text("number"),
                uuid("organization_id"),
                text("title"),
                text_null("description"),
                small("severity"),
                word_null("impact"),
                word_null("urgency"),
                word("status"),
                word("reporter_kind"),
                text("reporter_id"),
                uuid_null("assignee_id"),
                uuid_null("commander_id"),
                text_null("root_cause"),
                text_null("resolution"),
                uuid_null("merged_into_id"),
                uuid_null("reopened_from_id"),
                time_null("detected_at"),
                time_null("acknowledged_at"),
                time_null("mitigated_at"),
                time_null("resolved_at"),
                time_null("closed_at"),
            ])
            .versioned()
            .unique("number")
            .index("created_at, id")
            .index("updated_at, id")
            .index("severity, id")
            .index("organization_id, created_at, id")
            .index("status, created_at, id")
            .index("assignee_id, created_at, id")
            .create(manager)
            .await?;

        table("incident_services")
            .columns([
                uuid("incident_id"),
                small("ordinal"),
                text("service_name"),
                uuid_null("service_id"),
                word_null("impact"),
            ])
            .key(["incident_id", "ordinal"])
            .belongs("incident_id", "incidents")
            .index("service_name, incident_id")
            .index("service_id, incident_id")
            .create(manager)
            .await?;

        table("incident_participants")
            .columns([uuid("incident_id"), word("actor_kind"), text("actor_id"), time("joined_at")])
            .key(["incident_id", "actor_kind", "actor_id"])
            .belongs("incident_id", "incidents")
            .create(manager)
            .await?;

        table("incident_timeline")
            .columns([
                id(),
                uuid("incident_id"),
                uuid("organization_id"),
                word("kind"),
                word("actor_kind"),
                text("actor_id"),
                word("visibility"),
                text("body"),
                json_null("data"),
                time("created_at"),
            ])
            .index("incident_id, created_at, id")
            .create(manager)
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(
            manager,
            ["incident_timeline", "incident_participants", "incident_services", "incidents"],
        )
        .await?;
        dialect::drop_sequence(manager, "incident_numbers").await
    }
}
