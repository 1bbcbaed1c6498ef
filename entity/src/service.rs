//! A service of the platform that is watched. What its probes found stands in `service_status`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{list::IdList, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "services")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub name: String,
    pub description: Option<String>,
    /// 1 is the most important.
    pub tier: i16,
    pub owner: Option<String>,
    /// Ids of the services that it needs.
    #[sea_orm(column_type = "JsonBinary")]
    pub depends_on: IdList,
    /// What is asked of it and how often; absent where nothing is.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub probe: Option<Json>,
    /// Under maintenance until then: it goes down without an alert.
    pub maintenance_until: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
