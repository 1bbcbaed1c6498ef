//! Alerts as clients see them.

use std::sync::Arc;

use ::entity::{
    actor_kind::ActorKind,
    alert::{self, Column},
};
use async_graphql::{Context, Enum, ID, Json};
use uuid::Uuid;

use super::service::Service;
use crate::{
    access::Actor,
    directory::Organization,
    kernel::{
        actor::{Boundary, PLATFORM},
        eager::Eager,
        error::Result,
        id::Prefix,
        object::{self, Stored},
        page::{DateTimeFilter, EnumFilter, IdFilter, Ids, StringFilter, Word, filter, order},
        scalar::Timestamp,
    },
    monitoring::{ALERT, loaders::Alerts, permissions},
};

/// The ids of incidents. They are a domain that stands on this one, so it is named here once more.
const INCIDENT: Prefix = Prefix("inc");

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "alert::AlertStatus")]
pub enum AlertStatus {
    /// Nobody is on it yet.
    Firing,
    /// Somebody is on it.
    Acknowledged,
    /// It is over. The same condition is a new alert from here on.
    Resolved,
}

impl Word for AlertStatus {
    type Stored = alert::AlertStatus;
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "alert::AlertSeverity")]
pub enum AlertSeverity {
    /// Worth knowing.
    Info,
    /// When there is time.
    Low,
    /// Today.
    Medium,
    /// Soon.
    High,
    /// At once.
    Critical,
}

impl Word for AlertSeverity {
    type Stored = alert::AlertSeverity;
}

/// A condition that somebody should look at.
#[derive(Debug)]
pub struct Alert(Arc<alert::Model>);

impl Stored for Alert {
    type Row = alert::Model;
    type ById = Alerts;
    const PREFIX: Prefix = ALERT;
    const NOUN: &'static str = "alert";
    const READ: &'static str = permissions::READ;

    fn of(row: Arc<alert::Model>) -> Self {
        Self(row)
    }

    fn id_of(row: &alert::Model) -> Uuid {
        row.id
    }

    fn is_within(row: &alert::Model, boundary: &Boundary) -> bool {
        boundary.contains(row.organization_id)
    }
}

/// A condition that somebody should look at.
#[macros::object]
impl Alert {
    /// `alr_…`
    pub async fn id(&self) -> ID {
        ALERT.encode(self.0.id).into()
    }

    /// The same as a plain UUID.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// Who found it; `probe` for the gateway's own probes.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// What makes it the same condition, in the source's words. One alert of a source and key is open at a time.
    async fn dedup_key(&self) -> &str {
        &self.0.dedup_key
    }

    /// Where it stands.
    async fn status(&self) -> AlertStatus {
        self.0.status.into()
    }

    /// How bad it is: the worst that was said of it.
    async fn severity(&self) -> AlertSeverity {
        self.0.severity.into()
    }

    /// What is wrong.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What is known.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// An object of texts.
    async fn labels(&self) -> Json<&serde_json::Value> {
        Json(&self.0.labels)
    }

    /// The service that it is about. Null: none, or it isn't registered any more.
    async fn service(&self, ctx: &Context<'_>) -> Result<Option<Eager<Service>>> {
        object::edge(ctx, self.0.service_id).await
    }

    /// The incident that it belongs to.
    async fn incident_id(&self) -> Option<ID> {
        self.0.incident_id.map(|id| INCIDENT.encode(id).into())
    }

    /// How often it fired.
    async fn count(&self) -> i32 {
        self.0.count
    }

    /// When it first fired.
    async fn first_seen_at(&self) -> Timestamp {
        self.0.first_seen_at.into()
    }

    /// When it last fired.
    async fn last_seen_at(&self) -> Timestamp {
        self.0.last_seen_at.into()
    }

    /// When somebody was on it.
    async fn acknowledged_at(&self) -> Option<Timestamp> {
        self.0.acknowledged_at.map(Timestamp)
    }

    /// Who.
    async fn acknowledged_by(&self) -> Option<Actor> {
        actor(self.0.acknowledged_by_kind, self.0.acknowledged_by_id.as_deref())
    }

    /// When it was over.
    async fn resolved_at(&self) -> Option<Timestamp> {
        self.0.resolved_at.map(Timestamp)
    }

    /// Who said so.
    async fn resolved_by(&self) -> Option<Actor> {
        actor(self.0.resolved_by_kind, self.0.resolved_by_id.as_deref())
    }

    /// Whose it is. Null: the platform's own.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Eager<Organization>>> {
        let id = self.0.organization_id;
        object::edge(ctx, (id != PLATFORM).then_some(id)).await
    }

    /// When it was raised.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at.into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at.into()
    }

    /// Counts its changes, repeats among them. An event whose `entityVersion` is no greater is in here already.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

fn actor(kind: Option<ActorKind>, id: Option<&str>) -> Option<Actor> {
    Some(Actor::new(kind?, id?))
}

filter! {
    /// Which alerts.
    pub AlertFilter {
        /// Where it stands.
        status: EnumFilter<AlertStatus> => Column::Status,
        /// How bad it is.
        severity: EnumFilter<AlertSeverity> => Column::Severity,
        /// Who found it.
        source: StringFilter => Column::Source,
        /// The service that it is about.
        service_id: IdFilter => Ids::of::<Service>(Column::ServiceId),
        /// The incident that it belongs to.
        incident_id: IdFilter => Ids::typed(INCIDENT, "incident", Column::IncidentId),
        /// When it was raised.
        created_at: DateTimeFilter => Column::CreatedAt,
    }
}

order! {
    /// How alerts are sorted.
    pub AlertOrder by
    /// What alerts can be sorted by.
    AlertOrderField {
        /// When it was raised.
        CreatedAt => Column::CreatedAt,
        /// When it last fired.
        LastSeenAt => Column::LastSeenAt,
        /// How bad it is.
        Severity => Column::Severity,
    }
}
