//! What kind of actor a row names: every `…_kind` column stands beside an `…_id` that is read by it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Who did it. The id beside it is the text of a UUID, or a name where it isn't one of our rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActorKind {
    /// A row of `admin_users`.
    AdminUser,
    /// A row of `api_tokens` that acts as itself.
    ApiToken,
    /// A row of `users` without an account, in whose place somebody acts.
    User,
    /// Somebody whom another system named.
    External,
    /// A job or reactor of the gateway, by its name.
    System,
}
