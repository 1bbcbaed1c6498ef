//! A small schema over the real tables of incidents, and a database of its own for each test.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use ::entity::{actor_kind::ActorKind, incident, incident_service, incident_timeline};
use async_graphql::{Context, EmptyMutation, EmptySubscription, Enum, Object, Schema};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, Database, EntityTrait, IntoActiveModel, QueryFilter,
    Select, Statement,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    config::{Config, DatabaseUrl, Overrides},
    kernel::{
        Kernel, Parts,
        actor::{Actor, Boundary, Caller, Credential, Identity, PLATFORM},
        clock::Clock,
        db::Db,
        error::Result,
        id::Prefix,
        loader::{Load, Source},
        object::Stored,
        page::{
            self, Args, Children, Connection, Cursor, DateTimeFilter, Direction, EnumFilter, Filter,
            IdFilter, Ids, IntFilter, Items, List, Order, Predicate, StringFilter, Word,
        },
        permission::{Catalogue, Permission},
        request::{Options, Origin, Request},
        rights::RightsData,
        secret::SealingKey,
    },
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
        assignee_id: IdFilter => Ids::typed(Prefix("adm"), "admin user", incident::Column::AssigneeId),
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
    type Value = incident::Model;

    async fn load(from: &Source, ids: &[Uuid]) -> Result<HashMap<Uuid, incident::Model>> {
        let found =
            incident::Entity::find().filter(incident::Column::Id.is_in(ids.to_vec())).all(from.db()).await?;
        Ok(found.into_iter().map(|row| (row.id, row)).collect())
    }
}

impl Load for ById<incident_timeline::Entity> {
    type Key = Uuid;
    type Value = incident_timeline::Model;

    async fn load(_: &Source, _: &[Uuid]) -> Result<HashMap<Uuid, incident_timeline::Model>> {
        Ok(HashMap::new())
    }
}

pub struct Incident(incident::Model);
pub struct IncidentTimelineEntry(incident_timeline::Model);

impl Stored for Incident {
    type Row = incident::Model;
    type ById = ById<incident::Entity>;
    const PREFIX: Prefix = Prefix("inc");
    const NOUN: &'static str = "incident";
    const READ: &'static str = "incidents.read";

