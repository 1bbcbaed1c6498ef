//! Organizations: lists, loads, and what a change does.

use std::{collections::HashMap, sync::Arc};

use ::entity::organization;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Select, SqlErr, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Result, UserErrorCode, Violation},
    rows,
    tx::Tx,
};

/// The organizations within `boundary`.
pub fn organizations(boundary: &Boundary) -> Select<organization::Entity> {
    let select = organization::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => select.filter(organization::Column::Id.is_in(ids.iter().copied())),
    }
}

/// Organizations by id.
pub async fn organizations_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<organization::Model>>> {
    rows::by_id(organizations(&Boundary::All), organization::Column::Id, ids, |row| row.id, db).await
}

/// The organization `id`, held until the transaction ends.
pub async fn lock_organization(tx: &Tx, id: Uuid) -> Result<Option<organization::Model>> {
    let row = organizations(tx.boundary()).filter(organization::Column::Id.eq(id)).lock_exclusive();
    Ok(row.one(tx.db()).await?)
}

/// The organization `id`, which nobody changes before the transaction ends.
pub async fn share_organization(tx: &Tx, id: Uuid) -> Result<Option<organization::Model>> {
    let row = organizations(tx.boundary()).filter(organization::Column::Id.eq(id)).lock_shared();
    Ok(row.one(tx.db()).await?)
}

/// Writes an organization over.
pub async fn update_organization(tx: &Tx, row: &organization::Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    organization::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Adds an organization, unless the slug is taken. Whether it was added.
pub async fn insert_organization(tx: &Tx, row: &organization::Model) -> Result<bool> {
    let insert = organization::Entity::insert_many([row.clone().into_active_model()])
        .on_conflict(OnConflict::column(organization::Column::Slug).do_nothing().to_owned());
    Ok(insert.exec_without_returning(tx.db()).await? > 0)
}

/// Those of these external ids or slugs, held until the transaction ends.
pub async fn lock_organizations(tx: &Tx, ids: &[&str], slugs: &[&str]) -> Result<Vec<organization::Model>> {
    use organization::Column;
    let either = Condition::any()
        .add(Column::ExternalId.is_in(ids.iter().copied()))
        .add(Column::Slug.is_in(slugs.iter().copied()));
    let rows = organizations(tx.boundary()).filter(either).order_by_asc(Column::Id).lock_exclusive();
    Ok(rows.all(tx.db()).await?)
}

/// Adds organizations, and writes over those that are there.
///
/// # Errors
/// CONFLICT where somebody else has added one of them meanwhile.
pub async fn put_organizations(tx: &Tx, rows: &[organization::Model]) -> Result<()> {
    use organization::Column;
    if rows.is_empty() {
        return Ok(());
    }
    let over = OnConflict::column(Column::Id)
        .update_columns([
            Column::ExternalId,
            Column::Slug,
            Column::Name,
            Column::Status,
            Column::UpdatedAt,
            Column::Version,
        ])
        .to_owned();
    // In the same order by everybody: two who add the same wait for one another instead of going in circles.
    let mut rows: Vec<_> = rows.to_vec();
    rows.sort_unstable_by(|a, b| a.external_id.cmp(&b.external_id));
    let insert = organization::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model));
    match insert.on_conflict(over).exec_without_returning(tx.db()).await {
        Ok(_) => Ok(()),
        Err(error) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                let message = "somebody else has just added one of these: try again";
                let mut taken = Violation::new(UserErrorCode::Conflict, "organizations", message);
                taken.is_retryable = true;
                Err(taken.into())
            }
            _ => Err(error.into()),
        },
    }
}
