//! One event of the event log, as it was recorded. Append-only. Its place in the order is in
//! `event_positions`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{actor_kind::ActorKind, audit_log::AuditCategory, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub event_type: String,
    pub payload_version: i32,
    pub category: AuditCategory,
    pub occurred_at: DateTimeUtc,
    pub actor_kind: ActorKind,
    pub actor_id: String,
    /// The administrator who acted as the actor.
    pub impersonator_id: Option<String>,
    pub entity_type: String,
    pub entity_id: String,
    /// The entity's `version` after the change: a reader who has that one or a later has seen this event's
    /// effect.
    pub entity_version: Option<i32>,
    pub organization_id: Uuid,
    pub correlation_id: Option<String>,
    /// The event that this one is a reaction to.
    pub causation_id: Option<Uuid>,
    /// How many causes stand behind it; 0 for what nobody's event caused.
    pub depth: i16,
    pub audit_log_id: Uuid,
    /// Ids and facts that aren't personal.
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    /// What filters look at, as it was before the change.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub before: Option<Json>,
    /// What filters look at, as it was after the change.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub after: Option<Json>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
