//! Queries of approvals and of what people said to them.

use std::{collections::HashMap, sync::Arc};

use ::entity::{admin_user, approval, approval_vote};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::platforms_own;
use crate::kernel::{actor::Boundary, db::Conn, error::Result, rows, tx::Tx};

/// Spelled out, never bound: only so do both databases see that the partial index on hashes applies.
const PENDING: &str = "status IN ('OPEN', 'APPROVED')";

/// The approvals within `boundary`: they are the platform's own.
pub fn approvals(boundary: &Boundary) -> Select<approval::Entity> {
    platforms_own(boundary)
}

/// Approvals by id.
pub async fn approvals_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<approval::Model>>> {
    rows::by_id(approvals(&Boundary::All), approval::Column::Id, ids, |row| row.id, db).await
}

/// What was said to approvals, by their ids, first come first.
pub async fn votes_by_approval(
    db: &Conn,
    approvals: &[Uuid],
) -> Result<HashMap<Uuid, Vec<approval_vote::Model>>> {
    let select = approval_vote::Entity::find()
        .filter(rows::among(approval_vote::Column::ApprovalId, approvals, db))
        .order_by_asc(approval_vote::Column::DecidedAt)
        .order_by_asc(approval_vote::Column::AdminUserId);
    let mut by_approval: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows::all(select, db).await? {
        by_approval.entry(row.approval_id).or_default().push(row);
    }
    Ok(by_approval)
}

/// The approval `id` within the caller's boundary, which nobody else changes before the transaction ends.
pub async fn lock_approval(tx: &Tx, id: Uuid) -> Result<Option<approval::Model>> {
    let found = approvals(tx.boundary()).filter(approval::Column::Id.eq(id));
    Ok(found.lock_exclusive().one(tx.db()).await?)
}

/// The pending approval of this hash. It isn't locked: whoever carries it out holds it and waits for accounts that the
/// caller may hold.
pub async fn pending(tx: &Tx, hash: &[u8]) -> Result<Option<approval::Model>> {
    let found = approval::Entity::find()
        .filter(approval::Column::PayloadHash.eq(hash.to_vec()))
        .filter(Expr::cust(PENDING));
    Ok(found.one(tx.db()).await?)
}

/// Adds an approval, unless one of its hash is pending. Whether it was added.
pub async fn insert_approval(tx: &Tx, row: &approval::Model) -> Result<bool> {
    let insert = approval::Entity::insert_many([row.clone().into_active_model()])
        .on_conflict(OnConflict::new().do_nothing().to_owned());
    Ok(insert.exec_without_returning(tx.db()).await? > 0)
}

/// Writes an approval over.
pub async fn update_approval(tx: &Tx, row: &approval::Model) -> Result<()> {
    let all = row.clone().into_active_model().reset_all();
    approval::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// What was said to the approval `id`.
pub async fn votes_of(tx: &Tx, id: Uuid) -> Result<Vec<approval_vote::Model>> {
    let found = approval_vote::Entity::find().filter(approval_vote::Column::ApprovalId.eq(id));
    Ok(found.all(tx.db()).await?)
}

/// Writes down what somebody says, in the place of what they said before.
pub async fn put_vote(tx: &Tx, row: approval_vote::Model) -> Result<()> {
    use approval_vote::Column::{AdminUserId, ApprovalId, DecidedAt, Decision, Reason};
    let again = OnConflict::columns([ApprovalId, AdminUserId])
        .update_columns([Decision, Reason, DecidedAt])
        .to_owned();
    approval_vote::Entity::insert_many([row.into_active_model()])
        .on_conflict(again)
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// The accounts of those who approved, as they are now.
pub async fn approvers_of(tx: &Tx, id: Uuid) -> Result<Vec<admin_user::Model>> {
    let of_vote: RelationDef = admin_user::Entity::belongs_to(approval_vote::Entity)
        .from(admin_user::Column::Id)
        .to(approval_vote::Column::AdminUserId)
        .into();
    let found = admin_user::Entity::find()
        .join(JoinType::InnerJoin, of_vote)
        .filter(approval_vote::Column::ApprovalId.eq(id))
        .filter(approval_vote::Column::Decision.eq(approval_vote::ApprovalDecision::Approved));
    Ok(found.all(tx.db()).await?)
}

/// The account `id`, as it is now.
pub async fn account(tx: &Tx, id: Uuid) -> Result<Option<admin_user::Model>> {
    Ok(admin_user::Entity::find_by_id(id).one(tx.db()).await?)
}

/// Whether the person `user` has an account.
pub async fn has_account(tx: &Tx, user: Uuid) -> Result<bool> {
    let found = admin_user::Entity::find().filter(admin_user::Column::UserId.eq(user));
    Ok(found.one(tx.db()).await?.is_some())
}
