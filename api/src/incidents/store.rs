//! Every query of incidents.

use std::{collections::HashMap, sync::Arc};

use ::entity::{
    admin_user,
    incident::{self, IncidentSeverity, IncidentStatus},
    incident_participant, incident_service, incident_timeline, service,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef, Select,
    sea_query::{InsertStatement, OnConflict},
};
use uuid::Uuid;

use crate::kernel::{
    actor::{Boundary, PLATFORM},
    db::Conn,
    error::Result,
    page::Predicate,
    rows,
    tx::Tx,
};

/// An incident with the services that it affects: what a change is made from.
#[derive(Clone, Debug)]
pub struct IncidentRow {
    /// The incident.
    pub incident: incident::Model,
    /// What it affects, in its order.
    pub services: Vec<incident_service::Model>,
}

/// The incidents within `boundary`.
pub(super) fn incidents(boundary: &Boundary) -> Select<incident::Entity> {
    let select = incident::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => {
            select.filter(incident::Column::OrganizationId.is_in(ids.iter().copied()))
        }
    }
}

/// Incidents by id.
pub(super) async fn incidents_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<incident::Model>>> {
    rows::by_id(incidents(&Boundary::All), incident::Column::Id, ids, |row| row.id, db).await
}

/// The incident of a number, within `boundary`.
pub(super) async fn incident_by_number(
    db: &Conn,
    boundary: &Boundary,
    number: &str,
) -> Result<Option<incident::Model>> {
    Ok(incidents(boundary).filter(incident::Column::Number.eq(number)).one(db).await?)
}

/// What incidents affect, by their ids.
pub(super) async fn services_of(
    db: &impl ConnectionTrait,
    incidents: &[Uuid],
) -> Result<HashMap<Uuid, Vec<incident_service::Model>>> {
    let rows = incident_service::Entity::find()
        .filter(rows::among(incident_service::Column::IncidentId, incidents, db))
        .order_by_asc(incident_service::Column::IncidentId)
        .order_by_asc(incident_service::Column::Ordinal)
        .all(db)
        .await?;
    let mut by_incident: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        by_incident.entry(row.incident_id).or_default().push(row);
    }
    Ok(by_incident)
}

/// Who took part in incidents, by their ids, first come first.
pub(super) async fn participants_of(
    db: &Conn,
    incidents: &[Uuid],
) -> Result<HashMap<Uuid, Vec<incident_participant::Model>>> {
    let rows = incident_participant::Entity::find()
        .filter(rows::among(incident_participant::Column::IncidentId, incidents, db))
        .order_by_asc(incident_participant::Column::JoinedAt)
        .order_by_asc(incident_participant::Column::ActorId)
        .all(db)
        .await?;
    let mut by_incident: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        by_incident.entry(row.incident_id).or_default().push(row);
    }
    Ok(by_incident)
}

/// The incident `id`, held until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<IncidentRow>> {
    tx.write_deferred().await?;
    let row =
        incidents(tx.boundary()).filter(incident::Column::Id.eq(id)).lock_exclusive().one(tx.db()).await?;
    let Some(incident) = row else { return Ok(None) };
    let services = services_of(tx.db(), &[id]).await?.remove(&id).unwrap_or_default();
    Ok(Some(IncidentRow { incident, services }))
}

/// The newest incident that affects the service `service_id` and is being worked on.
pub(super) async fn open_incident_of(tx: &mut Tx, service_id: Uuid) -> Result<Option<Uuid>> {
    tx.write_deferred().await?;
    let found = incidents(tx.boundary())
        .join(JoinType::InnerJoin, service_of_incident())
        .filter(incident_service::Column::ServiceId.eq(service_id))
        .filter(incident::Column::Status.is_not_in([IncidentStatus::Resolved, IncidentStatus::Closed]))
        .order_by_desc(incident::Column::Id)
        .one(tx.db())
        .await?;
    Ok(found.map(|row| row.id))
}

fn service_of_incident() -> RelationDef {
    incident::Entity::belongs_to(incident_service::Entity)
        .from(incident::Column::Id)
        .to(incident_service::Column::IncidentId)
        .into()
}

/// The watched services of these names, by name, where the caller may refer to them.
pub(super) async fn services_by_name(
    tx: &Tx,
    organization: Uuid,
    names: &[String],
) -> Result<HashMap<String, Uuid>> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = service::Entity::find()
        .filter(service::Column::OrganizationId.eq(organization))
        .filter(service::Column::Name.is_in(names))
        .all(tx.db())
        .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.id)).collect())
}

