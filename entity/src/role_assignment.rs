//! That an account was given a role: by whom, from when, until when. It stays when it is over, and when the role is gone.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{actor_kind::ActorKind, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "role_assignments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub role_id: Uuid,
    /// As the role was called then.
    pub role_name: String,
    pub admin_user_id: Uuid,
    pub granted_by_kind: ActorKind,
    pub granted_by_id: String,
    pub granted_at: DateTimeUtc,
    /// Absent: it doesn't end by itself.
    pub expires_at: Option<DateTimeUtc>,
    pub revoked_by_kind: Option<ActorKind>,
    pub revoked_by_id: Option<String>,
    pub revoked_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
