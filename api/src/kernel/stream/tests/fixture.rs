//! A kernel on a database of its own, with one subscription over it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ::entity::{
    admin_user::AdminLevel,
    api_token,
    audit_log::{AuditCategory, AuditSeverity},
    list::StringList,
};
use async_graphql::{Context, Object, Schema, Subscription, Value};
use chrono::{DateTime, Utc};
use futures_util::{
    Stream, StreamExt,
    future::{BoxFuture, FutureExt},
    stream::BoxStream,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, Database, DbBackend, EntityTrait,
    IntoActiveModel, QueryFilter, Statement,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::JoinHandle};
use uuid::Uuid;

use crate::{
    config::{Config, Overrides},
    kernel::{
        Kernel, Parts,
        actor::{Actor, Boundary, Caller, Credential, Identity, PLATFORM},
        clock::Clock,
        db::{Conn, Db},
        denial,
        error::{Error, Result},
        event::{Entity, Event, EventType, LogEvent},
        guard::{Access, Requires, Root, RootField},
        id::Prefix,
        loader::{Load, Source},
        log::EventCursor,
        permission::{Catalogue, Permission},
        queue::Handlers,
        request::{Origin, Request, RequestExt},
        rights::{RightsData, Token},
        secret::SealingKey,
        stream::{Delivery, Ended, Session, Streams, follow},
        tx::Tx,
        workers::Workers,
    },
};

pub(crate) const CHANGED: EventType = EventType {
    name: "test.widget.changed",
    version: 1,
    description: "A widget changed.",
    category: AuditCategory::System,
    severity: AuditSeverity::Low,
    action: "WIDGET_CHANGE",
    permission: "widgets.read",
};
static CHANGED_TYPE: EventType = CHANGED;
const WIDGET: Prefix = Prefix("wid");

static PERMISSIONS: [Permission; 3] =
    [permission("widgets.read"), permission("widgets.touch"), permission("audit.read")];

const fn permission(key: &'static str) -> Permission {
    Permission { key, description: "For tests.", is_sensitive: false, level: AdminLevel::Support }
}

const FIELDS: [RootField; 1] = [RootField {
    name: "widgetChanged",
    root: Root::Subscription,
    access: Access::Permission { key: "widgets.read", step_up: false },
    emits: &[],
}];

/// The schema of the tests.
pub(crate) type TestSchema = Schema<Query, Mutation, Subscriptions>;

/// What the resolvers did, and what they wait for.
#[derive(Debug)]
pub(crate) struct Calls {
    /// Changes resolved.
    pub resolved: AtomicUsize,
    /// Faults of the moment that are still to happen.
    pub faults: AtomicUsize,
    /// `slow` and `touch` take one of these before they answer.
    pub gate: Semaphore,
}

pub(crate) struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &'static str {
        "world"
    }

    async fn slow(&self, ctx: &Context<'_>) -> &'static str {
        ctx.data_unchecked::<Arc<Calls>>().gate.acquire().await.unwrap().forget();
        "done"
    }

    #[graphql(guard = "Requires::permission(\"widgets.touch\", false)")]
    async fn guarded(&self) -> Option<&'static str> {
        Some("seen")
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    async fn touch(&self, ctx: &Context<'_>, number: i64) -> Result<i64> {
        ctx.data_unchecked::<Arc<Calls>>().gate.acquire().await.unwrap().forget();
        record(ctx.request().kernel(), [number], PLATFORM).await;
        Ok(number)
    }
}

pub(crate) struct Subscriptions;

#[Subscription]
impl Subscriptions {
    #[graphql(guard = "Requires::permission(\"widgets.read\", false)")]
    async fn widget_changed(
        &self,
        ctx: &Context<'_>,
        after: Option<EventCursor>,
        is_even: Option<bool>,
    ) -> Result<impl Stream<Item = WidgetChange>> {
        follow(ctx, after, move |event| {
            let is_shown = event.row.event_type == CHANGED.name
                && is_even.is_none_or(|is_even| (number(event) % 2 == 0) == is_even);
            is_shown.then(|| WidgetChange(event.clone()))
        })
    }
}

fn number(event: &LogEvent) -> i64 {
    event.row.payload["number"].as_i64().unwrap()
}

