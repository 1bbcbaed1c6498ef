//! What organizations pay for.

use std::{collections::HashMap, sync::Arc};

use ::entity::{
    billing_subscription::{BillingPeriod, BillingStatus, Column, Entity, Model},
    organization,
};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
    SqlErr,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Result, UserErrorCode, Violation},
    rows,
    tx::Tx,
};

/// The subscriptions within `boundary`.
pub fn subscriptions(boundary: &Boundary) -> Select<Entity> {
    let select = Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => select.filter(Column::OrganizationId.is_in(ids.iter().copied())),
    }
}

/// Subscriptions by id.
pub async fn subscriptions_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<Model>>> {
    rows::by_id(subscriptions(&Boundary::All), Column::Id, ids, |row| row.id, db).await
}

/// Subscriptions that agree in all but their amount, together.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Sum {
    /// Their currency.
    pub currency: String,
    /// Their plan.
    pub plan: String,
    /// Where they stand.
    pub status: BillingStatus,
    /// How often they are paid.
    pub period: BillingPeriod,
    /// How many they are.
    pub count: i64,
    /// What they cost together, in the smallest unit.
    pub amount_minor: i64,
}

/// All subscriptions within `boundary`, added up.
pub async fn sums(db: &Conn, boundary: &Boundary) -> Result<Vec<Sum>> {
    let groups = [Column::Currency, Column::Plan, Column::Status, Column::Period];
    let select = subscriptions(boundary)
        .select_only()
        .columns(groups)
        .column_as(Expr::cust("COUNT(*)"), "count")
        .column_as(Expr::cust("CAST(SUM(amount_minor) AS BIGINT)"), "amount_minor");
    let select =
        groups.into_iter().fold(select, |select, column| select.group_by(column).order_by_asc(column));
    Ok(select.into_model().all(db).await?)
}

/// Those of these external ids, held until the transaction ends.
pub async fn lock_subscriptions(tx: &Tx, external_ids: &[&str]) -> Result<Vec<Model>> {
    let rows = subscriptions(tx.boundary())
        .filter(Column::ExternalId.is_in(external_ids.iter().copied()))
        .order_by_asc(Column::Id)
        .lock_exclusive();
    Ok(rows.all(tx.db()).await?)
}

/// Adds subscriptions, and writes over those that are there.
///
/// # Errors
/// CONFLICT where somebody else has added one of them meanwhile.
pub async fn put_subscriptions(tx: &Tx, rows: &[Model]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let over = OnConflict::column(Column::Id)
        .update_columns([
            Column::OrganizationId,
            Column::Plan,
            Column::Status,
            Column::Period,
            Column::AmountMinor,
            Column::Currency,
            Column::TrialEndsAt,
            Column::PeriodEndsAt,
            Column::CancelledAt,
            Column::UpdatedAt,
            Column::Version,
        ])
        .to_owned();
    // In the same order by everybody: two who add the same wait for one another instead of going in circles.
    let mut rows: Vec<_> = rows.to_vec();
    rows.sort_unstable_by(|a, b| a.external_id.cmp(&b.external_id));
    let insert = Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model));
    match insert.on_conflict(over).exec_without_returning(tx.db()).await {
        Ok(_) => Ok(()),
        Err(error) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                let message = "somebody else has just added one of these: try again";
                let mut taken = Violation::new(UserErrorCode::Conflict, "subscriptions", message);
                taken.is_retryable = true;
                Err(taken.into())
            }
            _ => Err(error.into()),
        },
    }
}

/// The organizations of these ids within the caller's boundary, each with the one that it went into. None of them goes
/// into another one before the transaction ends.
pub async fn share_organizations(tx: &Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Option<Uuid>>> {
    let rows = super::organizations(tx.boundary())
        .filter(organization::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(organization::Column::Id)
        .lock_shared();
    Ok(rows.all(tx.db()).await?.into_iter().map(|row| (row.id, row.merged_into_id)).collect())
}
