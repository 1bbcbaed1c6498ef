//! A named set of permissions that accounts are given.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{list::StringList, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "roles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: String,
    /// Names of permissions, and wildcards.
    #[sea_orm(column_type = "JsonBinary")]
    pub permissions: StringList,
    /// Whether every installation has it: nobody changes or deletes it.
    pub is_built_in: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
