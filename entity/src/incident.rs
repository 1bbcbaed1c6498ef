//! An incident: something is wrong, somebody works on it, and its timeline (`incident_timeline`) tells how
//! it went.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{actor_kind::ActorKind, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "incidents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `INC-2026-000042`: unique and rising over the installation; a number may be missing.
    #[sea_orm(unique)]
    pub number: String,
    pub organization_id: Uuid,
    pub title: String,
    pub description: Option<String>,
    /// Follows from impact and urgency where both are given.
    pub severity: IncidentSeverity,
    pub impact: Option<IncidentImpact>,
    pub urgency: Option<IncidentUrgency>,
    pub status: IncidentStatus,
    pub reporter_kind: ActorKind,
    pub reporter_id: String,
    /// The admin user who works on it.
    pub assignee_id: Option<Uuid>,
    /// The admin user who leads the response.
    pub commander_id: Option<Uuid>,
    pub root_cause: Option<String>,
    pub resolution: Option<String>,
    /// The incident that goes on where this one was closed as merged.
    pub merged_into_id: Option<Uuid>,
    /// The closed incident that this one continues.
    pub reopened_from_id: Option<Uuid>,
    pub detected_at: Option<DateTimeUtc>,
    pub acknowledged_at: Option<DateTimeUtc>,
    pub mitigated_at: Option<DateTimeUtc>,
    pub resolved_at: Option<DateTimeUtc>,
    pub closed_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
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
pub enum IncidentSeverity {
    #[sea_orm(num_value = 1)]
    Low,
    #[sea_orm(num_value = 2)]
    Medium,
    #[sea_orm(num_value = 3)]
    High,
    #[sea_orm(num_value = 4)]
    Critical,
}

/// How many are affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IncidentImpact {
    All,
    Many,
    Few,
}

/// How soon it must be dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IncidentUrgency {
    Critical,
    High,
    Low,
}

/// In the order of its life; steps forward may be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IncidentStatus {
    Open,
    Acknowledged,
    Investigating,
    Identified,
    Monitoring,
    Resolved,
    Closed,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
