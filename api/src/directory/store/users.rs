//! Users: lists, loads, and what a change does.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ::entity::{organization_member, user};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    SqlErr, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Result, UserErrorCode, Violation},
    rows,
    tx::Tx,
};

/// The users within `boundary`: the members of its organizations.
pub fn users(boundary: &Boundary) -> Select<user::Entity> {
    let select = user::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => {
            let members = organization_member::Entity::find()
                .select_only()
                .column(organization_member::Column::UserId)
                .filter(organization_member::Column::OrganizationId.is_in(ids.iter().copied()))
                .into_query();
            select.filter(user::Column::Id.in_subquery(members))
        }
    }
}

/// Users by id.
pub async fn users_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<user::Model>>> {
    rows::by_id(users(&Boundary::All), user::Column::Id, ids, |row| row.id, db).await
}

/// Those of these external ids, held until the transaction ends.
pub async fn lock_users(tx: &Tx, external_ids: &[&str]) -> Result<Vec<user::Model>> {
    let rows = users(tx.boundary())
        .filter(user::Column::ExternalId.is_in(external_ids.iter().copied()))
        .order_by_asc(user::Column::Id)
        .lock_exclusive();
    Ok(rows.all(tx.db()).await?)
}

/// The user `id`, held until the transaction ends.
pub async fn lock_user(tx: &Tx, id: Uuid) -> Result<Option<user::Model>> {
    Ok(users(tx.boundary()).filter(user::Column::Id.eq(id)).lock_exclusive().one(tx.db()).await?)
}

/// Adds users, and writes over those that are there.
///
/// # Errors
/// CONFLICT where somebody else has added one of them meanwhile.
pub async fn put_users(tx: &Tx, rows: &[user::Model]) -> Result<()> {
    use user::Column;
    if rows.is_empty() {
        return Ok(());
    }
    let over = OnConflict::column(Column::Id)
        .update_columns([
            Column::Email,
            Column::Name,
            Column::Status,
            Column::VerifiedAt,
            Column::SuspendedUntil,
            Column::LastActiveAt,
            Column::Search,
            Column::UpdatedAt,
            Column::Version,
        ])
        .to_owned();
    // In the same order by everybody: two who add the same people wait for one another instead of going in circles.
    let mut rows: Vec<_> = rows.to_vec();
    rows.sort_unstable_by(|a, b| a.external_id.cmp(&b.external_id));
    let insert = user::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model));
    match insert.on_conflict(over).exec_without_returning(tx.db()).await {
        Ok(_) => Ok(()),
        Err(error) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                let message = "somebody else has just added one of these: try again";
                let mut taken = Violation::new(UserErrorCode::Conflict, "users", message);
                taken.is_retryable = true;
                Err(taken.into())
            }
            _ => Err(error.into()),
        },
    }
}

/// Of `ids` those who are in the register. They stay there until the transaction ends.
pub async fn lock_known(tx: &Tx, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows = users(tx.boundary())
        .filter(user::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(user::Column::Id)
        .lock_shared();
    Ok(rows.all(tx.db()).await?.into_iter().map(|row| row.id).collect())
}
