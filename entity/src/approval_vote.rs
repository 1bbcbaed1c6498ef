//! What somebody said to an approval: one row a person.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::row::FromColumns;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "approval_votes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub approval_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub admin_user_id: Uuid,
    pub decision: ApprovalDecision,
    pub reason: Option<String>,
    pub decided_at: DateTimeUtc,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApprovalDecision {
    Approved,
    Denied,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
