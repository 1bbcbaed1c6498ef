//! The ring of sealing keys: which keys something may be sealed under, which one the tokens of a session are signed by, and
//! an invitation that waits to be mailed, sealed in its own row.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, Statement, prelude::DateTimeUtc};

use crate::dialect::collate;
use crate::table::{drop_tables, key, table, text, text_null, time};

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// The keys that something is sealed under: what is sealed begins with `v1.` and the eight digits of its key.
const USED: &str = "
    SELECT substr(sealed, 4, 8) AS id FROM audit_personal
    UNION SELECT substr(sealed_password, 4, 8) FROM credentials
    UNION SELECT substr(sealed_totp, 4, 8) FROM credentials WHERE sealed_totp IS NOT NULL
    UNION SELECT substr(sealed_new_totp, 4, 8) FROM credentials WHERE sealed_new_totp IS NOT NULL
    UNION SELECT substr(sealed_secret, 4, 8) FROM idempotency_keys WHERE sealed_secret IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("sealing_keys").columns([key(text("id")), time("since")]).create(manager).await?;
        add(manager, "sessions", text("key_id").default("").take()).await?;
        add(manager, "invitations", text_null("sealed_token")).await?;

        let db = manager.get_connection();
        for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), USED)).await? {
            let id: String = row.try_get("", "id")?;
            let insert = Query::insert()
                .into_table("sealing_keys")
                .columns(["id", "since"])
                .values_panic([Expr::val(&id), Expr::val(DateTimeUtc::UNIX_EPOCH)])
                .take();
            db.execute(&insert).await?;
            // Until now there was one key.
            db.execute(&Query::update().table("sessions").value("key_id", id).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [("invitations", "sealed_token"), ("sessions", "key_id")] {
            manager.alter_table(TableAlterStatement::new().table(table).drop_column(column).take()).await?;
        }
        drop_tables(manager, ["sealing_keys"]).await
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    let name = column.get_column_name();
    manager.alter_table(TableAlterStatement::new().table(table).add_column(column).take()).await?;
    collate(manager, table, &[name]).await
}
