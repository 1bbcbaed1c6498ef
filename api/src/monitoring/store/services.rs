//! Queries of services and their states.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use ::entity::{
    service::{self, Column},
    service_status::{self, ServiceState},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel,
    JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef, Select, SqlErr, UpdateMany,
    sea_query::{Expr, Func},
};
use uuid::Uuid;

use crate::kernel::{
    actor::Boundary,
    db::Conn,
    error::{Error, Result, UserErrorCode},
    rows,
    telemetry::Telemetry,
    tx::Tx,
};

/// A service with its state: what a change is made from.
#[derive(Clone, Debug)]
pub struct ServiceRow {
    /// The service.
    pub service: service::Model,
    /// How it is doing.
    pub status: service_status::Model,
}

impl ServiceRow {
    /// A service that nobody has asked yet.
    pub fn new(service: service::Model) -> Self {
        let now = service.created_at;
        let status = service_status::Model {
            service_id: service.id,
            state: ServiceState::Unknown,
            state_since: now,
            consecutive_failures: 0,
            consecutive_successes: 0,
            last_check_at: None,
            response_time_ms: None,
            last_error: None,
            updated_at: now,
            version: 1,
        };
        Self { service, status }
    }
}

/// The services within `boundary`.
pub fn services(boundary: &Boundary) -> Select<service::Entity> {
    let select = service::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => select.filter(Column::OrganizationId.is_in(ids.iter().copied())),
    }
}

/// Services by id.
pub async fn services_by_id(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Arc<service::Model>>> {
    rows::by_id(services(&Boundary::All), Column::Id, ids, |row| row.id, db).await
}

/// The states of services, by their ids.
pub async fn statuses_of(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, service_status::Model>> {
    let rows = service_status::Entity::find()
        .filter(rows::among(service_status::Column::ServiceId, ids, db))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.service_id, row)).collect())
}

/// The service `id`, within `boundary`.
pub async fn service(
    db: &impl ConnectionTrait,
    boundary: &Boundary,
    id: Uuid,
) -> Result<Option<service::Model>> {
    Ok(services(boundary).filter(Column::Id.eq(id)).one(db).await?)
}

/// The service `id`, which stays whose it is until the transaction ends.
pub async fn share_service(tx: &Tx, id: Uuid) -> Result<Option<service::Model>> {
    Ok(services(tx.boundary()).filter(Column::Id.eq(id)).lock_shared().one(tx.db()).await?)
}

/// The service `id` with its state, as it is now.
pub async fn watched(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<ServiceRow>> {
    let found = service::Entity::find_by_id(id)
        .join(JoinType::InnerJoin, status_of_service())
        .select_also(service_status::Entity)
        .one(db)
        .await?;
    Ok(found.and_then(|(service, status)| Some(ServiceRow { service, status: status? })))
}

fn status_of_service() -> RelationDef {
    service::Entity::belongs_to(service_status::Entity)
        .from(Column::Id)
        .to(service_status::Column::ServiceId)
        .into()
}

/// The service `id` with its state, held until the transaction ends.
pub async fn lock_service(tx: &Tx, id: Uuid) -> Result<Option<ServiceRow>> {
    let service = services(tx.boundary()).filter(Column::Id.eq(id)).lock_exclusive().one(tx.db()).await?;
    let Some(service) = service else { return Ok(None) };
    let status = service_status::Entity::find_by_id(id).lock_exclusive().one(tx.db()).await?;
    let status = status.ok_or_else(|| Error::internal("a service has no state"))?;
    Ok(Some(ServiceRow { service, status }))
}

/// Whether another service of the organization than `id` has this name.
pub async fn is_name_taken(tx: &Tx, organization: Uuid, name: &str, id: Uuid) -> Result<bool> {
    let found = service::Entity::find()
        .filter(Column::OrganizationId.eq(organization))
        .filter(Column::Name.eq(name))
        .filter(Column::Id.ne(id))
        .count(tx.db());
    Ok(found.await? > 0)
}

/// Of those of `ids` that the caller sees, what each depends on. They stay as they are until the transaction ends.
pub async fn dependencies(tx: &Tx, ids: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let rows = services(tx.boundary())
        .filter(Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(Column::Id)
        .lock_shared()
        .all(tx.db())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.depends_on.0)).collect())
}

/// Adds a service with its state.
///
/// # Errors
/// TAKEN where somebody else was faster with the name.
pub async fn insert_service(tx: &Tx, row: &ServiceRow) -> Result<()> {
    let insert = service::Entity::insert(row.service.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await.map_err(taken)?;
    let insert = service_status::Entity::insert(row.status.clone().into_active_model());
    insert.exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Writes a service over.
///
/// # Errors
/// As [`insert_service`].
pub async fn update_service(tx: &Tx, service: &service::Model) -> Result<()> {
    let all = service.clone().into_active_model().reset_all();
    service::Entity::update(all).exec_without_returning(tx.db()).await.map_err(taken)?;
    Ok(())
}

fn taken(error: sea_orm::DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => name_taken(),
        _ => error.into(),
    }
}

/// Another service has the name.
pub fn name_taken() -> Error {
    Error::invalid(UserErrorCode::Taken, "name", "another service of this organization has this name")
}

/// Removes a service and its state. Its results go with time.
pub async fn delete_service(tx: &Tx, id: Uuid) -> Result<()> {
    service_status::Entity::delete_by_id(id).exec(tx.db()).await?;
    service::Entity::delete_by_id(id).exec(tx.db()).await?;
    Ok(())
}

/// Writes a state over.
pub async fn update_status(tx: &Tx, status: &service_status::Model) -> Result<()> {
    let all = status.clone().into_active_model().reset_all();
    service_status::Entity::update(all).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Writes a state over where it is still at the version `before`. Whether it was.
pub async fn note_status(door: Telemetry<'_>, before: i32, status: &service_status::Model) -> Result<bool> {
    use service_status::Column;
    let update: UpdateMany<service_status::Entity> = service_status::Entity::update_many()
        .set(status.clone().into_active_model().reset_all())
        .filter(Column::ServiceId.eq(status.service_id))
        .filter(Column::Version.eq(before));
    Ok(door.update_many(update).await? > 0)
}

/// Services of one state.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct StateCount {
    /// The state.
    pub state: ServiceState,
    /// All of them.
    pub total: i64,
    /// Those under maintenance.
    pub in_maintenance: i64,
}

/// Services by state, counted at `now`.
pub async fn count_by_state(db: &Conn, boundary: &Boundary, now: DateTime<Utc>) -> Result<Vec<StateCount>> {
    // COUNT takes no notice of NULL, which is what CASE has without an ELSE.
    let is_in_maintenance = Expr::case(Expr::col((service::Entity, Column::MaintenanceUntil)).gt(now), 1);
    let rows = services(boundary)
        .join(JoinType::InnerJoin, status_of_service())
        .select_only()
        .column(service_status::Column::State)
        .column_as(Column::Id.count(), "total")
        .expr_as(Func::count(is_in_maintenance), "in_maintenance")
        .group_by(service_status::Column::State)
        .into_model::<StateCount>()
        .all(db)
        .await?;
    Ok(rows)
}
