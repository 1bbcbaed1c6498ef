//! A customer organization: the boundary that most other rows belong to by `organization_id`.
//! The platform itself is no row: it is the nil UUID.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::row::FromColumns;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The id by which the platform knows it.
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    #[sea_orm(unique)]
    pub slug: String,
    pub name: String,
    pub status: OrganizationStatus,
    #[sea_orm(column_type = "JsonBinary")]
    pub settings: Json,
    /// Where a merged organization's members and reads went.
    pub merged_into_id: Option<Uuid>,
    /// When it went there.
    pub merged_at: Option<DateTimeUtc>,
    /// How many rows of what went along.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub merged_rows: Option<Json>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrganizationStatus {
    Trial,
    Active,
    PastDue,
    Suspended,
    Closed,
    Merged,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
