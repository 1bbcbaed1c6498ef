//! That somebody signed in to an account, until it ends.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::row::FromColumns;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, FromColumns, Serialize, Deserialize)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub admin_user_id: Uuid,
    /// Of the refresh token that is good.
    pub generation: i32,
    /// When a second factor was last proved; absent while the account has none.
    pub factor_at: Option<DateTimeUtc>,
    pub refreshed_at: DateTimeUtc,
    /// When it ends unless it is refreshed before.
    pub idle_until: DateTimeUtc,
    /// When it ends in any case.
    pub expires_at: DateTimeUtc,
    pub ended_by: Option<SessionEnd>,
    pub revoked_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
    /// The sealing key from which its tokens are signed; each refresh takes the one that seals then.
    pub key_id: String,
}

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SessionEnd {
    /// Somebody ended it.
    Revoked,
    /// A refresh token of it was shown twice.
    Reused,
    /// The password is another one.
    PasswordChanged,
    /// The second factor is another one, or was taken away.
    MfaChanged,
    /// The account was taken out of use.
    Deactivated,
    /// It was the oldest of as many as an account has.
    Displaced,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