pub(crate) struct WidgetChange(Arc<LogEvent>);

#[Object]
impl WidgetChange {
    async fn cursor(&self, ctx: &Context<'_>) -> EventCursor {
        EventCursor::new(ctx.request().kernel().log_id(), self.0.position)
    }

    async fn number(&self, ctx: &Context<'_>) -> Result<i64> {
        let calls = ctx.data_unchecked::<Arc<Calls>>();
        calls.resolved.fetch_add(1, Ordering::Relaxed);
        let is_faulty = calls.faults.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        match is_faulty {
            Ok(_) => Err(Error::unavailable("for a moment")),
            Err(_) => Ok(number(&self.0)),
        }
    }

    /// Takes a statement, through a loader.
    async fn stored(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        ctx.request().loaders().one::<ByNumber>(number(&self.0)).await
    }

    /// Needs a permission on its own.
    async fn secret(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        ctx.request().caller().require("widgets.touch")?;
        Ok(Some(number(&self.0)))
    }

    async fn padding(&self, kib: usize) -> String {
        "x".repeat(kib * 1024)
    }

    async fn panics(&self) -> i64 {
        assert!(self.0.position < 0, "as it was asked to");
        0
    }
}

struct ByNumber;

/// Statements of [`ByNumber`]; for one test alone, since all of the process share it.
pub(crate) static LOADS: AtomicUsize = AtomicUsize::new(0);

impl Load for ByNumber {
    type Key = i64;
    type Value = i64;

    async fn load(from: &Source, keys: &[i64]) -> Result<HashMap<i64, i64>> {
        LOADS.fetch_add(1, Ordering::Relaxed);
        let statement = Statement::from_string(from.db().get_database_backend(), "SELECT 1 AS one");
        assert!(from.db().query_one_raw(statement).await?.is_some());
        Ok(keys.iter().map(|key| (*key, *key)).collect())
    }
}

/// Records that widgets changed, in one transaction.
pub(crate) async fn record(kernel: &Kernel, numbers: impl IntoIterator<Item = i64>, organization: Uuid) {
    let mut tx = Tx::system(kernel, "widgets").await.unwrap();
    let events: Vec<Event> = numbers
        .into_iter()
        .map(|number| {
            let entity = Entity::new("Widget", WIDGET, tx.new_id(), 1, organization);
            Event::new(&CHANGED_TYPE, entity).data(json!({ "number": number }))
        })
        .collect();
    tx.record_many(events);
    tx.commit().await.unwrap();
}

