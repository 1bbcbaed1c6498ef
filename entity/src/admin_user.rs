//! A directory user's account in this gateway: what level it has and what it may do.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{list::StringList, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "admin_users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub user_id: Uuid,
    pub level: AdminLevel,
    /// Names of permissions.
    #[sea_orm(column_type = "JsonBinary")]
    pub permissions: StringList,
    pub is_active: bool,
    /// The administrator who made this one; absent for the first.
    pub created_by: Option<Uuid>,
    pub last_login_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

/// The level of an account; a higher one outranks a lower.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdminLevel {
    #[sea_orm(num_value = 0)]
    Support,
    #[sea_orm(num_value = 1)]
    Admin,
    #[sea_orm(num_value = 2)]
    SuperAdmin,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
