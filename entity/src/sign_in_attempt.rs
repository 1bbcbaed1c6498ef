//! How often somebody has tried to prove who they are, by what is counted together.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "sign_in_attempts")]
pub struct Model {
    /// What is counted together, as a hash: names and addresses aren't kept here.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tally: String,
    pub count: i32,
    pub last_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
