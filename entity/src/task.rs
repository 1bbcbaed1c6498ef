//! A task of the durable queue: due at `run_at`, claimed by a lease, fenced by `epoch`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    /// At most one pending or running task of a kind carries it.
    pub unique_key: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub state: TaskState,
    /// The smaller, the earlier.
    pub priority: i16,
    /// Before this it isn't claimed.
    pub run_at: DateTimeUtc,
    pub attempts: i32,
    pub max_attempts: i32,
    /// Rises with each claim: a worker that lost its lease can't finish the task under an old number.
    pub epoch: i64,
    pub lease_owner: Option<String>,
    pub lease_until: Option<DateTimeUtc>,
    /// Percent, never backwards within an attempt.
    pub progress: i16,
    pub message: Option<String>,
    pub last_error: Option<String>,
    pub finished_at: Option<DateTimeUtc>,
    /// The event that it is a reaction to.
    pub causation_id: Option<Uuid>,
    /// How many causes stand behind that event.
    pub causation_depth: Option<i16>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskState {
    Pending,
    Running,
    Completed,
    Failed,
    Cancelled,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
