//! Queries of roles and of who has them.

use std::{collections::HashMap, sync::Arc};

use ::entity::{list::StringList, role, role_assignment};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter,
    QuerySelect, RelationDef, Select, SqlErr, sea_query::Condition,
};
use uuid::Uuid;

use super::platforms_own;
use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Error, Result, UserErrorCode},
    rights::Grant,
    rows,
    tx::Tx,
};

/// The roles within `boundary`: they are the platform's own.
pub fn roles(boundary: &Boundary) -> Select<role::Entity> {
    platforms_own(boundary)
}

/// The assignments within `boundary`: they are the platform's own.
pub fn role_assignments(boundary: &Boundary) -> Select<role_assignment::Entity> {
    platforms_own(boundary)
}

/// Roles by id.
pub async fn roles_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<role::Model>>> {
    rows::by_id(roles(&Boundary::All), role::Column::Id, ids, |row| row.id, db).await
}

/// Assignments by id.
pub async fn role_assignments_by_id(
    db: &Conn,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Arc<role_assignment::Model>>> {
    let all = role_assignments(&Boundary::All);
    rows::by_id(all, role_assignment::Column::Id, ids, |row| row.id, db).await
}

/// Assignments that aren't over at `then`. Whether they count depends on the account, too.
fn lasting(then: DateTime<Utc>) -> Condition {
    use role_assignment::Column::{ExpiresAt, RevokedAt};
    let is_before_its_end = Condition::any().add(ExpiresAt.is_null()).add(ExpiresAt.gt(then));
    Condition::all().add(RevokedAt.is_null()).add(is_before_its_end)
}

/// Assignments that have no end.
fn endless() -> Condition {
    use role_assignment::Column::{ExpiresAt, RevokedAt};
    Condition::all().add(RevokedAt.is_null()).add(ExpiresAt.is_null())
}

/// What roles give at `now`, by account.
pub async fn grants(db: &Conn, now: DateTime<Utc>) -> Result<HashMap<Uuid, Vec<Grant>>> {
    let rows: Vec<(Uuid, Option<DateTime<Utc>>, StringList)> = role_assignment::Entity::find()
        .select_only()
        .columns([role_assignment::Column::AdminUserId, role_assignment::Column::ExpiresAt])
        .column(role::Column::Permissions)
        .join(JoinType::InnerJoin, role_of_assignment())
        .filter(lasting(now))
        .into_tuple()
        .all(db)
        .await?;
    let mut grants: HashMap<Uuid, Vec<Grant>> = HashMap::new();
    for (account, expires_at, permissions) in rows {
        grants.entry(account).or_default().push(Grant { permissions: permissions.0, expires_at });
    }
    Ok(grants)
}

fn role_of_assignment() -> RelationDef {
    role_assignment::Entity::belongs_to(role::Entity)
        .from(role_assignment::Column::RoleId)
        .to(role::Column::Id)
        .into()
}

/// The role `id`, which nobody else changes before the transaction ends.
pub async fn lock_role(tx: &Tx, id: Uuid) -> Result<Option<role::Model>> {
    Ok(roles(tx.boundary()).filter(role::Column::Id.eq(id)).lock_exclusive().one(tx.db()).await?)
}

/// The role `id`, which stays as it is until the transaction ends.
pub async fn hold_role(tx: &Tx, id: Uuid) -> Result<Option<role::Model>> {
    Ok(roles(tx.boundary()).filter(role::Column::Id.eq(id)).lock_shared().one(tx.db()).await?)
}

/// Adds a role.
///
/// # Errors
/// TAKEN.
pub async fn insert_role(tx: &Tx, row: &role::Model) -> Result<()> {
    let insert = role::Entity::insert(row.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await.map_err(taken)?;
    Ok(())
}

/// Writes a role over.
///
/// # Errors
/// TAKEN.
pub async fn update_role(tx: &Tx, row: &role::Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    role::Entity::update(all).exec_without_returning(tx.db()).await.map_err(taken)?;
    Ok(())
}

/// Another role has the name.
pub fn name_taken() -> Error {
    Error::invalid(UserErrorCode::Taken, "name", "another role has this name")
}

fn taken(error: sea_orm::DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => name_taken(),
        _ => error.into(),
    }
}

/// Whether another role than `id` has this name.
pub async fn is_name_taken(tx: &Tx, name: &str, id: Uuid) -> Result<bool> {
    let found = role::Entity::find().filter(role::Column::Name.eq(name)).filter(role::Column::Id.ne(id));
    Ok(found.count(tx.db()).await? > 0)
}

/// Removes a role. What was given by it stays on the list.
pub async fn delete_role(tx: &Tx, id: Uuid) -> Result<()> {
    role::Entity::delete_by_id(id).exec(tx.db()).await?;
    Ok(())
}

/// How many assignments of the role `id` count now, or will when their account is active again.
pub async fn count_holders(tx: &Tx, id: Uuid) -> Result<u64> {
    let found = role_assignment::Entity::find()
        .filter(role_assignment::Column::RoleId.eq(id))
        .filter(lasting(tx.now()));
    Ok(found.count(tx.db()).await?)
}

/// The ends of the assignments by which the account has the role, as of now.
pub async fn ends_of(tx: &Tx, account: Uuid, role: Uuid) -> Result<Vec<Option<DateTime<Utc>>>> {
    let rows = role_assignment::Entity::find()
        .filter(role_assignment::Column::AdminUserId.eq(account))
        .filter(role_assignment::Column::RoleId.eq(role))
        .filter(lasting(tx.now()))
        .all(tx.db())
        .await?;
    Ok(rows.into_iter().map(|row| row.expires_at).collect())
}

/// What roles give the account for as long, one list each; without an end, for good.
pub async fn permissions_of_roles(
    tx: &Tx,
    account: Uuid,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<StringList>> {
    let rows = role_assignment::Entity::find()
        .select_only()
        .column(role::Column::Permissions)
        .join(JoinType::InnerJoin, role_of_assignment())
        .filter(role_assignment::Column::AdminUserId.eq(account))
        .filter(until.map_or_else(endless, lasting))
        .into_tuple()
        .all(tx.db())
        .await?;
    Ok(rows)
}

/// Whose assignment `id` is.
pub async fn holder_of(tx: &Tx, id: Uuid) -> Result<Option<Uuid>> {
    let select = role_assignments(tx.boundary()).filter(role_assignment::Column::Id.eq(id));
    let holder = select.select_only().column(role_assignment::Column::AdminUserId);
    Ok(holder.into_tuple().one(tx.db()).await?)
}

/// The assignment `id`, which nobody else changes before the transaction ends.
pub async fn lock_assignment(tx: &Tx, id: Uuid) -> Result<Option<role_assignment::Model>> {
    let select = role_assignments(tx.boundary()).filter(role_assignment::Column::Id.eq(id));
    Ok(select.lock_exclusive().one(tx.db()).await?)
}

/// Adds an assignment.
pub async fn insert_assignment(tx: &Tx, row: &role_assignment::Model) -> Result<()> {
    let insert = role_assignment::Entity::insert(row.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Writes an assignment over.
pub async fn update_assignment(tx: &Tx, row: &role_assignment::Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    role_assignment::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}
