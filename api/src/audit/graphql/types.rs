//! Entries as clients see them.

use std::sync::Arc;

use ::entity::audit_log;
use async_graphql::{Context, Enum, ID, Json, Object};
use serde_json::Value;
use uuid::Uuid;

use super::personal::{self, AuditPersonalValue};
use crate::{
    access::Actor,
    audit::{
        loaders::{Entries, LeafIndexes, Subjects},
        permissions,
        rules::{self, Body},
    },
    directory::{Organization, User},
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        event::LogEvent,
        guard::{Flag, requires},
        id::Prefix,
        log::EventCursor,
        object::{self, Stored},
        record::{AUDIT_LOG, EVENT},
        request::RequestExt,
        scalar::Timestamp,
    },
};

/// The area that an entry or an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "audit_log::AuditCategory")]
pub enum AuditCategory {
    /// Signing in, and attempts without the right.
    Auth,
    /// Admin accounts, roles, tokens, and the gateway's own settings.
    Admin,
    /// Users and organizations.
    Directory,
    /// Content, and decisions about it.
    Moderation,
    /// The record itself.
    Audit,
    /// Data-subject requests and consent.
    Privacy,
    /// Controls, evidence and reports.
    Compliance,
    /// Services, metrics and alerts.
    Monitoring,
    /// Incidents.
    Incident,
    /// Feature flags and configuration.
    Flag,
    /// Exchange with other systems.
    Integration,
    /// Webhook endpoints and deliveries.
    Webhook,
    /// The event log itself.
    Event,
    /// Messages to people.
    Notification,
    /// Background work.
    Task,
    /// Exports and downloads.
    Export,
    /// Fraud rules and decisions.
    Risk,
    /// Launch checklists and sign-offs.
    Launch,
    /// Everything else.
    System,
}

/// How much attention an entry deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "audit_log::AuditSeverity")]
pub enum AuditSeverity {
    /// The usual business.
    Info,
    /// Worth a look now and then.
    Low,
    /// Worth a look.
    Medium,
    /// Worth a look soon.
    High,
    /// Worth a look at once.
    Critical,
}

/// How what an entry tells of ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "audit_log::AuditOutcome")]
pub enum AuditOutcome {
    /// It was done.
    Success,
    /// It was refused for want of a right.
    Denied,
    /// It was tried and failed.
    Failure,
}

/// Which face of the gateway something came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "audit_log::AuditSurface")]
pub enum AuditSurface {
    /// GraphQL.
    Api,
    /// The gateway's own console.
    Console,
    /// The command line, at the machine.
    Cli,
    /// A part of the gateway that works in the background.
    Job,
    /// Another service sent it.
    Ingest,
}

/// One fact of the record: who did what to what, and how it ended. Entries are added, never changed.
#[derive(Debug)]
pub struct AuditLog(Arc<audit_log::Model>);