/// Whether there is an active admin user `id`. They are the platform's own: a caller with a boundary has none.
pub(super) async fn has_admin(tx: &Tx, id: Uuid) -> Result<bool> {
    if !tx.boundary().contains(PLATFORM) {
        return Ok(false);
    }
    let found =
        admin_user::Entity::find_by_id(id).filter(admin_user::Column::IsActive.eq(true)).count(tx.db());
    Ok(found.await? > 0)
}

/// Adds an incident with what it affects. In the database with the commit, or when one is [locked](lock).
pub(super) fn insert(tx: &mut Tx, row: &IncidentRow) {
    tx.defer(incident::Entity::insert(row.incident.clone().into_active_model()).into_query());
    if let Some(services) = services_insert(&row.services) {
        tx.defer(services);
    }
}

/// Writes over an incident that is [locked](lock). In the database when the next one is, or with the commit.
pub(super) fn update(tx: &mut Tx, incident: &incident::Model) -> Result<()> {
    let all = incident.clone().into_active_model().reset_all();
    tx.defer(incident::Entity::update(all).validate()?.into_query());
    Ok(())
}

/// Writes over what an incident affects.
pub(super) async fn replace_services(
    tx: &mut Tx,
    incident: Uuid,
    services: &[incident_service::Model],
) -> Result<()> {
    incident_service::Entity::delete_many()
        .filter(incident_service::Column::IncidentId.eq(incident))
        .exec(tx.db())
        .await?;
    if let Some(services) = services_insert(services) {
        tx.defer(services);
    }
    Ok(())
}

fn services_insert(services: &[incident_service::Model]) -> Option<InsertStatement> {
    let rows = services.iter().cloned().map(IntoActiveModel::into_active_model);
    (!services.is_empty()).then(|| incident_service::Entity::insert_many(rows).into_query())
}

/// Adds an entry to a timeline, and its actor to those who take part; once is enough. In the database with the commit.
pub(super) fn insert_entry(tx: &mut Tx, entry: incident_timeline::Model) {
    let participant = incident_participant::Model {
        incident_id: entry.incident_id,
        actor_kind: entry.actor_kind,
        actor_id: entry.actor_id.clone(),
        joined_at: entry.created_at,
    };
    let key = [
        incident_participant::Column::IncidentId,
        incident_participant::Column::ActorKind,
        incident_participant::Column::ActorId,
    ];
    tx.defer(incident_timeline::Entity::insert(entry.into_active_model()).into_query());
    let mut insert = incident_participant::Entity::insert(participant.into_active_model()).into_query();
    insert.on_conflict(OnConflict::columns(key).do_nothing().to_owned());
    tx.defer(insert);
}

/// Entries of timelines by id.
pub(super) async fn entries_by_id(
    db: &Conn,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Arc<incident_timeline::Model>>> {
    rows::by_id(incident_timeline::Entity::find(), incident_timeline::Column::Id, ids, |row| row.id, db).await
}

/// What statistics look at of an incident.
#[derive(Debug)]
pub struct StatsRow {
    /// How bad it is.
    pub severity: IncidentSeverity,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When somebody first was on it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// The names of what it affects.
    pub services: Vec<String>,
}

/// The incidents that were opened in `[from, to)` and pass `predicate`, at most `limit`, in two statements.
pub(super) async fn stats(
    db: &Conn,
    boundary: &Boundary,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    predicate: Predicate,
    limit: u64,
) -> Result<Vec<StatsRow>> {
    let mut select = incidents(boundary)
        .filter(incident::Column::CreatedAt.gte(from))
        .filter(incident::Column::CreatedAt.lt(to))
        .limit(limit);
    QueryTrait::query(&mut select).and_where(predicate.condition(db.get_database_backend()));
    let mut ids = select.clone().into_query();
    ids.clear_selects().column((incident::Entity, incident::Column::Id));
    let rows = select.all(db).await?;
    let affected = incident_service::Entity::find()
        .filter(incident_service::Column::IncidentId.in_subquery(ids))
        .all(db)
        .await?;
    let mut names: HashMap<Uuid, Vec<String>> = HashMap::new();
    for service in affected {
        names.entry(service.incident_id).or_default().push(service.service_name);
    }
    Ok(rows
        .into_iter()
        .map(|row| StatsRow {
            severity: row.severity,
            created_at: row.created_at,
            acknowledged_at: row.acknowledged_at,
            resolved_at: row.resolved_at,
            services: names.remove(&row.id).unwrap_or_default(),
        })
        .collect())
}