/// A kernel, its subscriptions, and the database that goes with it.
pub(crate) struct Fixture {
    pub kernel: Kernel,
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
        let directory = tempfile::tempdir().unwrap();
        let mut settings = vec![
            ("OPSGATE_DATA_DIR".to_owned(), directory.path().to_str().unwrap().to_owned()),
            ("OPSGATE_SQLITE_SYNCHRONOUS".to_owned(), "NORMAL".to_owned()),
            ("OPSGATE_DATABASE_MAX_CONNECTIONS".to_owned(), "4".to_owned()),
        ];
        if let Ok(server) = std::env::var("OPSGATE_TEST_POSTGRES_URL") {
            settings.push(("OPSGATE_DATABASE_URL".to_owned(), create_database(&server).await));
        }
        let config = Config::assemble(None, settings, &Overrides::default()).unwrap();
        let db = Db::open(&config).await.unwrap();
        migration::up(db.writer()).await.unwrap();
        let catalogue = Catalogue::new(&PERMISSIONS, FIELDS, [&CHANGED_TYPE, &denial::DENIED]);
        let kernel = Kernel::open(Parts {
            db,
            clock,
            sealing_key: SealingKey::generate(),
            catalogue,
            load_rights,
            environment: "test".to_owned(),
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
        let schema = Schema::build(Query, Mutation, Subscriptions)
            .data(calls.clone())
            .extension(crate::kernel::nulls::SpecNulls)
            .finish();
        let streams = Streams::new(kernel.clone(), schema.clone());
        Self { kernel, streams, schema, calls, _directory: directory }
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
        let head = async || {
            let conn = Conn::Pool(self.kernel.db().reader().clone());
            crate::kernel::log::head(&conn).await.unwrap().position
        };
        let mut published = self.kernel.hub().watch();
        // On PostgreSQL the positions are given after the commit.
        tokio::time::sleep(Duration::from_millis(if self.kernel.db().is_postgres() { 300 } else { 0 })).await;
        let head = head().await;
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
            admin_user_id: None,
            scopes: StringList(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
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
        let is_known = |snapshot: &Arc<crate::kernel::rights::Snapshot>| {
            snapshot.resolve(&credential, now, self.kernel.catalogue()).is_ok()
        };
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
            admin_user_id: None,
            token_id: None,
            name: "test".to_owned(),
            organization_id: PLATFORM,
            expires_at: None,
            credential: Credential::ApiToken([0; 32]),
        };
        let permissions = self.kernel.catalogue().of_scopes(&["widgets.read".to_owned()]);
        Session::new(&self.kernel, Caller { identity: Some(identity), permissions, boundary })
    }

    /// A session of the token `text`, kept up to date until it ends.
    pub fn session(&self, text: &str) -> (Session, JoinHandle<Ended>) {
        let session = Session::new(&self.kernel, self.caller(text).unwrap());
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
        Deliveries(self.streams.subscribe(session, origin, request).boxed())
    }

    /// Executes a query or mutation.
    pub async fn execute(&self, caller: Caller, request: async_graphql::Request) -> async_graphql::Response {
        let context = Request::new(&self.kernel, caller, Origin::default(), Default::default());
        let mut response = self.schema.execute(request.data(Arc::new(context))).await;
        for error in &mut response.errors {
            Error::complete(error, "GRAPHQL_VALIDATION_FAILED", "r1");
        }
        response
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

/// What a member was told, read with patience.
pub(crate) struct Deliveries(BoxStream<'static, Delivery>);

impl Deliveries {
    /// The next delivery.
    pub async fn any(&mut self) -> Delivery {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
        next.expect("a delivery in time").expect("a delivery before the end")
    }

    /// The data of the next payload's root field, and the cursor beside it.
    pub async fn next(&mut self) -> (EventCursor, serde_json::Value) {
        match self.any().await {
            Delivery::Next { cursor, payload } => {
                let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
                assert_eq!(payload.get("errors"), None, "{payload}");
                (cursor, payload["data"]["widgetChanged"].clone())
            }
            other => panic!("a payload was expected, not {other:?}"),
        }
    }

    /// The `number`s of the next payloads.
    pub async fn numbers(&mut self, count: usize) -> Vec<i64> {
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            numbers.push(self.next().await.1["number"].as_i64().unwrap());
        }
        numbers
    }

    /// The code of the error that ends it.
    pub async fn refusal(&mut self) -> async_graphql::ServerError {
        match self.any().await {
            Delivery::Error(mut errors) => errors.remove(0),
            other => panic!("an error was expected, not {other:?}"),
        }
    }

    /// Gives it every chance to begin, and nothing to say.
    pub async fn settle(&mut self) {
        let early = tokio::time::timeout(Duration::from_millis(100), self.0.next()).await;
        assert!(early.is_err(), "nothing was expected yet, not {early:?}");
    }

    /// The same for one of many.
    pub async fn settle_quickly(&mut self) {
        for _ in 0..8 {
            assert!(self.0.next().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    }

    /// Goes on in a task.
    pub fn collect(mut self, count: usize) -> JoinHandle<Vec<i64>> {
        tokio::spawn(async move { self.numbers(count).await })
    }
}

/// `extensions.code`.
pub(crate) fn code(error: &async_graphql::ServerError) -> String {
    extension(error, "code")
}

pub(crate) fn extension(error: &async_graphql::ServerError, name: &str) -> String {
    match error.extensions.as_ref().and_then(|extensions| extensions.get(name)) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("{name}: {other:?} in {error:?}"),
    }
}

pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn load_rights(db: &Conn) -> BoxFuture<'_, Result<RightsData>> {
    async {
        let rows = api_token::Entity::find().filter(api_token::Column::RevokedAt.is_null()).all(db).await?;
        let tokens = rows.into_iter().map(|row| Token {
            id: row.id,
            name: row.name,
            hash: row.token_hash.try_into().unwrap(),
            admin_user_id: None,
            scopes: row.scopes.0,
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
