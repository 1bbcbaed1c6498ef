//! What an account signs in with: a password, and the secret that it shares with an authenticator app.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "credentials")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub admin_user_id: Uuid,
    /// The address that is typed in, in lower case. The directory's may change without anybody's leave.
    #[sea_orm(unique)]
    pub sign_in_name: String,
    /// The PHC string of the password's hash, encrypted.
    pub sealed_password: String,
    pub password_changed_at: DateTimeUtc,
    /// The secret behind the codes, encrypted; absent while none is enrolled.
    pub sealed_totp: Option<String>,
    pub totp_confirmed_at: Option<DateTimeUtc>,
    /// The step of the code that was used last: none works twice.
    pub totp_step: Option<i64>,
    /// A secret that isn't confirmed yet, encrypted.
    pub sealed_new_totp: Option<String>,
    pub new_totp_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
