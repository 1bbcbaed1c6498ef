//! Roles, those that every installation has, and who has them until when.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::prelude::{DateTimeUtc, Json};
use uuid::Uuid;

use crate::table::{
    drop_tables, flag, id, json, table, text, text_null, time, time_null, uuid, word, word_null,
};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// The built-in roles: the last digit of the id, the name, what it is for, and what it gives. A wildcard reaches what a
/// domain declares later, too.
const BUILT_IN: [(u128, &str, &str, &[&str]); 7] = [
    (
        1,
        "support",
        "Answers what people ask: sees them, and what is wrong right now.",
        &["directory.read", "incidents.acknowledge", "incidents.read", "monitoring.read", "support.*"],
    ),
    (2, "moderator", "Decides about content.", &["directory.read", "moderation.*"]),
    (
        3,
        "incident responder",
        "Deals with incidents and the alerts behind them.",
        &["incidents.*", "monitoring.read", "monitoring.respond", "monitoring.trigger"],
    ),
    (
        4,
        "compliance officer",
        "Reads the record, and looks after privacy and evidence.",
        &["audit.read", "compliance.*", "directory.read", "privacy.*"],
    ),
    (
        5,
        "finance",
        "Looks after money: risks, and what is exported.",
        &["directory.read", "exports.*", "risk.*"],
    ),
    (6, "partner", "Sees how things are.", &["directory.read", "incidents.read", "monitoring.read"]),
    (7, "administrator", "May do everything.", &["*"]),
];

/// When they were made: 2026-11-21T00:00:00Z.
const MADE_AT: i64 = 1_795_219_200_000_000_000;

/// The id of a built-in role: the same everywhere.
fn built_in_id(digit: u128) -> Uuid {
    Uuid::from_u128(0x019a_a000_0000_7000_8000_0000_0000_0000 + digit)
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("roles")
            .columns([id(), text("name"), text("description"), json("permissions"), flag("is_built_in")])
            .versioned()
            .unique("name")
            .index("created_at, id")
            .create(manager)
            .await?;

        table("role_assignments")
            .columns([
                id(),
                uuid("role_id"),
                text("role_name"),
                uuid("admin_user_id"),
                word("granted_by_kind"),
                text("granted_by_id"),
                time("granted_at"),
                time_null("expires_at"),
                word_null("revoked_by_kind"),
                text_null("revoked_by_id"),
                time_null("revoked_at"),
            ])
            .versioned()
            .refers("admin_user_id", "admin_users")
            .index("granted_at, id")
            .index("admin_user_id, id")
            .index("role_id, id")
            .index_where("expires_at", "revoked_at IS NULL")
            .create(manager)
            .await?;

        // Ids and times that were before any installation: the built-in roles come first everywhere.
        let made_at = DateTimeUtc::from_timestamp_nanos(MADE_AT);
        let mut roles = Query::insert();
        roles.into_table("roles").columns([
            "id",
            "name",
            "description",
            "permissions",
            "is_built_in",
            "created_at",
            "updated_at",
            "version",
        ]);
        for (digit, name, description, permissions) in BUILT_IN {
            roles.values_panic([
                built_in_id(digit).into(),
                name.into(),
                description.into(),
                Json::from(permissions.to_vec()).into(),
                true.into(),
                made_at.into(),
                made_at.into(),
                1.into(),
            ]);
        }
        manager.execute(roles).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["role_assignments", "roles"]).await
    }
}
