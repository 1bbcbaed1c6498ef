//! One entry of the audit log. Append-only: never updated, and deleted by retention alone.
//! The columns are for finding an entry; what counts, and what the leaf hashes, is `body`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{actor_kind::ActorKind, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "audit_logs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The event that this entry records, or an id derived from the source's own for what others send.
    #[sea_orm(unique)]
    pub event_id: Uuid,
    pub service_name: String,
    pub event_type: String,
    pub category: AuditCategory,
    pub severity: AuditSeverity,
    pub action: String,
    pub outcome: AuditOutcome,
    pub actor_kind: ActorKind,
    pub actor_id: String,
    /// The administrator who acted as the actor.
    pub impersonator_id: Option<String>,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub organization_id: Uuid,
    /// The pseudonym of the person whom it is about (`audit_subjects`).
    pub subject: Option<String>,
    pub request_id: Option<String>,
    pub correlation_id: Option<String>,
    pub environment: String,
    pub surface: AuditSurface,
    pub occurred_at: DateTimeUtc,
    pub received_at: DateTimeUtc,
    /// The canonical JSON, byte for byte as it was hashed; never rebuilt from the columns.
    pub body: String,
    /// SHA-256 of a zero byte and `body`.
    pub leaf_hash: Vec<u8>,
}

/// The area that an entry or an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditCategory {
    Auth,
    Admin,
    Directory,
    Moderation,
    Audit,
    Privacy,
    Compliance,
    Monitoring,
    Incident,
    Flag,
    Integration,
    Webhook,
    Event,
    Notification,
    Task,
    Export,
    Risk,
    Launch,
    System,
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
pub enum AuditSeverity {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditOutcome {
    Success,
    /// Refused for want of a right.
    Denied,
    /// Tried and failed.
    Failure,
}

/// Which of the gateway's faces it came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditSurface {
    Api,
    Console,
    Cli,
    Job,
    /// Sent by another service.
    Ingest,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
