//! The place of an event in the log: without gaps, from 1. Append-only.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::row::FromColumns;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "event_positions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    #[sea_orm(unique)]
    pub event_id: Uuid,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
