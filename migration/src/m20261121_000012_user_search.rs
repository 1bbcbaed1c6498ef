//! Users by words: what each is found by, and the index of its trigrams.

use entity::words;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::dialect;
use crate::table::text;

/// The migration; its name is the file's.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// Users that are read at a time.
const BATCH: u64 = 1_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let search = text("search").default("").take();
        manager.alter_table(TableAlterStatement::new().table("users").add_column(search).take()).await?;
        dialect::collate(manager, "users", &["search".to_owned()]).await?;
        fill(manager).await?;
        dialect::create_word_search(manager, "user", "users").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_word_search(manager, "user", "users").await?;
        manager.alter_table(TableAlterStatement::new().table("users").drop_column("search").take()).await
    }
}

/// Writes down what those are found by who are there.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let mut last = Uuid::nil();
    loop {
        let users = Query::select()
            .columns(["id", "name", "email", "external_id"])
            .from("users")
            .and_where(Expr::col("id").gt(last))
            .order_by("id", Order::Asc)
            .limit(BATCH)
            .take();
        let users = db.query_all(&users).await?;
        for user in &users {
            last = user.try_get("", "id")?;
            let name: String = user.try_get("", "name")?;
            let email: String = user.try_get("", "email")?;
            let external_id: Option<String> = user.try_get("", "external_id")?;
            let search = words::searchable([&*name, &*email, external_id.as_deref().unwrap_or_default()]);
            let update = Query::update()
                .table("users")
                .value("search", search)
                .and_where(Expr::col("id").eq(last))
                .take();
            db.execute(&update).await?;
        }
        if (users.len() as u64) < BATCH {
            return Ok(());
        }
    }
}