impl Stored for AuditLog {
    type Row = audit_log::Model;
    type ById = Entries;
    const PREFIX: Prefix = AUDIT_LOG;
    const NOUN: &'static str = "audit entry";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<audit_log::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &audit_log::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &audit_log::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

/// One fact of the record: who did what to what, and how it ended. Entries are added, never changed.
#[macros::object]
impl AuditLog {
    /// `aud_…`
    pub async fn id(&self) -> ID {
        AUDIT_LOG.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// The event that it records: `evt_…`.
    async fn event_id(&self) -> ID {
        EVENT.encode(self.0.event_id).into()
    }

    /// The service that did it: `opsgate`, or another one that sent the entry.
    async fn service_name(&self) -> &str {
        &self.0.service_name
    }

    /// What happened: `monitoring.incident.acknowledged`.
    async fn event_type(&self) -> &str {
        &self.0.event_type
    }

    /// The area that it belongs to.
    async fn category(&self) -> AuditCategory {
        self.0.category.into()
    }

    /// How much attention it deserves.
    async fn severity(&self) -> AuditSeverity {
        self.0.severity.into()
    }

    /// What was done: `INCIDENT_ACKNOWLEDGE`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// How it ended.
    async fn outcome(&self) -> AuditOutcome {
        self.0.outcome.into()
    }

    /// Who did it, with whoever acted in their name.
    async fn actor(&self) -> Actor {
        Actor::new(self.0.actor_kind, &self.0.actor_id).acted_by(self.0.impersonator_id.as_deref())
    }

    /// The type of what it was done to: `Incident`.
    async fn entity_type(&self) -> Option<&str> {
        self.0.entity_type.as_deref()
    }

    /// What it was done to: `inc_…`. `auditTrail` shows everything that was done to it.
    async fn entity_id(&self) -> Option<ID> {
        self.0.entity_id.as_deref().map(Into::into)
    }

    /// Whose it is. Null: the platform's own.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = self.0.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// The pseudonym of the person whom it is about: the same in all entries about them.
    async fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// The person whom it is about. Null where that was erased.
    async fn subject_user(&self, ctx: &Context<'_>) -> Result<Option<Eager<User>>> {
        let Some(subject) = &self.0.subject else { return Ok(None) };
        let user = ctx.request().loaders().one::<Subjects>(subject.clone()).await?;
        object::edge(ctx, user).await
    }

    /// The request that it was part of.
    async fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// What ties it to entries of other requests and services: a trace id.
    async fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// The installation that recorded it.
    async fn environment(&self) -> &str {
        &self.0.environment
    }

    /// Which face of the gateway it came through.
    async fn surface(&self) -> AuditSurface {
        self.0.surface.into()
    }

    /// When it happened.
    async fn occurred_at(&self) -> Timestamp {
        self.0.occurred_at.into()
    }

    /// When it came into the log.
    async fn received_at(&self) -> Timestamp {
        self.0.received_at.into()
    }

    /// The facts: what the body says under `data`. Its shape goes by `eventType`. Secrets are masked in it, and what is
    /// personal is under `personal`.
    async fn event_data(&self) -> Result<Option<Json<Value>>> {
        Ok(Body::read(&self.0.body)?.data.map(Json))
    }

    /// The entry as it was hashed, to the byte: canonical JSON (RFC 8785).
    async fn body(&self) -> &str {
        &self.0.body
    }

    /// SHA-256 of a zero byte and `body`, a leaf of the Merkle tree (RFC 6962), in hexadecimal.
    async fn leaf_hash(&self) -> String {
        hex::encode(&self.0.leaf_hash)
    }

    /// Its place in the Merkle tree, from 0. Null for the milliseconds until it has one.
    async fn leaf_index(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        ctx.request().loaders().one::<LeafIndexes>(self.0.id).await
    }

    /// What is personal in it. Needs `audit.read_personal`, and reading it is recorded; shown by queries alone.
    #[graphql(directive = requires::apply(permissions::READ_PERSONAL.to_owned(), Flag(false)))]
    async fn personal(&self, ctx: &Context<'_>) -> Result<Option<Vec<AuditPersonalValue>>> {
        personal::read(ctx, &self.0).await.map(Some)
    }

    /// The address that the request came from. Personal: as `personal`.
    #[graphql(directive = requires::apply(permissions::READ_PERSONAL.to_owned(), Flag(false)))]
    async fn ip_address(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        personal::read_text(ctx, &self.0, rules::IP_ADDRESS).await
    }

    /// The program that sent the request, as it calls itself. Personal: as `personal`.
    #[graphql(directive = requires::apply(permissions::READ_PERSONAL.to_owned(), Flag(false)))]
    async fn user_agent(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        personal::read_text(ctx, &self.0, rules::USER_AGENT).await
    }
}

/// An entry that came into the log.
#[derive(Debug)]
pub struct AuditLogArrival {
    event: Arc<LogEvent>,
    entry: Arc<audit_log::Model>,
}

impl AuditLogArrival {
    /// The entry of `event`.
    pub(super) fn new(event: Arc<LogEvent>, entry: Arc<audit_log::Model>) -> Self {
        Self { event, entry }
    }
}

/// An entry that came into the log.
#[Object]
impl AuditLogArrival {
    /// Its place in the log: resume with this.
    async fn cursor(&self, ctx: &Context<'_>) -> EventCursor {
        EventCursor::new(ctx.request().kernel().log_id(), self.event.position)
    }

    /// The entry.
    async fn audit_log(&self) -> AuditLog {
        AuditLog(self.entry.clone())
    }
}
