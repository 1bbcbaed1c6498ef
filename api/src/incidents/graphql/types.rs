//! Incidents as clients see them.

use std::sync::Arc;

use ::entity::{incident, incident_service, incident_timeline};
use async_graphql::{Context, ID, Json, SimpleObject};
use uuid::Uuid;

use super::{
    lists::IncidentTimelineFilter,
    words::{
        IncidentImpact, IncidentSeverity, IncidentStatus, IncidentTimelineKind, IncidentUrgency, Visibility,
    },
};
use crate::{
    access::{Actor, AdminUser},
    directory::Organization,
    incidents::{
        INCIDENT, TIMELINE_ENTRY,
        loaders::{AffectedServices, Incidents, Participants, TimelineEntries},
        permissions, reads, rules,
    },
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        list_size::list_size,
        object::{self, Stored},
        page::{Args, Connection, Cursor, Filter},
        request::RequestExt,
        scalar::Timestamp,
    },
    monitoring::{self, Alert},
};

/// Something is broken, and somebody is on it.
#[derive(Debug)]
pub struct Incident(pub(super) Arc<incident::Model>);

impl Stored for Incident {
    type Row = incident::Model;
    type ById = Incidents;
    const PREFIX: Prefix = INCIDENT;
    const NOUN: &'static str = "incident";
    const READ: &'static str = permissions::READ;

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

/// Something is broken, and somebody is on it.
#[macros::object]
impl Incident {
    /// `inc_…`
    pub async fn id(&self) -> ID {
        INCIDENT.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// `INC-2026-000042`: unique and rising; a number may be missing.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// What it is about.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What is known.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// How bad it is.
    async fn severity(&self) -> IncidentSeverity {
        self.0.severity.into()
    }

    /// How many are affected.
    async fn impact(&self) -> Option<IncidentImpact> {
        self.0.impact.map(Into::into)
    }

    /// How soon it must be dealt with.
    async fn urgency(&self) -> Option<IncidentUrgency> {
        self.0.urgency.map(Into::into)
    }

    /// Where it stands.
    async fn status(&self) -> IncidentStatus {
        self.0.status.into()
    }

    /// What it affects.
    async fn affected_services(&self, ctx: &Context<'_>) -> Result<Vec<AffectedService>> {
        let rows = ctx.request().loaders().one::<AffectedServices>(self.0.id).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Into::into).collect())
    }

    /// Who opened it.
    async fn reporter(&self) -> Actor {
        Actor::new(self.0.reporter_kind, &self.0.reporter_id)
    }

