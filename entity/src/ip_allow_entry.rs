//! A network that accounts of a level are accepted from. Where a level has none, they are from anywhere.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{admin_user::AdminLevel, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "ip_allow_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub level: AdminLevel,
    /// In CIDR notation, as it is written canonically.
    pub network: String,
    pub description: String,
    /// The administrator who added it; absent at the machine.
    pub created_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
