//! One entry of an incident's timeline: a note, or a change as people should read it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{actor_kind::ActorKind, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "incident_timeline")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub incident_id: Uuid,
    pub organization_id: Uuid,
    pub kind: TimelineKind,
    pub actor_kind: ActorKind,
    pub actor_id: String,
    pub visibility: Visibility,
    pub body: String,
    /// What changed, for programs; its form goes by `kind`.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub data: Option<Json>,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TimelineKind {
    Created,
    Note,
    Acknowledged,
    Assigned,
    StatusChanged,
    SeverityChanged,
    Updated,
    Merged,
    Resolved,
    Reopened,
    AlertLinked,
    AlertResolved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Visibility {
    /// For those who work on it.
    Internal,
    /// May be shown on a status page.
    Public,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
