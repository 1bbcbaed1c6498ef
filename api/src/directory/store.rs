//! Every query of the directory.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ::entity::{organization, organization_member, user};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, SqlErr, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Error, Result, UserErrorCode},
    rows,
    tx::Tx,
};

/// The users within `boundary`: the members of its organizations.
pub(super) fn users(boundary: &Boundary) -> Select<user::Entity> {
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

/// The organizations within `boundary`.
pub(super) fn organizations(boundary: &Boundary) -> Select<organization::Entity> {
    let select = organization::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => select.filter(organization::Column::Id.is_in(ids.iter().copied())),
    }
}

/// Users by id.
pub(super) async fn users_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<user::Model>>> {
    rows::by_id(users(&Boundary::All), user::Column::Id, ids, |row| row.id, db).await
}

/// The organizations that users are members of, by the users' ids.
pub(super) async fn memberships(db: &Conn, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>> {
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

/// Organizations by id.
pub(super) async fn organizations_by_id(
    db: &Conn,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Arc<organization::Model>>> {
    rows::by_id(organizations(&Boundary::All), organization::Column::Id, ids, |row| row.id, db).await
}

/// Those of these external ids, held until the transaction ends.
pub(super) async fn lock_users(tx: &Tx, external_ids: &[&str]) -> Result<Vec<user::Model>> {
    let rows = users(tx.boundary())
        .filter(user::Column::ExternalId.is_in(external_ids.iter().copied()))
        .order_by_asc(user::Column::Id)
        .lock_exclusive();
    Ok(rows.all(tx.db()).await?)
}

/// The user `id`, held until the transaction ends.
pub(super) async fn lock_user(tx: &Tx, id: Uuid) -> Result<Option<user::Model>> {
    Ok(users(tx.boundary()).filter(user::Column::Id.eq(id)).lock_exclusive().one(tx.db()).await?)
}

/// Adds users, and writes over those that are there.
///
/// # Errors
/// CONFLICT where somebody else has added one of them meanwhile.
pub(super) async fn put_users(tx: &Tx, rows: &[user::Model]) -> Result<()> {
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
            Column::LastActiveAt,
            Column::UpdatedAt,
            Column::Version,
        ])
        .to_owned();
    let insert = user::Entity::insert_many(rows.iter().cloned().map(IntoActiveModel::into_active_model));
    match insert.on_conflict(over).exec_without_returning(tx.db()).await {
        Ok(_) => Ok(()),
        Err(error) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Err(Error::invalid(
                UserErrorCode::Conflict,
                "users",
                "somebody else has just added one of these: try again",
            )),
            _ => Err(error.into()),
        },
    }
}

/// Of `ids` those who are in the register. They stay there until the transaction ends.
pub(super) async fn lock_known(tx: &Tx, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows = users(tx.boundary())
        .filter(user::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(user::Column::Id)
        .lock_shared();
    Ok(rows.all(tx.db()).await?.into_iter().map(|row| row.id).collect())
}

/// Of `ids` those who are members of the organization.
pub(super) async fn members(tx: &Tx, organization: Uuid, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows = organization_member::Entity::find()
        .filter(organization_member::Column::OrganizationId.eq(organization))
        .filter(organization_member::Column::UserId.is_in(ids.iter().copied()));
    Ok(rows.all(tx.db()).await?.into_iter().map(|row| row.user_id).collect())
}

/// Adds members.
pub(super) async fn insert_members(tx: &Tx, rows: Vec<organization_member::Model>) -> Result<()> {
    if !rows.is_empty() {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        organization_member::Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
    }
    Ok(())
}

/// Whether there is an organization `id` within the caller's boundary.
pub(super) async fn has_organization(tx: &Tx, id: Uuid) -> Result<bool> {
    let found = organizations(tx.boundary()).filter(organization::Column::Id.eq(id)).count(tx.db());
    Ok(found.await? > 0)
}

/// Adds an organization, unless the slug is taken. Whether it was added.
pub(super) async fn insert_organization(tx: &Tx, row: &organization::Model) -> Result<bool> {
    let insert = organization::Entity::insert_many([row.clone().into_active_model()])
        .on_conflict(OnConflict::column(organization::Column::Slug).do_nothing().to_owned());
    Ok(insert.exec_without_returning(tx.db()).await? > 0)
}
