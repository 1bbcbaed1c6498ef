//! A key that something here may be sealed under: written down as soon as it seals, so that one which is missing is missed.
//! Its bytes are in a file, and never here.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "sealing_keys")]
pub struct Model {
    /// What the key is called, also in what it sealed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// When it began to seal. The latest is the one that seals now.
    pub since: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
