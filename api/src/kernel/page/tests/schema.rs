//! A small schema over the real tables of incidents, as a domain would write it.

use std::{collections::HashMap, sync::Arc};

use ::entity::{incident, incident_service, incident_timeline};
use async_graphql::{Context, Enum, Object};
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::kernel::{
    actor::{ADMIN_USER, Boundary},
    error::Result,
    id::Prefix,
    loader::{Load, Source},
    object::{self, Stored},
    page::{
        self, Args, Children, Connection, Cursor, DateTimeFilter, Direction, EnumFilter, Filter, IdFilter,
        Ids, IntFilter, Items, List, Order, Predicate, StringFilter, Word,
    },
    rows,
};

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "IncidentSeverity", remote = "::entity::incident::IncidentSeverity")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Word for Severity {
    type Stored = incident::IncidentSeverity;
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "IncidentImpact", remote = "::entity::incident::IncidentImpact")]
pub enum Impact {
    All,
    Many,
    Few,
}

impl Word for Impact {
    type Stored = incident::IncidentImpact;
}

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "::entity::incident_timeline::Visibility")]
pub enum Visibility {
    Internal,
    Public,
}

impl Word for Visibility {
    type Stored = incident_timeline::Visibility;
}

page::filter! {
    /// Which incidents.
    pub IncidentFilter {
        /// How bad it is.
        severity: EnumFilter<Severity> => incident::Column::Severity,
        /// How many are affected.
        impact: EnumFilter<Impact> => incident::Column::Impact,
        /// What it is called.
        title: StringFilter => incident::Column::Title,
        /// What is known.
        description: StringFilter => incident::Column::Description,
        /// Who works on it.
        assignee_id: IdFilter => Ids::typed(ADMIN_USER, "admin user", incident::Column::AssigneeId),
        /// The names of the services that it affects.
        affected_service: StringFilter => Items::new(
            incident_service::Column::ServiceName,
            incident_service::Column::IncidentId,
            incident::Column::Id,
        ),
        /// When it was mitigated.
        mitigated_at: DateTimeFilter => incident::Column::MitigatedAt,
        /// How often it was changed.
        version: IntFilter => incident::Column::Version,
    }
}

page::order! {
    /// How incidents are sorted.
    pub IncidentOrder by
    /// What incidents can be sorted by.
    IncidentOrderField {
        /// When it was opened.
        CreatedAt => incident::Column::CreatedAt,
        /// How bad it is.
        Severity => incident::Column::Severity,
        /// Its title.
        Title => incident::Column::Title,
    }
}

/// A row by its id.
pub struct ById<E>(std::marker::PhantomData<fn() -> E>);

impl Load for ById<incident::Entity> {
    type Key = Uuid;
    type Value = Arc<incident::Model>;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        rows::by_id(incident::Entity::find(), incident::Column::Id, ids, |row| row.id, from.db()).await
    }
}

impl Load for ById<incident_timeline::Entity> {
    type Key = Uuid;
    type Value = Arc<incident_timeline::Model>;

    async fn load(_: &Source, _: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>> {
        Ok(HashMap::new())
    }
}

pub struct Incident(Arc<incident::Model>);
pub struct IncidentTimelineEntry(Arc<incident_timeline::Model>);

impl Stored for Incident {
    type Row = incident::Model;
    type ById = ById<incident::Entity>;
    const PREFIX: Prefix = Prefix("inc");
    const NOUN: &'static str = "incident";
    const READ: &'static str = "incidents.read";

    fn of(row: Arc<incident::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &incident::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &incident::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

impl Stored for IncidentTimelineEntry {
    type Row = incident_timeline::Model;
    type ById = ById<incident_timeline::Entity>;
    const PREFIX: Prefix = Prefix("inct");
    const NOUN: &'static str = "timeline entry";
    const READ: &'static str = "incidents.read";

    fn of(row: Arc<incident_timeline::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &incident_timeline::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &incident_timeline::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

#[macros::object]
impl Incident {
    async fn id(&self) -> Uuid {
        self.0.id
    }

    async fn again(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Incident>> {
        Ok(object::by_id(ctx, self.0.id).await?)
    }

    async fn title(&self) -> &str {
        &self.0.title
    }

    async fn timeline(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        is_public: Option<bool>,
    ) -> async_graphql::Result<Connection<IncidentTimelineEntry>> {
        let children = Children {
            name: "incident.timeline",
            parent: incident_timeline::Column::IncidentId.into(),
            predicate: match is_public {
                Some(true) => Predicate::eq(incident_timeline::Column::Visibility, Visibility::Public),
                _ => Predicate::default(),
            },
            order: Order::desc(incident_timeline::Column::CreatedAt),
        };
        Ok(page::children(ctx, self.0.id, children, Args { first, after, last, before }).await?)
    }
}

#[macros::object]
impl IncidentTimelineEntry {
    async fn body(&self) -> &str {
        &self.0.body
    }
}

pub struct Query;

#[Object]
impl Query {
    #[expect(clippy::too_many_arguments, reason = "they are a connection's")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<IncidentFilter>,
        order_by: Option<IncidentOrder>,
        search: Option<String>,
    ) -> async_graphql::Result<Connection<Incident>> {
        let columns = [incident::Column::Number, incident::Column::Title, incident::Column::Description];
        let list = List {
            name: "incidents",
            rows: incident::Entity::find(),
            predicate: filter.predicate()?.and(page::search(search.as_deref(), columns)?),
            order: order_by.into(),
        };
        Ok(page::list(ctx, list, Args { first, after, last, before }).await?)
    }

    /// The worst first, and the oldest of them.
    async fn triage(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> async_graphql::Result<Connection<Incident>> {
        let list = List {
            name: "triage",
            rows: incident::Entity::find(),
            predicate: Predicate::default(),
            order: Order::desc(incident::Column::Severity).then(incident::Column::CreatedAt, Direction::Asc),
        };
        Ok(page::list(ctx, list, Args { first, after, last, before }).await?)
    }
}
