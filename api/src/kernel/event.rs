//! Events: what happened, declared once in a domain's `events.rs` and recorded by [`Tx::record`](super::tx::Tx::record).
//!
//! An [`EventType`] says everything that the stream, webhooks, the schema registry and the docs need to know of a type:
//! its name, the version of its payload, who may read it. An [`Event`] is one occurrence on its way into the record; a
//! [`LogEvent`] is one that came back from the log, with its position.

use std::sync::Arc;

use ::entity::{
    audit_log::{AuditCategory, AuditOutcome, AuditSeverity},
    event,
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Kernel, actor::Actor, id::Prefix, loader::Loaders};

/// A kind of event.
#[derive(Debug)]
pub struct EventType {
    /// `monitoring.incident.acknowledged`
    pub name: &'static str,
    /// The version of the payload's shape.
    pub version: i32,
    /// What has happened when one is recorded, for people.
    pub description: &'static str,
    /// The part of the record that it belongs to.
    pub category: AuditCategory,
    /// How much attention the entry deserves.
    pub severity: AuditSeverity,
    /// The action of the audit entry: `INCIDENT_ACKNOWLEDGE`.
    pub action: &'static str,
    /// The permission that reading it takes.
    pub permission: &'static str,
}

/// Declares the types of a domain's events, and `ALL` of them: `NAME "name" "ACTION" Severity "Description.";`, after the
/// category and the permission that reading them takes.
macro_rules! event_types {
    (
        $category:ident, $permission:expr;
        $($constant:ident $name:tt $action:literal $severity:ident $description:literal;)*
    ) => {
        $(pub(super) static $constant: $crate::kernel::event::EventType = $crate::kernel::event::EventType {
            name: $name,
            version: 1,
            description: $description,
            category: ::entity::audit_log::AuditCategory::$category,
            severity: ::entity::audit_log::AuditSeverity::$severity,
            action: $action,
            permission: $permission,
        };)*
        /// All of them.
        pub const ALL: &[&$crate::kernel::event::EventType] = &[$(&$constant),*];
    };
}
pub(crate) use event_types;

/// What an event is about.
#[derive(Clone, Debug)]
pub struct Entity {
    /// The GraphQL type: `Incident`.
    pub kind: &'static str,
    /// Its TypeID.
    pub id: String,
    /// Its version after the change, where it has one.
    pub version: Option<i32>,
    /// Whose it is; the nil UUID for the platform's own.
    pub organization_id: Uuid,
}

impl Entity {
    /// The object `id` of type `kind`, at `version`.
    pub fn new(kind: &'static str, prefix: Prefix, id: Uuid, version: i32, organization_id: Uuid) -> Self {
        Self { kind, id: prefix.encode(id), version: Some(version), organization_id }
    }
}

/// Something that happened, not recorded yet.
#[derive(Debug)]
pub struct Event {
    pub(super) ty: &'static EventType,
    pub(super) entity: Entity,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) data: Option<serde_json::Result<Value>>,
    pub(super) subject: Option<Uuid>,
    pub(super) outcome: AuditOutcome,
}

impl Event {
    /// `ty` happened to `entity`.
    pub fn new(ty: &'static EventType, entity: Entity) -> Self {
        Self {
            ty,
            entity,
            before: None,
            after: None,
            data: None,
            subject: None,
            outcome: AuditOutcome::Success,
        }
    }

    /// The fields that filters look at, as they were and as they are.
    pub fn change(mut self, before: Option<Value>, after: Option<Value>) -> Self {
        (self.before, self.after) = (before, after);
        self
    }

    /// The payload. Personal values in it are `Personal<T>` and are moved aside when the event is recorded.
    pub fn data(mut self, payload: impl Serialize) -> Self {
        self.data = Some(serde_json::to_value(payload));
        self
    }

    /// The directory user whom it is about.
    pub fn about(mut self, user: Uuid) -> Self {
        self.subject = Some(user);
        self
    }

    /// It was tried and not done.
    pub fn outcome(mut self, outcome: AuditOutcome) -> Self {
        self.outcome = outcome;
        self
    }
}

/// An event at its place in the log.
#[derive(Clone, Debug)]
pub struct LogEvent {
    /// Gap-free from 1: whoever has seen this has seen everything before.
    pub position: i64,
    /// The stored row.
    pub row: event::Model,
    /// What its deliveries load, loaded once for all of them.
    pub loaders: Arc<Loaders>,
}

impl LogEvent {
    /// The event `row` at its place, with loaders that haven't loaded anything.
    pub fn new(kernel: &Kernel, position: i64, row: event::Model) -> Self {
        let loaders = Arc::new(Loaders::new(kernel.db().readers()));
        Self { position, row, loaders }
    }

    /// Who did it.
    pub fn actor(&self) -> Actor {
        Actor { kind: self.row.actor_kind, id: self.row.actor_id.clone() }
    }

    /// The UUID of the entity, where it is one of type `prefix`.
    pub fn entity_uuid(&self, prefix: Prefix) -> Option<Uuid> {
        prefix.parse(&self.row.entity_id).ok()
    }
}
