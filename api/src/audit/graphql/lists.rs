//! Which entries, and how they are sorted.

use ::entity::audit_log::{self, Column};
use serde_json::{Value, json};

use super::types::{AuditCategory, AuditOutcome, AuditSeverity, AuditSurface};
use crate::{
    directory::Organization,
    kernel::{
        page::{DateTimeFilter, EnumFilter, IdFilter, Ids, StringFilter, Word, filter, order},
        scalar::Timestamp,
    },
};

impl Word for AuditCategory {
    type Stored = audit_log::AuditCategory;
}

impl Word for AuditSeverity {
    type Stored = audit_log::AuditSeverity;
}

impl Word for AuditOutcome {
    type Stored = audit_log::AuditOutcome;
}

impl Word for AuditSurface {
    type Stored = audit_log::AuditSurface;
}

filter! {
    /// Which entries of the audit log.
    pub AuditLogFilter {
        /// The area that it belongs to.
        category: EnumFilter<AuditCategory> => Column::Category,
        /// How much attention it deserves.
        severity: EnumFilter<AuditSeverity> => Column::Severity,
        /// What was done: `INCIDENT_ACKNOWLEDGE`.
        action: StringFilter => Column::Action,
        /// How it ended.
        outcome: EnumFilter<AuditOutcome> => Column::Outcome,
        /// What happened: `monitoring.incident.acknowledged`.
        event_type: StringFilter => Column::EventType,
        /// The service that did it: `opsgate`.
        service_name: StringFilter => Column::ServiceName,
        /// Who did it: `adm_…`, `tok_…`, or the name of a part of the gateway.
        actor_id: IdFilter => Ids::any(Column::ActorId),
        /// The type of what it was done to: `Incident`.
        entity_type: StringFilter => Column::EntityType,
        /// What it was done to: `inc_…`.
        entity_id: IdFilter => Ids::any(Column::EntityId),
        /// Whose it is; `isNull: true` for the platform's own.
        organization_id: IdFilter => Ids::of::<Organization>(Column::OrganizationId).or_nil(),
        /// The pseudonym of the person whom it is about.
        subject: StringFilter => Column::Subject,
        /// The request that it was part of: `requestId` of an error, `X-Request-Id` of an answer.
        request_id: StringFilter => Column::RequestId,
        /// What ties it to entries of other requests and services: a trace id.
        correlation_id: StringFilter => Column::CorrelationId,
        /// Which face of the gateway it came through.
        surface: EnumFilter<AuditSurface> => Column::Surface,
        /// When it happened.
        occurred_at: DateTimeFilter => Column::OccurredAt,
        /// When it came into the log. A range of this is found faster than one of `occurredAt`, however long ago.
        received_at: DateTimeFilter => Column::ReceivedAt,
    }
}

order! {
    /// How entries of the audit log are sorted.
    pub AuditLogOrder by
    /// What entries of the audit log can be sorted by.
    AuditLogOrderField {
        /// When it came into the log.
        ReceivedAt => Column::Id,
    }
}

/// What an [`AuditLogFilter`] looks at.
pub(super) fn state(row: &audit_log::Model) -> Value {
    json!({
        "category": row.category,
        "severity": row.severity,
        "action": row.action,
        "outcome": row.outcome,
        "eventType": row.event_type,
        "serviceName": row.service_name,
        "actorId": row.actor_id,
        "entityType": row.entity_type,
        "entityId": row.entity_id,
        "organizationId": row.organization_id,
        "subject": row.subject,
        "requestId": row.request_id,
        "correlationId": row.correlation_id,
        "surface": row.surface,
        "occurredAt": Timestamp(row.occurred_at).to_string(),
        "receivedAt": Timestamp(row.received_at).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use ::entity::{actor_kind::ActorKind, audit_log};
    use async_graphql::MaybeUndefined;
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::kernel::page::Filter;

    #[test]
    fn the_state_of_an_entry_holds_all_that_filters_look_at() {
        let row = audit_log::Model {
            id: Uuid::nil(),
            event_id: Uuid::nil(),
            service_name: "opsgate".to_owned(),
            event_type: "a.b.c".to_owned(),
            category: audit_log::AuditCategory::System,
            severity: audit_log::AuditSeverity::Info,
            action: "A".to_owned(),
            outcome: audit_log::AuditOutcome::Success,
            actor_kind: ActorKind::System,
            actor_id: "test".to_owned(),
            impersonator_id: None,
            entity_type: None,
            entity_id: None,
            organization_id: Uuid::nil(),
            subject: None,
            request_id: None,
            correlation_id: None,
            environment: "test".to_owned(),
            surface: audit_log::AuditSurface::Job,
            occurred_at: DateTime::UNIX_EPOCH,
            received_at: DateTime::UNIX_EPOCH,
            body: String::new(),
            leaf_hash: vec![],
        };
        let state = state(&row);
        let mut fields = AuditLogFilter::fields();
        fields.sort();
        assert_eq!(state.as_object().unwrap().keys().collect::<Vec<_>>(), fields.iter().collect::<Vec<_>>());
        let of_the_platform = IdFilter { is_null: MaybeUndefined::Value(true), ..IdFilter::default() };
        let filter = AuditLogFilter { organization_id: Some(of_the_platform), ..AuditLogFilter::default() };
        assert_eq!(filter.predicate().unwrap().matches(&state), Some(true));
    }
}
