//! Members of organizations.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ::entity::organization_member::{Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select,
};
use uuid::Uuid;

use crate::kernel::{actor::Boundary, db::Conn, error::Result, rows, tx::Tx};

/// The members within `boundary`.
pub fn members(boundary: &Boundary) -> Select<Entity> {
    let select = Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => select.filter(Column::OrganizationId.is_in(ids.iter().copied())),
    }
}

/// Members by id.
pub async fn members_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<Model>>> {
    rows::by_id(members(&Boundary::All), Column::Id, ids, |row| row.id, db).await
}

/// The organizations that users are members of, by the users' ids.
pub async fn memberships(db: &Conn, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let rows = rows::all(Entity::find().filter(rows::among(Column::UserId, users, db)), db).await?;
    let mut by_user: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        by_user.entry(row.user_id).or_default().push(row.organization_id);
    }
    Ok(by_user)
}

/// Of `ids` those who are members of the organization.
pub async fn members_among(tx: &Tx, organization: Uuid, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows = members(tx.boundary())
        .filter(Column::OrganizationId.eq(organization))
        .filter(Column::UserId.is_in(ids.iter().copied()));
    Ok(rows.all(tx.db()).await?.into_iter().map(|row| row.user_id).collect())
}

/// The member of the organization who is this user, held until the transaction ends.
pub async fn lock_member_of(tx: &Tx, organization: Uuid, user: Uuid) -> Result<Option<Model>> {
    let row = members(tx.boundary())
        .filter(Column::OrganizationId.eq(organization))
        .filter(Column::UserId.eq(user))
        .lock_exclusive();
    Ok(row.one(tx.db()).await?)
}

/// The member `id`, held until the transaction ends.
pub async fn lock_member(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(members(tx.boundary()).filter(Column::Id.eq(id)).lock_exclusive().one(tx.db()).await?)
}

/// Adds members.
pub async fn insert_members(tx: &Tx, rows: Vec<Model>) -> Result<()> {
    if !rows.is_empty() {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
    }
    Ok(())
}

/// Writes a member over.
pub async fn update_member(tx: &Tx, row: &Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Takes a member out.
pub async fn delete_member(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx.db()).await?;
    Ok(())
}
