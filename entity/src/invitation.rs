//! The way in for somebody who has no password yet: a token that they are shown once, kept as its hash alone.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::row::FromColumns;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub admin_user_id: Uuid,
    /// The address that they will sign in by, in lower case.
    pub sign_in_name: String,
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    /// The account that invited; absent where it was done at the machine.
    pub created_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub accepted_at: Option<DateTimeUtc>,
    /// When another one took its place.
    pub revoked_at: Option<DateTimeUtc>,
    /// The token, encrypted, for as long as it is good; absent where it isn't mailed.
    pub sealed_token: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
