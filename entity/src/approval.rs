//! Something that takes other people's approval before it is done: what, asked for by whom, and what became of it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::row::FromColumns;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "approvals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What is to be done: `access.assign_role`.
    pub kind: String,
    /// What deciding takes beside the right to approve anything.
    pub permission: String,
    /// How many others must approve.
    pub required: i32,
    /// What is to be done, in words.
    pub summary: String,
    /// What is to be done, exactly. Never changes.
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    /// SHA-256 of all that is above, and of who asks for whom.
    pub payload_hash: Vec<u8>,
    /// The admin user who asks.
    pub requested_by_id: Uuid,
    /// The directory user whom it is for or about.
    pub beneficiary_id: Option<Uuid>,
    pub status: ApprovalStatus,
    /// From then on it is too late.
    pub expires_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    /// Why it wasn't done.
    pub ended_because: Option<String>,
    /// The TypeID of what was made or changed by it.
    pub result_id: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

/// Where an approval stands. One that is open or approved is pending; the others are ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApprovalStatus {
    Open,
    Approved,
    Executed,
    Denied,
    Cancelled,
    Expired,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
