//! Organizations and their members: lists, loads, and what a change does.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ::entity::{organization, organization_member};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Select, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::kernel::{actor::Boundary, db::Conn, error::Result, rows, tx::Tx};

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

/// The organizations that users are members of, by the users' ids.
pub async fn memberships(db: &Conn, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let rows = organization_member::Entity::find()
        .filter(rows::among(organization_member::Column::UserId, users, db))
        .all(db)
        .await?;
    let mut by_user: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        by_user.entry(row.user_id).or_default().push(row.organization_id);
    }
    Ok(by_user)
}

/// Of `ids` those who are members of the organization.
pub async fn members(tx: &Tx, organization: Uuid, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows = organization_member::Entity::find()
        .filter(organization_member::Column::OrganizationId.eq(organization))
        .filter(organization_member::Column::UserId.is_in(ids.iter().copied()));
    Ok(rows.all(tx.db()).await?.into_iter().map(|row| row.user_id).collect())
}

/// Adds members.
pub async fn insert_members(tx: &Tx, rows: Vec<organization_member::Model>) -> Result<()> {
    if !rows.is_empty() {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        organization_member::Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
    }
    Ok(())
}

/// Whether there is an organization `id` within the caller's boundary.
pub async fn has_organization(tx: &Tx, id: Uuid) -> Result<bool> {
    let found = organizations(tx.boundary()).filter(organization::Column::Id.eq(id)).count(tx.db());
    Ok(found.await? > 0)
}

/// Adds an organization, unless the slug is taken. Whether it was added.
pub async fn insert_organization(tx: &Tx, row: &organization::Model) -> Result<bool> {
    let insert = organization::Entity::insert_many([row.clone().into_active_model()])
        .on_conflict(OnConflict::column(organization::Column::Slug).do_nothing().to_owned());
    Ok(insert.exec_without_returning(tx.db()).await? > 0)
}
