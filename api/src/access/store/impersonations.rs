//! Queries of impersonations.

use std::{collections::HashMap, sync::Arc};

use ::entity::{
    admin_user, impersonation, organization_member,
    user::{self, UserStatus},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, JoinType, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, RelationDef, Select,
    sea_query::{Condition, Expr, IntoColumnRef},
};
use uuid::Uuid;

use super::platforms_own;
use crate::kernel::{actor::Boundary, db::Conn, error::Result, rights::Impersonation, rows, tx::Tx};

/// The impersonations within `boundary`: they are the platform's own.
pub fn impersonations(boundary: &Boundary) -> Select<impersonation::Entity> {
    platforms_own(boundary)
}

/// Impersonations by id.
pub async fn impersonations_by_id(
    db: &Conn,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Arc<impersonation::Model>>> {
    rows::by_id(impersonations(&Boundary::All), impersonation::Column::Id, ids, |row| row.id, db).await
}

/// Adds an impersonation.
pub async fn insert_impersonation(tx: &Tx, row: &impersonation::Model) -> Result<()> {
    let insert = impersonation::Entity::insert(row.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Writes an impersonation over.
pub async fn update_impersonation(tx: &Tx, row: &impersonation::Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    impersonation::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// The impersonation `id` within the caller's boundary, which nobody else changes before the transaction ends.
pub async fn lock_impersonation(tx: &Tx, id: Uuid) -> Result<Option<impersonation::Model>> {
    let select = impersonations(tx.boundary()).filter(impersonation::Column::Id.eq(id));
    Ok(select.lock_exclusive().one(tx.db()).await?)
}

/// The impersonations that were begun in a session and are on, which nobody else changes before the transaction ends.
pub async fn lock_impersonations_in(tx: &Tx, session: Uuid) -> Result<Vec<impersonation::Model>> {
    Ok(impersonation::Entity::find()
        .filter(impersonation::Column::SessionId.eq(session))
        .filter(impersonation::Column::EndedAt.is_null())
        .filter(impersonation::Column::ExpiresAt.gt(tx.now()))
        .order_by_asc(impersonation::Column::Id)
        .lock_exclusive()
        .all(tx.db())
        .await?)
}

/// The account of a user, where they have one.
pub async fn account_of_user(tx: &Tx, user: Uuid) -> Result<Option<admin_user::Model>> {
    let select = admin_user::Entity::find().filter(admin_user::Column::UserId.eq(user));
    Ok(select.one(tx.db()).await?)
}

/// The organizations that a user is a member of.
pub async fn organizations_of_user(tx: &Tx, user: Uuid) -> Result<Vec<Uuid>> {
    Ok(organization_member::Entity::find()
        .select_only()
        .column(organization_member::Column::OrganizationId)
        .filter(organization_member::Column::UserId.eq(user))
        .order_by_asc(organization_member::Column::OrganizationId)
        .into_tuple()
        .all(tx.db())
        .await?)
}

/// The impersonations that are on at `now`, as the rights snapshot has them: as long as what they were begun on is so. Nobody
/// acts for who is gone, nor with the eyes of an organization for who has left it, or has an account by now.
pub async fn impersonations_on(db: &Conn, now: DateTime<Utc>) -> Result<Vec<Impersonation>> {
    let person: RelationDef = impersonation::Entity::belongs_to(user::Entity)
        .from(impersonation::Column::UserId)
        .to(user::Column::Id)
        .into();
    let rows = impersonations(&Boundary::All)
        .filter(impersonation::Column::EndedAt.is_null())
        .filter(impersonation::Column::ExpiresAt.gt(now))
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .filter(is_by_account_or_member())
        .join(JoinType::InnerJoin, person)
        .select_also(user::Entity)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(row, user)| on(row, user)).collect())
}

/// Whether it is of an account, or of a member who has none.
fn is_by_account_or_member() -> Condition {
    let account = admin_user::Entity::find()
        .select_only()
        .column(admin_user::Column::Id)
        .filter(of_user((admin_user::Entity, admin_user::Column::UserId)));
    let membership = organization_member::Entity::find()
        .select_only()
        .column(organization_member::Column::Id)
        .filter(of_user((organization_member::Entity, organization_member::Column::UserId)))
        .filter(
            Expr::col((organization_member::Entity, organization_member::Column::OrganizationId))
                .equals((impersonation::Entity, impersonation::Column::OrganizationId)),
        );
    let is_member = Condition::all()
        .add(Expr::exists(account.into_query()).not())
        .add(Expr::exists(membership.into_query()));
    Condition::any().add(impersonation::Column::AdminUserId.is_not_null()).add(is_member)
}

/// Whether a column names the user of the impersonation.
fn of_user(column: impl IntoColumnRef) -> Expr {
    Expr::col(column).equals((impersonation::Entity, impersonation::Column::UserId))
}

fn on(row: impersonation::Model, user: Option<user::Model>) -> Impersonation {
    Impersonation {
        id: row.id,
        impersonator: row.impersonator_id,
        user: row.user_id,
        name: user.map(|user| user.name).unwrap_or_default(),
        account: row.admin_user_id,
        organization_id: row.organization_id,
        scopes: row.scopes.0,
        is_read_only: row.is_read_only,
    }
}
