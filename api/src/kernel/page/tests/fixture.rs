//! A database of its own for each test, with kernel and schema.

use std::{path::PathBuf, sync::Arc};

use ::entity::{actor_kind::ActorKind, incident, incident_timeline};
use async_graphql::{EmptyMutation, EmptySubscription, Schema};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, IntoActiveModel, Statement};
use serde_json::Value as Json;
use uuid::Uuid;

use super::schema::Query;
use crate::{
    config::{Config, DatabaseUrl, Overrides, SqliteSynchronous},
    kernel::{
        Kernel, Parts,
        actor::{Actor, Boundary, Caller, Credential, Identity, PLATFORM},
        clock::Clock,
        db::Db,
        error::Error,
        permission::{Catalogue, Permission, PermissionSet},
        request::{Options, Origin, Request},
        rights::RightsData,
        secret::KeyRing,
    },
};

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
    _place: Place,
}

/// Where a database is. It is gone at the end, after a failure too.
enum Place {
    Directory(PathBuf),
    Database { server: String, name: String },
}

impl Drop for Place {
    fn drop(&mut self) {
        match self {
            Self::Directory(path) => {
                let _ = std::fs::remove_dir_all(path);
            }
            Self::Database { server, name } => {
                let (server, drop) = (server.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
                // The test's own runtime can't be waited for here.
                let dropping = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        Database::connect(server).await.unwrap().execute_unprepared(&drop).await.unwrap();
                    });
                });
                let _ = dropping.join();
            }
        }
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
        let directory = std::env::temp_dir().join(format!("opsgate-page-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&directory).unwrap();
        Self::open(DatabaseUrl::Sqlite(directory.join("test.db")), Place::Directory(directory)).await
    }

    async fn postgres(server: &str) -> Self {
        let name = format!("opsgate_page_{}", Uuid::new_v4().simple());
        let connection = Database::connect(server).await.unwrap();
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let mut url = reqwest::Url::parse(server).unwrap();
        url.set_path(&name);
        let place = Place::Database { server: server.to_owned(), name };
        Self::open(DatabaseUrl::Postgres(url.to_string().into()), place).await
    }

    async fn open(url: DatabaseUrl, place: Place) -> Self {
        let mut config = Config::assemble(None, [], &Overrides::default()).unwrap();
        config.database_url = url;
        config.sqlite_synchronous = SqliteSynchronous::Normal;
        let db = Db::open(&config).await.unwrap();
        migration::up(db.writer()).await.unwrap();
        let kernel = Kernel::open(Parts {
            db,
            clock: Clock::manual(start()),
            keys: KeyRing::generate(),
            catalogue: Catalogue::new([&READ], [], []),
            load_rights: |_, _| Box::pin(async { Ok(RightsData::default()) }),
            environment: "test".to_owned(),
            mailer: None,
        })
        .await
        .unwrap();
        Self { kernel, schema: Schema::new(Query, EmptyMutation, EmptySubscription), _place: place }
    }

    pub fn db(&self) -> &Db {
        self.kernel.db()
    }

    /// Runs a document as somebody who may read.
    pub async fn run(&self, document: &str) -> async_graphql::Response {
        self.run_with(document, self.kernel.catalogue().all()).await
    }

    pub async fn run_without_permission(&self, document: &str) -> async_graphql::Response {
        self.run_with(document, PermissionSet::default()).await
    }

    async fn run_with(&self, document: &str, permissions: PermissionSet) -> async_graphql::Response {
        let identity = Identity {
            actor: Actor::system("test"),
            impersonator: None,
            admin_user_id: None,
            token_id: None,
            name: "test".to_owned(),
            organization_id: PLATFORM,
            expires_at: None,
            trusted: None,
            networks: vec![],
            budget: None,
            credential: Credential::ApiToken([0; 32]),
        };
        let caller = Caller {
            identity: Some(identity),
            permissions,
            permissions_until: None,
            boundary: Boundary::All,
        };
        let request = Request::new(&self.kernel, caller, Origin::default(), Options::default());
        self.schema.execute(async_graphql::Request::new(document).data(Arc::new(request))).await
    }

    /// The data of a document that must not fail.
    pub async fn data(&self, document: &str) -> Json {
        let response = self.run(document).await;
        let sources: Vec<_> = response.errors.iter().map(|error| error.source::<Error>()).collect();
        assert!(response.errors.is_empty(), "{document}: {:?} {sources:?}", response.errors);
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
