//! A personal value of an audit entry, kept apart from it: the entry's hash covers a salted commitment
//! only, so deleting this row erases the value and leaves every proof valid.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "audit_personal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub audit_log_id: Uuid,
    /// The JSON path in the entry's body at which the commitment stands.
    #[sea_orm(primary_key, auto_increment = false)]
    pub path: String,
    /// 32 random bytes.
    pub salt: Vec<u8>,
    /// The value, encrypted.
    pub sealed: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
