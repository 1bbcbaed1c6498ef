//! Every query of access.

use ::entity::{admin_user, api_token, organization, user};
use futures_util::future::BoxFuture;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter,
    QuerySelect, RelationDef, Select, SelectTwo, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Error, Result},
    rights::{Account, RightsData, Token},
};

/// An account with the person behind it.
#[derive(Clone, Debug)]
pub struct AdminUserRow {
    /// The account.
    pub account: admin_user::Model,
    /// The person.
    pub user: user::Model,
}

/// The accounts within `boundary`: they are the platform's own, so a caller with a boundary sees none.
pub(super) fn admin_users(boundary: &Boundary) -> Select<admin_user::Entity> {
    let select = admin_user::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(_) => select.filter(admin_user::Column::Id.is_null()),
    }
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
    let select = admin_users(&Boundary::All).filter(admin_user::Column::Id.is_in(ids.iter().copied()));
    let rows = with_user(select).all(db).await?;
    Ok(rows.into_iter().filter_map(|(account, user)| Some(AdminUserRow { account, user: user? })).collect())
}

/// Whether nobody has an account yet.
pub(super) async fn has_no_admin(db: &impl ConnectionTrait) -> Result<bool> {
    Ok(admin_user::Entity::find().count(db).await? == 0)
}

/// Whether there is an organization `id`.
pub(super) async fn has_organization(db: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    Ok(organization::Entity::find_by_id(id).count(db).await? > 0)
}

/// The account `id`.
pub(super) async fn admin_user(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<admin_user::Model>> {
    Ok(admin_users(&Boundary::All).filter(admin_user::Column::Id.eq(id)).one(db).await?)
}

/// Whether there is a person `id`.
pub(super) async fn has_user(db: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    Ok(user::Entity::find_by_id(id).count(db).await? > 0)
}

/// Adds an account, unless the person has one. Whether it was added.
pub(super) async fn insert_account(db: &impl ConnectionTrait, account: &admin_user::Model) -> Result<bool> {
    let insert = admin_user::Entity::insert_many([account.clone().into_active_model()])
        .on_conflict(OnConflict::column(admin_user::Column::UserId).do_nothing().to_owned());
    Ok(insert.exec_without_returning(db).await? > 0)
}

/// Adds an account and the person behind it.
pub(super) async fn insert_admin(db: &impl ConnectionTrait, row: AdminUserRow) -> Result<()> {
    user::Entity::insert(row.user.into_active_model()).exec_without_returning(db).await?;
    admin_user::Entity::insert(row.account.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Adds a token.
pub(super) async fn insert_token(db: &impl ConnectionTrait, token: api_token::Model) -> Result<()> {
    api_token::Entity::insert(token.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// What the kernel's rights snapshot is made of.
pub fn load_rights(db: &Conn) -> BoxFuture<'_, Result<RightsData>> {
    Box::pin(async move {
        let accounts = with_user(admin_users(&Boundary::All)).all(db).await?;
        let tokens = api_token::Entity::find().filter(api_token::Column::RevokedAt.is_null()).all(db).await?;
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
                    is_active: account.is_active,
                })
                .collect(),
            tokens: tokens.into_iter().map(token).collect::<Result<_>>()?,
            merged: merged.into_iter().filter_map(|(source, target)| Some((source, target?))).collect(),
        })
    })
}

fn token(row: api_token::Model) -> Result<Token> {
    Ok(Token {
        id: row.id,
        name: row.name,
        hash: row.token_hash.try_into().map_err(|_| Error::internal("a token's hash isn't 32 bytes long"))?,
        admin_user_id: row.admin_user_id,
        scopes: row.scopes.0,
        organization_id: row.organization_id,
        expires_at: row.expires_at,
    })
}
