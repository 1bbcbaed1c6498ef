//! Every query of access.

mod allowlist;
mod approvals;
mod impersonations;
mod roles;
mod sign_in;
mod tokens;

use std::collections::HashMap;

use ::entity::{
    admin_user::{self, AdminLevel},
    organization,
    row::{self, FromColumns},
    user,
};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    JoinType, PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait, RelationDef,
    Select, SelectTwo,
    sea_query::{Condition, Expr, OnConflict},
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::Result,
    rights::{Account, RightsData},
    rows,
    tx::Tx,
};

pub(super) use allowlist::*;
pub(super) use approvals::*;
pub(super) use impersonations::*;
pub(super) use roles::*;
pub(super) use sign_in::*;
pub(super) use tokens::*;

/// An account with the person behind it.
#[derive(Clone, Debug)]
pub struct AdminUserRow {
    /// The account.
    pub account: admin_user::Model,
    /// The person.
    pub user: user::Model,
}

impl FromQueryResult for AdminUserRow {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let user = row::checked(row, admin_user::Model::COLUMNS.len())?;
        Ok(Self { account: row::checked(row, 0)?, user })
    }
}

/// The rows of what is the platform's own alone: whoever has a boundary sees none.
fn platforms_own<E: EntityTrait>(boundary: &Boundary) -> Select<E> {
    match boundary {
        Boundary::All => E::find(),
        Boundary::Organizations(_) => E::find().filter(Expr::val(false)),
    }
}

/// The accounts within `boundary`: they are the platform's own, so a caller with a boundary sees none.
pub(super) fn admin_users(boundary: &Boundary) -> Select<admin_user::Entity> {
    platforms_own(boundary)
}

/// With the person behind each.
pub(super) fn with_user(select: Select<admin_user::Entity>) -> SelectTwo<admin_user::Entity, user::Entity> {
    select.join(JoinType::InnerJoin, user_of_account()).select_also(user::Entity)
}

fn user_of_account() -> RelationDef {
    admin_user::Entity::belongs_to(user::Entity).from(admin_user::Column::UserId).to(user::Column::Id).into()
}

/// Accounts by id.
pub(super) async fn admin_users_by_id(db: &Conn, ids: &[Uuid]) -> Result<Vec<AdminUserRow>> {
    let select = admin_users(&Boundary::All).filter(rows::among(admin_user::Column::Id, ids, db));
    let statement = with_user(select).build(db.get_database_backend());
    Ok(AdminUserRow::find_by_statement(statement).all(db).await?)
}

/// The accounts of users, by the users' ids.
pub(super) async fn accounts_of_users(db: &Conn, users: &[Uuid]) -> Result<HashMap<Uuid, Uuid>> {
    let select = admin_users(&Boundary::All).filter(rows::among(admin_user::Column::UserId, users, db));
    Ok(rows::all(select, db).await?.into_iter().map(|row| (row.user_id, row.id)).collect())
}

/// Whether nobody has an account yet.
pub(super) async fn has_no_admin(db: &impl ConnectionTrait) -> Result<bool> {
    Ok(admin_user::Entity::find().count(db).await? == 0)
}

/// The person `id`, whom only those see whom no boundary limits.
pub(super) async fn user(tx: &Tx, id: Uuid) -> Result<Option<user::Model>> {
    match tx.boundary() {
        Boundary::All => Ok(user::Entity::find_by_id(id).one(tx.db()).await?),
        Boundary::Organizations(_) => Ok(None),
    }
}

/// Accounts that don't change before the transaction ends.
#[derive(Debug)]
pub(super) struct LockedAccounts(Vec<admin_user::Model>);

impl LockedAccounts {
    /// The account `id`.
    pub fn get(&self, id: Uuid) -> Option<&admin_user::Model> {
        self.0.iter().find(|row| row.id == id)
    }

