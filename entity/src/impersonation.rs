//! That somebody acts in the place of a user, until it ends.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{list::StringList, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "impersonations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The admin user who does it.
    pub impersonator_id: Uuid,
    /// The directory user whose place it is.
    pub user_id: Uuid,
    /// That user's account, where they have one.
    pub admin_user_id: Option<Uuid>,
    /// Whose rows are seen where they have none; nil with an account.
    pub organization_id: Uuid,
    /// The session that it was started in, with which it ends.
    pub session_id: Option<Uuid>,
    /// What the impersonator could do when it was started: names of permissions.
    #[sea_orm(column_type = "JsonBinary")]
    pub scopes: StringList,
    pub reason: String,
    pub is_read_only: bool,
    /// When it ends in any case.
    pub expires_at: DateTimeUtc,
    pub ended_by: Option<ImpersonationEnd>,
    pub ended_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

/// Why an impersonation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImpersonationEnd {
    /// Somebody ended it.
    Ended,
    /// Its time was over.
    Expired,
    /// The session was ended that it was begun in.
    SessionEnded,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
