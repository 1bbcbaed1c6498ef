//! A key that a client sent with a mutation, kept so that sending it again answers with the first receipt.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub actor: String,
    pub key: String,
    /// Which field of the request it was, by its path in the response.
    pub response_path: String,
    /// Of the field's arguments: another input under the same key is a conflict.
    pub input_hash: Vec<u8>,
    /// The object that a replay resolves its selection on.
    pub object_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub receipt: Option<Json>,
    /// The one-time secret of the answer (a new token, say), encrypted.
    pub sealed_secret: Option<String>,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
