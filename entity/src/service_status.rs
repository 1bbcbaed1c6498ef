//! The state of a service as its probes have it. Apart from `services`, since nobody decided it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "service_status")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub service_id: Uuid,
    pub state: ServiceState,
    pub state_since: DateTimeUtc,
    pub consecutive_failures: i32,
    pub consecutive_successes: i32,
    pub last_check_at: Option<DateTimeUtc>,
    pub response_time_ms: Option<i32>,
    pub last_error: Option<String>,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServiceState {
    /// No data yet, or none any more.
    Unknown,
    Healthy,
    /// It answers, but slowly or with what wasn't expected.
    Degraded,
    /// It hasn't answered so many times in a row.
    Down,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
