//! A kernel on a database of its own, with subscriptions to widgets.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ::entity::{api_token, list::StringList, outbox};
use async_graphql::Schema;
use chrono::{DateTime, Utc};
use futures_util::{
    StreamExt,
    future::{BoxFuture, FutureExt},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, Database, DbBackend, EntityTrait,
    IntoActiveModel, QueryFilter,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::JoinHandle};
use uuid::Uuid;

use super::{
    deliveries::Deliveries,
    schema::{CHANGED, Calls, FIELDS, Mutation, PERMISSIONS, Query, Subscriptions, TestSchema, record},
};
use crate::{
    config::{Config, Overrides},
    kernel::{
        Kernel, Parts,
        actor::{Actor, Boundary, Caller, Credential, Identity, PLATFORM},
        clock::Clock,
        db::{Conn, Db},
        denial,
        error::Result,
        event::{Entity, Event},
        id::Prefix,
        log,
        nulls::SpecNulls,
        permission::Catalogue,
        queue::Handlers,
        request::Origin,
        rights::{RightsData, Snapshot, Token},
        secret::KeyRing,
        stream::{Ended, Session, Streams},
        throttle::{Allowance, Throttle},
        tx::Tx,
        workers::Workers,
    },
};

/// A kernel, its subscriptions, and the database that goes with it.
pub(crate) struct Fixture {
    pub kernel: Kernel,
    pub throttle: Throttle,
    pub streams: Streams,
    pub schema: TestSchema,
    pub calls: Arc<Calls>,
    _directory: TempDir,
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with_clock(Clock::system()).await
    }

    pub async fn with_clock(clock: Clock) -> Self {
        let plenty = Allowance { bucket: 1_000_000, per_second: 1_000_000, subscriptions: 1_000_000 };
        Self::with_allowance(clock, plenty).await
    }

    pub async fn with_allowance(clock: Clock, allowance: Allowance) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = vec![
            ("OPSGATE_DATA_DIR".to_owned(), directory.path().to_str().unwrap().to_owned()),
            ("OPSGATE_SQLITE_SYNCHRONOUS".to_owned(), "NORMAL".to_owned()),
            ("OPSGATE_DATABASE_WRITERS".to_owned(), "4".to_owned()),
        ];
        if let Ok(server) = std::env::var("OPSGATE_TEST_POSTGRES_URL") {
            settings.push(("OPSGATE_DATABASE_URL".to_owned(), create_database(&server).await));
        }
        let config = Config::assemble(None, settings, &Overrides::default()).unwrap();
        let db = Db::open(&config).await.unwrap();
        migration::up(db.writer()).await.unwrap();
        let catalogue = Catalogue::new(&PERMISSIONS, FIELDS, [&CHANGED, &denial::DENIED]);
        let kernel = Kernel::open(Parts {
            db,
            clock,
            keys: KeyRing::generate(),
            catalogue,
            load_rights,
            environment: "test".to_owned(),
            mailer: None,
        })
        .await
        .unwrap();
        let workers =
            Workers { handlers: Handlers::new(), schedules: Vec::new(), reactors: Vec::new(), slots: 1 };
        kernel.start(workers).await.unwrap();
        let calls = Arc::new(Calls {
            resolved: 0.into(),
            faults: 0.into(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        });
        let schema =
            Schema::build(Query, Mutation, Subscriptions).data(calls.clone()).extension(SpecNulls).finish();
        let throttle = Throttle::new(kernel.clock().clone(), allowance);
        let streams = Streams::new(kernel.clone(), schema.clone(), throttle.clone());
        Self { kernel, throttle, streams, schema, calls, _directory: directory }
    }

    /// Records changes of the platform's own widgets, and waits until they were published.
    pub async fn record(&self, numbers: impl IntoIterator<Item = i64>) {
        self.record_of(PLATFORM, numbers).await;
    }

    /// The same of an organization's.
    pub async fn record_of(&self, organization: Uuid, numbers: impl IntoIterator<Item = i64>) {
        let numbers: Vec<i64> = numbers.into_iter().collect();
        for batch in numbers.chunks(250) {
            record(&self.kernel, batch.iter().copied(), organization).await;
        }
        // On PostgreSQL positions are given after the commit, to what waits in the outbox.
        let conn = self.kernel.db().readers();
        while outbox::Entity::find().one(&conn).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let head = log::head(&conn).await.unwrap().position;
        let mut published = self.kernel.hub().watch();
        published.wait_for(|position| *position >= head).await.unwrap();
    }

    /// Makes an API token, known to this process at once, and answers its text.
    pub async fn token(
        &self,
        organization: Uuid,
        scopes: &[&str],
        expires_at: Option<DateTime<Utc>>,
    ) -> String {
        let text = Uuid::new_v4().to_string();
        let now = self.kernel.clock().now();
        let mut tx = Tx::system(&self.kernel, "tokens").await.unwrap();
        api_token::Model {
            id: tx.new_id(),
            name: "test".to_owned(),
            hint: "test".to_owned(),
            token_hash: hash(&text).to_vec(),
            previous_hash: None,
            previous_until: None,
            admin_user_id: None,
            scopes: StringList(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
            documents: None,
            networks: None,
            cost_bucket: None,
            cost_per_second: None,
            organization_id: organization,
            created_by: None,
            expires_at,
            revoked_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
        .into_active_model()
        .insert(tx.db())
        .await
        .unwrap();
        self.commit_rights(&mut tx).await;
        let mut snapshots = self.kernel.rights().watch();
        tx.commit().await.unwrap();
        let credential = Credential::ApiToken(hash(&text));
        let is_known =
            |snapshot: &Arc<Snapshot>| snapshot.resolve(&credential, now, self.kernel.catalogue()).is_ok();
        snapshots.wait_for(is_known).await.unwrap();
        text
    }

    /// Changes a token's scopes; without any it is revoked.
    pub async fn change_token(&self, text: &str, scopes: Option<&[&str]>) {
        let mut tx = Tx::system(&self.kernel, "tokens").await.unwrap();
        let found = api_token::Entity::find()
            .filter(api_token::Column::TokenHash.eq(hash(text).to_vec()))
            .one(tx.db())
            .await
            .unwrap()
            .unwrap();
        let mut row = found.into_active_model();
        match scopes {
            Some(scopes) => {
                row.scopes = Set(StringList(scopes.iter().map(|scope| (*scope).to_owned()).collect()))
            }
            None => row.revoked_at = Set(Some(tx.now())),
        }
        row.update(tx.db()).await.unwrap();
        self.commit_rights(&mut tx).await;
        tx.commit().await.unwrap();
    }

    async fn commit_rights(&self, tx: &mut Tx) {
        tx.rights_changed().await.unwrap();
        let entity = Entity::new("ApiToken", Prefix("tok"), tx.new_id(), 1, PLATFORM);
        tx.record(Event::new(&denial::DENIED, entity));
    }

    /// Who shows the token `text`.
    pub fn caller(&self, text: &str) -> Result<Caller> {
        let now = self.kernel.clock().now();
        self.kernel.rights().current()?.resolve(
            &Credential::ApiToken(hash(text)),
            now,
            self.kernel.catalogue(),
        )
    }

    /// A session of somebody who may see every widget, and whom no credential bounds.
    pub fn somebody(&self) -> Session {
        self.member_of(Boundary::All)
    }

    /// The same within `boundary`.
    pub fn member_of(&self, boundary: Boundary) -> Session {
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
        let permissions = self.kernel.catalogue().of_scopes(&["widgets.read".to_owned()]);
        Session::new(
            &self.kernel,
            Caller { identity: Some(identity), permissions, permissions_until: None, boundary },
            None,
        )
    }

    /// A session of the token `text`, kept up to date until it ends.
    pub fn session(&self, text: &str) -> (Session, JoinHandle<Ended>) {
        let session = Session::new(&self.kernel, self.caller(text).unwrap(), None);
        let ended = tokio::spawn(session.clone().ended());
        (session, ended)
    }

    /// Subscribes.
    pub fn subscribe(&self, session: &Session, query: &str) -> Deliveries {
        self.subscribe_with(session, query, json!({}))
    }

    /// Subscribes with variables.
    pub fn subscribe_with(&self, session: &Session, query: &str, variables: serde_json::Value) -> Deliveries {
        let request =
            async_graphql::Request::new(query).variables(async_graphql::Variables::from_json(variables));
        let origin = Origin { request_id: "r1".to_owned(), ..Origin::default() };
        Deliveries(self.streams.subscribe(session, origin, request, self.streams.here(), 1).boxed())
    }

    pub fn resolved(&self) -> usize {
        self.calls.resolved.load(Ordering::Relaxed)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.kernel.shutdown().cancel();
    }
}

pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn load_rights(db: &Conn, _: DateTime<Utc>) -> BoxFuture<'_, Result<RightsData>> {
    async {
        let rows = api_token::Entity::find().filter(api_token::Column::RevokedAt.is_null()).all(db).await?;
        let tokens = rows.into_iter().map(|row| Token {
            id: row.id,
            name: row.name,
            hash: row.token_hash.try_into().unwrap(),
            previous: None,
            admin_user_id: None,
            scopes: row.scopes.0,
            trusted: None,
            networks: None,
            budget: None,
            organization_id: row.organization_id,
            expires_at: row.expires_at,
        });
        Ok(RightsData { tokens: tokens.collect(), ..RightsData::default() })
    }
    .boxed()
}

/// A database of its own on the server at `url`.
async fn create_database(url: &str) -> String {
    let name = format!("opsgate_stream_{}", Uuid::new_v4().simple());
    let server = Database::connect(url).await.unwrap();
    assert_eq!(server.get_database_backend(), DbBackend::Postgres);
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    server.close().await.unwrap();
    let (address, _) = url.rsplit_once('/').unwrap();
    format!("{address}/{name}")
}
