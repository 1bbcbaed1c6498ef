//! A token for the API, kept as its hash alone: the token itself is shown once, when it is made.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{list::StringList, row::FromColumns};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "api_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    /// The token's first nine characters, by which people recognise it.
    pub hint: String,
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    /// That of the text before it was rotated.
    #[sea_orm(unique)]
    pub previous_hash: Option<Vec<u8>>,
    /// Until when that is good, too.
    pub previous_until: Option<DateTimeUtc>,
    /// The account that the token acts as; without one it acts as itself.
    pub admin_user_id: Option<Uuid>,
    /// Names of permissions.
    #[sea_orm(column_type = "JsonBinary")]
    pub scopes: StringList,
    /// The SHA-256, in hexadecimal digits, of the documents that it is trusted with; without a list, it may run any.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub documents: Option<StringList>,
    /// The networks (CIDR) that it is accepted from; without a list, from anywhere.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub networks: Option<StringList>,
    /// The points that it may spend at once; without, as many as any caller.
    pub cost_bucket: Option<i32>,
    /// The points that come back to it each second.
    pub cost_per_second: Option<i32>,
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
