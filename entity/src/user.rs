//! A person in the directory: a user of the platform, and possibly an administrator (`admin_users`).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{row::FromColumns, words};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The id by which the platform or its identity provider knows this person.
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    pub email: String,
    pub name: String,
    pub status: UserStatus,
    pub verified_at: Option<DateTimeUtc>,
    /// When a suspension ends by itself.
    pub suspended_until: Option<DateTimeUtc>,
    pub last_active_at: Option<DateTimeUtc>,
    /// What they are found by ([`Model::searchable`]). Indexed as text: by trigrams on PostgreSQL, in
    /// `user_search_words` on SQLite, which triggers keep in step.
    pub search: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

impl Model {
    /// What somebody with this name, address and external id is found by.
    pub fn searchable(name: &str, email: &str, external_id: Option<&str>) -> String {
        words::searchable([name, email, external_id.unwrap_or_default()])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserStatus {
    Pending,
    Active,
    Suspended,
    Deleted,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
