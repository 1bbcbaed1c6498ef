//! Somebody who took part in an incident.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::actor_kind::ActorKind;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "incident_participants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub actor_kind: ActorKind,
    #[sea_orm(primary_key, auto_increment = false)]
    pub actor_id: String,
    pub joined_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
