//! The schema of the tests: widgets, which change.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use ::entity::{
    admin_user::AdminLevel,
    audit_log::{AuditCategory, AuditSeverity},
};
use async_graphql::{Context, Object, Schema, Subscription};
use futures_util::Stream;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::kernel::{
    Kernel,
    actor::PLATFORM,
    error::{Error, Result},
    event::{Entity, Event, EventType, LogEvent},
    guard::{Access, Requires, Root, RootField},
    id::Prefix,
    loader::{Load, Source},
    log::EventCursor,
    permission::Permission,
    request::RequestExt,
    stream::follow,
    tx::Tx,
};

/// A widget changed: its payload is `{"number": …}`.
pub(crate) static CHANGED: EventType = EventType {
    name: "test.widget.changed",
    version: 1,
    description: "A widget changed.",
    category: AuditCategory::System,
    severity: AuditSeverity::Low,
    action: "WIDGET_CHANGE",
    permission: "widgets.read",
};
const WIDGET: Prefix = Prefix("wid");

pub(crate) static PERMISSIONS: [Permission; 3] =
    [permission("widgets.read"), permission("widgets.touch"), permission("audit.read")];

const fn permission(key: &'static str) -> Permission {
    Permission { key, description: "For tests.", is_sensitive: false, level: AdminLevel::Support }
}

pub(crate) const FIELDS: [RootField; 1] = [RootField {
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
            Event::new(&CHANGED, entity).data(json!({ "number": number }))
        })
        .collect();
    tx.record_many(events);
    tx.commit().await.unwrap();
}