    fn of(row: incident::Model) -> Self {
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

    fn of(row: incident_timeline::Model) -> Self {
        Self(row)
    }

    fn id_of(row: &incident_timeline::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &incident_timeline::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

#[Object]
impl Incident {
    async fn title(&self) -> &str {
        &self.0.title
    }

    #[expect(clippy::too_many_arguments, reason = "they are a connection's")]
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

#[Object]
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

static READ: Permission = Permission {
    key: "incidents.read",
    description: "Read incidents.",
    is_sensitive: false,
    level: ::entity::admin_user::AdminLevel::Support,
};

pub type TestSchema = Schema<Query, EmptyMutation, EmptySubscription>;

/// A database with its kernel and schema.
pub struct Bench {
    pub kernel: Kernel,
    pub schema: TestSchema,
    _directory: Directory,
}

/// Removed at the end.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Bench {
    /// One of each database that there is.
    pub async fn all() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        if let Ok(url) = std::env::var("OPSGATE_TEST_POSTGRES_URL") {
            all.push(Self::postgres(&url).await);
        }
        all
    }

    pub async fn sqlite() -> Self {
        let directory = Directory(std::env::temp_dir().join(format!("opsgate-page-{}", Uuid::new_v4())));
        std::fs::create_dir_all(&directory.0).unwrap();
        let url = DatabaseUrl::Sqlite(directory.0.join("test.db"));
        Self::open(url, directory).await
    }

    async fn postgres(url: &str) -> Self {
        let name = format!("opsgate_page_{}", Uuid::new_v4().simple());
        Database::connect(url)
            .await
            .unwrap()
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let (server, _) = url.rsplit_once('/').unwrap();
        Self::open(DatabaseUrl::Postgres(format!("{server}/{name}").into()), Directory(PathBuf::new())).await
    }

    async fn open(url: DatabaseUrl, directory: Directory) -> Self {
        let mut config = Config::assemble(None, [], &Overrides::default()).unwrap();
        config.database_url = url;
        let db = Db::open(&config).await.unwrap();
        migration::up(db.writer()).await.unwrap();
        let kernel = Kernel::open(Parts {
            db,
            clock: Clock::manual(start()),
            sealing_key: SealingKey::generate(),
            catalogue: Catalogue::new([&READ], [], []),
            load_rights: |_| Box::pin(async { Ok(RightsData::default()) }),
            environment: "test".to_owned(),
        })
        .await
        .unwrap();
        Self { kernel, schema: Schema::new(Query, EmptyMutation, EmptySubscription), _directory: directory }
    }

    pub fn db(&self) -> &Db {
        self.kernel.db()
    }

    /// Runs a document as somebody who may read.
    pub async fn run(&self, document: &str) -> async_graphql::Response {
        let permissions = Catalogue::new([&READ], [], []).all();
        let identity = Identity {
            actor: Actor::system("test"),
            admin_user_id: None,
            token_id: None,
            name: "test".to_owned(),
            organization_id: PLATFORM,
            expires_at: None,
            credential: Credential::ApiToken([0; 32]),
        };
        let caller = Caller { identity: Some(identity), permissions, boundary: Boundary::All };
        let request = Request::new(&self.kernel, caller, Origin::default(), Options::default());
        self.schema.execute(async_graphql::Request::new(document).data(Arc::new(request))).await
    }

    /// The data of a document that must not fail.
    pub async fn data(&self, document: &str) -> Json {
        let response = self.run(document).await;
        assert!(response.errors.is_empty(), "{document}: {:?}", response.errors);
        response.data.into_json().unwrap()
    }

    /// The message of a document that must fail.
    pub async fn refusal(&self, document: &str) -> String {
        let response = self.run(document).await;
        assert_eq!(response.errors.len(), 1, "{document}: {:?}", response.errors);
        response.errors[0].message.clone()
    }

    /// The data, and how many statements it took.
    pub async fn counted(&self, document: &str) -> (Json, u64) {
        let before = self.db().statements();
        let data = self.data(document).await;
        (data, self.db().statements() - before)
    }

    pub async fn insert(&self, row: incident::Model) {
        row.into_active_model().insert(self.db().writer()).await.unwrap();
    }

    pub async fn insert_entry(&self, incident_id: Uuid, n: i64, visibility: incident_timeline::Visibility) {
        let row = incident_timeline::Model {
            id: Uuid::now_v7(),
            incident_id,
            organization_id: PLATFORM,
            kind: incident_timeline::TimelineKind::Note,
            actor_kind: ActorKind::System,
            actor_id: "test".to_owned(),
            visibility,
            body: format!("entry {n}"),
            data: None,
            created_at: start() + TimeDelta::seconds(n),
        };
        row.into_active_model().insert(self.db().writer()).await.unwrap();
    }

    /// The plan of a statement, as SQLite tells it.
    pub async fn plan(&self, statement: Statement) -> String {
        let explain = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement };
        let rows = self.db().reader().query_all_raw(explain).await.unwrap();
        rows.iter().map(|row| row.try_get::<String>("", "detail").unwrap()).collect::<Vec<_>>().join("\n")
    }

    /// The ids that a query finds, sorted.
    pub async fn ids(&self, select: Select<incident::Entity>) -> Vec<Uuid> {
        let mut ids: Vec<Uuid> =
            select.all(self.db().reader()).await.unwrap().iter().map(|row| row.id).collect();
        ids.sort();
        ids
    }
}

pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_000).unwrap()
}

/// The `n`th incident: an hour after the one before.
pub fn incident(n: u32) -> incident::Model {
    let at = start() + TimeDelta::hours(n.into());
    incident::Model {
        id: Uuid::from_u128(u128::from(n) + 1),
        number: format!("INC-2026-{n:06}"),
        organization_id: PLATFORM,
        title: format!("incident {n}"),
        description: None,
        severity: incident::IncidentSeverity::Low,
        impact: None,
        urgency: None,
        status: incident::IncidentStatus::Open,
        reporter_kind: ActorKind::System,
        reporter_id: "test".to_owned(),
        assignee_id: None,
        commander_id: None,
        root_cause: None,
        resolution: None,
        merged_into_id: None,
        reopened_from_id: None,
        detected_at: None,
        acknowledged_at: None,
        mitigated_at: None,
        resolved_at: None,
        closed_at: None,
        created_at: at,
        updated_at: at,
        version: 1,
    }
}
