//! Which events, and how they are sorted.

use ::entity::event::{self, Column};
use serde_json::{Value, json};

use crate::{
    audit::AuditCategory,
    directory::Organization,
    kernel::{
        page::{DateTimeFilter, EnumFilter, IdFilter, Ids, StringFilter, filter, order},
        scalar::Timestamp,
    },
};

filter! {
    /// Which events.
    pub EventFilter {
        /// What happened: `monitoring.incident.acknowledged`; `startsWith: "monitoring."` for all of an area.
        r#type: StringFilter => Column::EventType,
        /// The area that it belongs to.
        category: EnumFilter<AuditCategory> => Column::Category,
        /// The type of what it happened to: `Incident`.
        entity_type: StringFilter => Column::EntityType,
        /// What it happened to: `inc_…`.
        entity_id: IdFilter => Ids::any(Column::EntityId),
        /// Whose it is; `isNull: true` for the platform's own.
        organization_id: IdFilter => Ids::of::<Organization>(Column::OrganizationId).or_nil(),
        /// When it happened.
        occurred_at: DateTimeFilter => Column::OccurredAt,
    }
}

order! {
    /// How events are sorted.
    pub EventOrder by
    /// What events can be sorted by.
    EventOrderField {
        /// When it was published.
        PublishedAt => Column::Id,
    }
}

/// What an [`EventFilter`] looks at.
pub(super) fn state(row: &event::Model) -> Value {
    json!({
        "type": row.event_type,
        "category": row.category,
        "entityType": row.entity_type,
        "entityId": row.entity_id,
        "organizationId": row.organization_id,
        "occurredAt": Timestamp(row.occurred_at).to_string(),
    })
}
