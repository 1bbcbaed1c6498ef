//! A service that an incident affects, by name: it need not be one that is watched.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::incident::IncidentImpact;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "incident_services")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: Uuid,
    /// Its place in the list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i16,
    pub service_name: String,
    /// The watched service of that name, if there is one.
    pub service_id: Option<Uuid>,
    pub impact: Option<IncidentImpact>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
