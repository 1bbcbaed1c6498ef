//! Which incidents, how they are sorted, and what belongs to one.

use ::entity::{incident::Column, incident_service, incident_timeline};

use super::words::{IncidentSeverity, IncidentStatus, IncidentTimelineKind};
use crate::{
    access::AdminUser,
    kernel::page::{DateTimeFilter, EnumFilter, IdFilter, Ids, Items, StringFilter, filter, order},
};

filter! {
    /// Which incidents.
    pub IncidentFilter {
        /// Where it stands.
        status: EnumFilter<IncidentStatus> => Column::Status,
        /// How bad it is.
        severity: EnumFilter<IncidentSeverity> => Column::Severity,
        /// The admin user who works on it.
        assignee_id: IdFilter => Ids::of::<AdminUser>(Column::AssigneeId),
        /// The name of a service that it affects.
        affected_service: StringFilter => Items::new(
            incident_service::Column::ServiceName,
            incident_service::Column::IncidentId,
            Column::Id,
        ),
        /// When it was opened.
        created_at: DateTimeFilter => Column::CreatedAt,
        /// When it was over.
        resolved_at: DateTimeFilter => Column::ResolvedAt,
    }
}

order! {
    /// How incidents are sorted.
    pub IncidentOrder by
    /// What incidents can be sorted by.
    IncidentOrderField {
        /// When it was opened.
        CreatedAt => Column::CreatedAt,
        /// When it was last changed.
        UpdatedAt => Column::UpdatedAt,
        /// How bad it is.
        Severity => Column::Severity,
        /// Its number.
        Number => Column::Number,
    }
}

filter! {
    /// Which entries of a timeline.
    pub IncidentTimelineFilter {
        /// What it tells.
        kind: EnumFilter<IncidentTimelineKind> => incident_timeline::Column::Kind,
        /// When.
        created_at: DateTimeFilter => incident_timeline::Column::CreatedAt,
    }
}
