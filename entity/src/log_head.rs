//! One row: how far the event log and the audit tree have come.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "log_head")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Random for each installation, so that a cursor of another log is recognised.
    pub log_id: Uuid,
    /// The last position given; 0 before the first.
    pub position: i64,
    /// How many leaves the tree has, and so the next leaf's index.
    pub leaf: i64,
    /// The last position that was pruned: events up to it are gone.
    pub horizon: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