    /// How many active super admins there are.
    pub fn super_admins(&self) -> usize {
        self.0.iter().filter(|row| row.is_active && row.level == AdminLevel::SuperAdmin).count()
    }
}

/// Locks the accounts `ids` and those of all active super admins, in one order, so that two who demote each other don't
/// both succeed.
///
/// **Whoever locks several rows of this domain takes accounts first, then credentials, then invitations and sessions,
/// then roles and assignments**: so nobody waits for somebody who waits for them. Approvals come before all of these.
pub(super) async fn lock_accounts(tx: &Tx, ids: &[Uuid]) -> Result<LockedAccounts> {
    let is_one = admin_user::Column::Id.is_in(ids.iter().copied());
    let rows = admin_users(&Boundary::All)
        .filter(Condition::any().add(is_one).add(is_super_admin()))
        .order_by_asc(admin_user::Column::Id)
        .lock_exclusive()
        .all(tx.db())
        .await?;
    Ok(LockedAccounts(rows))
}

/// The accounts of people with this address, two at most.
pub(super) async fn accounts_by_email(tx: &Tx, email: &str) -> Result<Vec<Uuid>> {
    Ok(admin_users(tx.boundary())
        .select_only()
        .column(admin_user::Column::Id)
        .join(JoinType::InnerJoin, user_of_account())
        .filter(user::Column::Email.eq(email))
        .order_by_asc(admin_user::Column::Id)
        .limit(2)
        .into_tuple()
        .all(tx.db())
        .await?)
}

fn is_super_admin() -> Condition {
    let is_super = admin_user::Column::Level.eq(AdminLevel::SuperAdmin);
    Condition::all().add(is_super).add(admin_user::Column::IsActive.eq(true))
}

/// Adds an account, unless the person has one. Whether it was added.
pub(super) async fn insert_account(db: &impl ConnectionTrait, account: &admin_user::Model) -> Result<bool> {
    let insert = admin_user::Entity::insert_many([account.clone().into_active_model()])
        .on_conflict(OnConflict::column(admin_user::Column::UserId).do_nothing().to_owned());
    Ok(insert.exec_without_returning(db).await? > 0)
}

/// Writes an account over.
pub(super) async fn update_account(tx: &Tx, account: &admin_user::Model) -> Result<()> {
    let all = account.clone().into_active_model().reset_all();
    admin_user::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Adds an account and the person behind it.
pub(super) async fn insert_admin(db: &impl ConnectionTrait, row: AdminUserRow) -> Result<()> {
    user::Entity::insert(row.user.into_active_model()).exec_without_returning(db).await?;
    admin_user::Entity::insert(row.account.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// What the kernel's rights snapshot of `now` is made of.
pub fn load_rights(db: &Conn, now: DateTime<Utc>) -> BoxFuture<'_, Result<RightsData>> {
    Box::pin(async move {
        let accounts = with_user(admin_users(&Boundary::All)).all(db).await?;
        let mut grants = grants(db, now).await?;
        let tokens = tokens_in_use(db).await?;
        let merged: Vec<(Uuid, Option<Uuid>)> = organization::Entity::find()
            .select_only()
            .columns([organization::Column::Id, organization::Column::MergedIntoId])
            .filter(organization::Column::MergedIntoId.is_not_null())
            .into_tuple()
            .all(db)
            .await?;
        Ok(RightsData {
            accounts: accounts
                .into_iter()
                .map(|(account, user)| Account {
                    id: account.id,
                    name: user.map(|user| user.name).unwrap_or_default(),
                    level: account.level,
                    permissions: account.permissions.0,
                    grants: grants.remove(&account.id).unwrap_or_default(),
                    is_active: account.is_active,
                })
                .collect(),
            tokens,
            ended_sessions: ended_sessions(db, now).await?,
            impersonations: impersonations_on(db, now).await?,
            networks: networks_by_level(db).await?,
            merged: merged.into_iter().filter_map(|(source, target)| Some((source, target?))).collect(),
        })
    })
}
