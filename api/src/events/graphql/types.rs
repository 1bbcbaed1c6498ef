//! Events as clients see them.

use std::sync::Arc;

use ::entity::event;
use async_graphql::{Context, ID, Json};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    access::Actor,
    audit::{AuditCategory, AuditLog},
    directory::Organization,
    events::{
        loaders::{Events, Positions},
        permissions, rules,
    },
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        log::EventCursor,
        object::{self, Stored},
        record::EVENT,
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// Something that happened.
#[derive(Debug)]
pub struct PublishedEvent(Arc<event::Model>);

impl Stored for PublishedEvent {
    type Row = event::Model;
    type ById = Events;
    const PREFIX: Prefix = EVENT;
    const NOUN: &'static str = "event";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<event::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &event::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &event::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }

    async fn is_visible(ctx: &Context<'_>, row: &event::Model) -> Result<bool> {
        let request = ctx.request();
        let caller = request.caller();
        Ok(Self::is_within(row, &caller.boundary)
            && rules::is_shown(request.kernel().catalogue(), &caller.permissions, &row.event_type))
    }
}

/// Something that happened.
#[macros::object]
impl PublishedEvent {
    /// `evt_…`
    pub async fn id(&self) -> ID {
        EVENT.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Its place in the log: resume a subscription with this. Null for the milliseconds until it has one; never in a
    /// subscription.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<Option<EventCursor>> {
        let request = ctx.request();
        let position = request.loaders().one::<Positions>(self.0.id).await?;
        Ok(position.map(|position| EventCursor::new(request.kernel().log_id(), position)))
    }

    /// What happened: `monitoring.incident.acknowledged`.
    async fn r#type(&self) -> &str {
        &self.0.event_type
    }

    /// The version of the payload's shape.
    async fn version(&self) -> i32 {
        self.0.payload_version
    }

    /// The area that it belongs to.
    async fn category(&self) -> AuditCategory {
        self.0.category.into()
    }

    /// When it happened.
    async fn occurred_at(&self) -> Timestamp {
        self.0.occurred_at.into()
    }

    /// Who did it, with whoever acted in their name.
    async fn actor(&self) -> Actor {
        Actor::new(self.0.actor_kind, &self.0.actor_id).acted_by(self.0.impersonator_id.as_deref())
    }

    /// The type of what it happened to: `Incident`.
    async fn entity_type(&self) -> &str {
        &self.0.entity_type
    }

    /// What it happened to: `inc_…`. `node` finds it.
    async fn entity_id(&self) -> ID {
        self.0.entity_id.as_str().into()
    }

    /// The `version` of what it happened to, after it. Who holds this version or a later one knows of the event already.
    async fn entity_version(&self) -> Option<i32> {
        self.0.entity_version
    }

    /// Whose it is. Null: the platform's own.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = self.0.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// What ties it to work in other requests and services: a trace id.
    async fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// The event that it is a reaction to: `evt_…`.
    async fn causation_id(&self) -> Option<ID> {
        self.0.causation_id.map(|id| EVENT.encode(id).into())
    }

    /// The facts; nothing personal is in them. Their shape goes by `type` and `version`.
    async fn payload(&self) -> Json<&Value> {
        Json(&self.0.payload)
    }

    /// Its entry in the audit log.
    async fn audit_log(&self, ctx: &Context<'_>) -> Result<Option<AuditLog>> {
        object::by_id(ctx, self.0.audit_log_id).await
    }
}
