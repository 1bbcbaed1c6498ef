//! The two logs, of audit entries and of events, with what gives them their order and what reads them.
//!
//! `audit_logs`, `events`, `event_positions` and `audit_leaves` are append-only by triggers. They take no
//! foreign keys, so that they can be partitioned by id.

use sea_orm_migration::prelude::*;
use uuid::Uuid;

use crate::dialect::{self, Deletion};
use crate::table::{
    big, big_null, bytes, drop_tables, id, int, int_null, json, json_null, key, serial, small, table, text,
    text_null, time, uuid, uuid_null, word,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_audit_log(manager).await?;
        create_event_log(manager).await?;
        create_readers(manager).await?;
        make_append_only(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(
            manager,
            [
                "dead_letters",
                "reactor_cursors",
                "log_head",
                "outbox",
                "event_positions",
                "events",
                "audit_leaves",
                "audit_subjects",
                "audit_personal",
                "audit_logs",
            ],
        )
        .await?;
        dialect::drop_append_only(manager).await
    }
}

async fn create_audit_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    table("audit_logs")
        .columns([
            id(),
            uuid("event_id"),
            text("service_name"),
            text("event_type"),
            word("category"),
            small("severity"),
            text("action"),
            word("outcome"),
            word("actor_kind"),
            text("actor_id"),
            text_null("impersonator_id"),
            text_null("entity_type"),
            text_null("entity_id"),
            uuid("organization_id"),
            text_null("subject"),
            text_null("request_id"),
            text_null("correlation_id"),
            text("environment"),
            word("surface"),
            time("occurred_at"),
            time("received_at"),
            text("body"),
            bytes("leaf_hash"),
        ])
        .unique("event_id")
        .index("entity_id, id")
        .index("event_type, id")
        .index("actor_id, id")
        .index_where("id", "actor_kind = 'ADMIN_USER'")
        .index("organization_id, id")
        .index_where("subject, id", "subject IS NOT NULL")
        .index_where("correlation_id, id", "correlation_id IS NOT NULL")
        .index_where("request_id, id", "request_id IS NOT NULL")
        .create(manager)
        .await?;

    table("audit_personal")
        .columns([uuid("audit_log_id"), text("path"), bytes("salt"), text("sealed")])
        .key(["audit_log_id", "path"])
        .create(manager)
        .await?;

    table("audit_subjects")
        .columns([key(text("pseudonym")), uuid("user_id")])
        .unique("user_id")
        .create(manager)
        .await?;

    table("audit_leaves")
        .columns([key(big("leaf_index")), uuid("audit_log_id"), bytes("leaf_hash")])
        .unique("audit_log_id")
        .create(manager)
        .await?;
    Ok(())
}

async fn create_event_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    table("events")
        .columns([
            id(),
            text("event_type"),
            int("payload_version"),
            word("category"),
            time("occurred_at"),
            word("actor_kind"),
            text("actor_id"),
            text_null("impersonator_id"),
            text("entity_type"),
            text("entity_id"),
            int_null("entity_version"),
            uuid("organization_id"),
            text_null("correlation_id"),
            uuid_null("causation_id"),
            small("depth"),
            uuid("audit_log_id"),
            json("payload"),
            json_null("before"),
            json_null("after"),
        ])
        .index("event_type, id")
        .index("entity_id, id")
        .index("organization_id, id")
        .create(manager)
        .await?;

    table("event_positions")
        .columns([key(big("position")), uuid("event_id")])
        .unique("event_id")
        .create(manager)
        .await?;

    table("outbox")
        .columns([serial("seq"), uuid("event_id"), uuid("audit_log_id"), bytes("leaf_hash")])
        .create(manager)
        .await?;

    table("log_head")
        .columns([key(int("id")), uuid("log_id"), big("position"), big("leaf"), big("horizon")])
        .create(manager)
        .await?;
    // The id is made here, since SQLite makes none.
    let head = Query::insert()
        .into_table("log_head")
        .columns(["id", "log_id", "position", "leaf", "horizon"])
        .values_panic([1.into(), Uuid::new_v4().into(), 0.into(), 0.into(), 0.into()])
        .take();
    manager.execute(head).await
}

async fn create_readers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    table("reactor_cursors")
        .columns([
            key(text("name")),
            big("position"),
            big_null("failing_position"),
            int("failures"),
            time("updated_at"),
        ])
        .create(manager)
        .await?;

    table("dead_letters")
        .columns([
            id(),
            text("reactor"),
            big("position"),
            uuid("event_id"),
            text("error"),
            time("created_at"),
        ])
        .unique("reactor, position")
        .create(manager)
        .await?;
    Ok(())
}

async fn make_append_only(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    dialect::create_append_only(manager).await?;
    for table in ["audit_logs", "events", "event_positions"] {
        dialect::append_only(manager, table, Deletion::Retention).await?;
    }
    dialect::append_only(manager, "audit_leaves", Deletion::Never).await
}
