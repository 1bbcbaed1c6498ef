//! A condition that somebody should look at. The same one firing again raises `count` on the unresolved
//! row, which `(organization_id, source, dedup_key)` finds.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{actor_kind::ActorKind, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "alerts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub source: String,
    /// What makes it the same alert, in the source's words.
    pub dedup_key: String,
    pub status: AlertStatus,
    pub severity: AlertSeverity,
    pub title: String,
    pub description: Option<String>,
    /// An object of strings.
    #[sea_orm(column_type = "JsonBinary")]
    pub labels: Json,
    pub service_id: Option<Uuid>,
    pub incident_id: Option<Uuid>,
    /// How often it fired since it was first seen.
    pub count: i32,
    pub first_seen_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    pub acknowledged_at: Option<DateTimeUtc>,
    pub acknowledged_by_kind: Option<ActorKind>,
    pub acknowledged_by_id: Option<String>,
    pub resolved_at: Option<DateTimeUtc>,
    pub resolved_by_kind: Option<ActorKind>,
    pub resolved_by_id: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlertStatus {
    Firing,
    Acknowledged,
    Resolved,
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlertSeverity {
    #[sea_orm(num_value = 0)]
    Info,
    #[sea_orm(num_value = 1)]
    Low,
    #[sea_orm(num_value = 2)]
    Medium,
    #[sea_orm(num_value = 3)]
    High,
    #[sea_orm(num_value = 4)]
    Critical,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