    /// Who works on it.
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, self.0.assignee_id).await
    }

    /// Who leads the response.
    async fn commander(&self, ctx: &Context<'_>) -> Result<Option<Eager<AdminUser>>> {
        object::edge(ctx, self.0.commander_id).await
    }

    /// The alerts that belong to it, newest first. Null: the caller may not see alerts.
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Result<Option<Connection<Alert>>> {
        let args = Args { first, after, last, before };
        monitoring::alerts_of_incident(ctx, self.0.id, args).await.map(Some)
    }

    /// Whose it is. Null: the platform's own.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = self.0.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// Everybody who did something about it, first come first.
    async fn participants(&self, ctx: &Context<'_>) -> Result<Vec<Actor>> {
        let rows = ctx.request().loaders().one::<Participants>(self.0.id).await?;
        Ok(rows.unwrap_or_default().iter().map(|row| Actor::new(row.actor_kind, &row.actor_id)).collect())
    }

    /// What happened to it, newest first. Who may not read internal entries sees the public ones.
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<IncidentTimelineFilter>,
    ) -> Result<Connection<IncidentTimelineEntry>> {
        let args = Args { first, after, last, before };
        reads::timeline(ctx, self.0.id, filter.predicate()?, args).await
    }

    /// The one that it went into.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Eager<Incident>>> {
        object::edge(ctx, self.0.merged_into_id).await
    }

    /// The one that it continues.
    async fn reopened_from(&self, ctx: &Context<'_>) -> Result<Option<Eager<Incident>>> {
        object::edge(ctx, self.0.reopened_from_id).await
    }

    /// Why it happened.
    async fn root_cause(&self) -> Option<&str> {
        self.0.root_cause.as_deref()
    }

    /// What was done.
    async fn resolution(&self) -> Option<&str> {
        self.0.resolution.as_deref()
    }

    /// When it was noticed.
    async fn detected_at(&self) -> Option<Timestamp> {
        self.0.detected_at.map(Timestamp)
    }

    /// When somebody first was on it.
    async fn acknowledged_at(&self) -> Option<Timestamp> {
        self.0.acknowledged_at.map(Timestamp)
    }

    /// When it no longer hurt.
    async fn mitigated_at(&self) -> Option<Timestamp> {
        self.0.mitigated_at.map(Timestamp)
    }

    /// When it was over.
    async fn resolved_at(&self) -> Option<Timestamp> {
        self.0.resolved_at.map(Timestamp)
    }

    /// When nothing was left to do.
    async fn closed_at(&self) -> Option<Timestamp> {
        self.0.closed_at.map(Timestamp)
    }

    /// When it was opened.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at.into()
    }

    /// Counts its changes, notes among them. An event whose `entityVersion` is no greater is in here already.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the caller may do to it now, and if not, why.
    #[graphql(directive = list_size::apply(8))]
    async fn viewer_can(&self, ctx: &Context<'_>) -> Vec<ActionPermission> {
        let caller = ctx.request().caller();
        let row = &self.0;
        let ended_at = row.resolved_at.or(row.closed_at);
        let now = ctx.request().kernel().clock().now();
        let states = [
            ("incidentAcknowledge", rules::check_acknowledge(row.status)),
            ("incidentAssign", rules::check_changeable(row.status)),
            ("incidentUpdate", rules::check_changeable(row.status)),
            ("incidentNoteAdd", Ok(())),
            ("incidentTransition", rules::check_any_transition(row.status)),
            ("incidentResolve", rules::check_resolve(row.status)),
            (
                "incidentReopen",
                rules::reopening(row.status, ended_at, row.merged_into_id.is_some(), now).map(|_| ()),
            ),
            ("incidentMerge", rules::check_merge(row.status, "id")),
        ];
        let fields = ctx.request().kernel().catalogue();
        states
            .into_iter()
            .map(|(action, state)| {
                let access = fields.field(action).map(|field| caller.check(&field.access, now));
                let refused = access.and_then(Result::err).map(|error| error.to_string());
                let reasons: Vec<_> = refused.into_iter().chain(state.err().map(|v| v.message)).collect();
                ActionPermission { action, is_allowed: reasons.is_empty(), reasons }
            })
            .collect()
    }
}

/// A mutation, and whether the caller may do it now.
#[derive(Debug, SimpleObject)]
pub struct ActionPermission {
    /// The name of the mutation.
    action: &'static str,
    /// Whether it would be done.
    is_allowed: bool,
    /// Why not; empty where it would.
    reasons: Vec<String>,
}

/// A service that an incident affects.
#[derive(Debug, SimpleObject)]
pub struct AffectedService {
    /// Its name.
    name: String,
    /// How much of it.
    impact: Option<IncidentImpact>,
}

impl From<incident_service::Model> for AffectedService {
    fn from(row: incident_service::Model) -> Self {
        Self { name: row.service_name, impact: row.impact.map(Into::into) }
    }
}

/// An entry of a timeline. Entries are added, never changed.
#[derive(Debug)]
pub struct IncidentTimelineEntry(Arc<incident_timeline::Model>);

impl Stored for IncidentTimelineEntry {
    type Row = incident_timeline::Model;
    type ById = TimelineEntries;
    const PREFIX: Prefix = TIMELINE_ENTRY;
    const NOUN: &'static str = "timeline entry";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<incident_timeline::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &incident_timeline::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &incident_timeline::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }

    /// Internal entries are for those who work on it.
    async fn is_visible(ctx: &Context<'_>, row: &incident_timeline::Model) -> Result<bool> {
        let caller = ctx.request().caller();
        let is_public = row.visibility == incident_timeline::Visibility::Public;
        Ok(Self::is_within(row, &caller.boundary)
            && (is_public || caller.permissions.has(permissions::READ_INTERNAL)))
    }
}

/// An entry of a timeline. Entries are added, never changed.
#[macros::object]
impl IncidentTimelineEntry {
    /// `itl_…`
    pub async fn id(&self) -> ID {
        TIMELINE_ENTRY.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// What it tells.
    async fn kind(&self) -> IncidentTimelineKind {
        self.0.kind.into()
    }

    /// Who did it.
    async fn actor(&self) -> Actor {
        Actor::new(self.0.actor_kind, &self.0.actor_id)
    }

    /// Who may read it.
    async fn visibility(&self) -> Visibility {
        self.0.visibility.into()
    }

    /// For people.
    async fn body(&self) -> &str {
        &self.0.body
    }

    /// For programs: what changed; its shape goes by `kind`.
    async fn data(&self) -> Option<Json<&serde_json::Value>> {
        self.0.data.as_ref().map(Json)
    }

    /// When.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }
}
