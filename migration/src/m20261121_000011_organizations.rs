//! Organizations by the platform's own ids, what merging one moved, and what they pay for; whoever looks after money may
//! see that.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::prelude::Json;
use uuid::Uuid;

use crate::dialect::collate;
use crate::table::{big, drop_tables, id, json_null, table, text, text_null, time_null, uuid, word};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// The indexes of tables that are there already: the name, and the rest.
const INDEXES: [(&str, &str); 3] = [
    ("UNIQUE INDEX uq_organizations_external_id", "organizations (external_id)"),
    ("INDEX idx_organizations_created_at_id", "organizations (created_at, id)"),
    (
        "INDEX idx_organization_members_organization_id_created_at_id",
        "organization_members (organization_id, created_at, id)",
    ),
];

/// The built-in role that looks after money, what it gave before, and what it gives from now on.
const FINANCE: Uuid = Uuid::from_u128(0x019a_a000_0000_7000_8000_0000_0000_0005);
const GAVE: &[&str] = &["directory.read", "exports.*", "risk.*"];
const GIVES: &[&str] = &["billing.*", "directory.read", "exports.*", "risk.*"];

async fn finance(manager: &SchemaManager<'_>, gives: &[&str]) -> Result<(), DbErr> {
    let update = Query::update()
        .table("roles")
        .value("permissions", Json::from(gives.to_vec()))
        .and_where(Expr::col("id").eq(FINANCE))
        .take();
    manager.execute(update).await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [text_null("external_id"), time_null("merged_at"), json_null("merged_rows")] {
            let add = TableAlterStatement::new().table("organizations").add_column(column).take();
            manager.alter_table(add).await?;
        }
        collate(manager, "organizations", &["external_id".to_owned()]).await?;
        for (index, on) in INDEXES {
            manager.get_connection().execute_unprepared(&format!("CREATE {index} ON {on}")).await?;
        }
        table("billing_subscriptions")
            .columns([
                id(),
                uuid("organization_id"),
                text("external_id"),
                text("plan"),
                word("status"),
                word("period"),
                big("amount_minor"),
                text("currency"),
                time_null("trial_ends_at"),
                time_null("period_ends_at"),
                time_null("cancelled_at"),
            ])
            .versioned()
            .unique("external_id")
            .index("created_at, id")
            .index("organization_id, created_at, id")
            .index("status, created_at, id")
            .create(manager)
            .await?;
        // What the overview adds up, without a look at the rows. PostgreSQL has no room for a name that lists the columns.
        let overview = "CREATE INDEX idx_billing_subscriptions_overview \
                        ON billing_subscriptions (currency, plan, status, period, amount_minor)";
        manager.get_connection().execute_unprepared(overview).await?;
        finance(manager, GIVES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        finance(manager, GAVE).await?;
        drop_tables(manager, ["billing_subscriptions"]).await?;
        for (index, _) in INDEXES {
            let name = index.rsplit(' ').next().unwrap_or(index);
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for column in ["external_id", "merged_at", "merged_rows"] {
            let drop = TableAlterStatement::new().table("organizations").drop_column(column).take();
            manager.alter_table(drop).await?;
        }
        Ok(())
    }
}
