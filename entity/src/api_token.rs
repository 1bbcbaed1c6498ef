//! A token for the API, kept as its hash alone: the token itself is shown once, when it is made.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::list::StringList;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "api_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    /// The token's first nine characters, by which people recognise it.
    pub hint: String,
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    /// The account that the token acts as; without one it acts as itself.
    pub admin_user_id: Option<Uuid>,
    /// Names of permissions.
    #[sea_orm(column_type = "JsonBinary")]
    pub scopes: StringList,
    /// The SHA-256, in hexadecimal digits, of the documents that it is trusted with; without a list, it may run any.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub documents: Option<StringList>,
    /// The boundary of what it sees; nil for the whole platform.
    pub organization_id: Uuid,
    pub created_by: Option<Uuid>,
    pub expires_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
