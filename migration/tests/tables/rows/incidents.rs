use entity::actor_kind::ActorKind;
use entity::{incident, incident_participant, incident_service, incident_timeline};

use super::{at, id, json, text};

pub fn incident() -> incident::Model {
    incident::Model {
        id: id(),
        number: "INC-2026-000042".into(),
        organization_id: id(),
        title: text(),
        description: Some(text()),
        severity: incident::IncidentSeverity::High,
        impact: Some(incident::IncidentImpact::Many),
        urgency: Some(incident::IncidentUrgency::High),
        status: incident::IncidentStatus::Investigating,
        reporter_kind: ActorKind::External,
        reporter_id: "pager".into(),
        assignee_id: Some(id()),
        commander_id: Some(id()),
        root_cause: Some(text()),
        resolution: Some(text()),
        merged_into_id: Some(id()),
        reopened_from_id: Some(id()),
        detected_at: Some(at(2)),
        acknowledged_at: Some(at(3)),
        mitigated_at: Some(at(4)),
        resolved_at: Some(at(5)),
        closed_at: Some(at(6)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

/// What `incident`, which must be there, affects.
pub fn incident_service(incident: &incident::Model) -> incident_service::Model {
    incident_service::Model {
        incident_id: incident.id,
        ordinal: 1,
        service_name: "api".into(),
        service_id: Some(id()),
        impact: Some(incident::IncidentImpact::All),
    }
}

/// Who took part in `incident`, which must be there.
pub fn incident_participant(incident: &incident::Model) -> incident_participant::Model {
    incident_participant::Model {
        incident_id: incident.id,
        actor_kind: ActorKind::AdminUser,
        actor_id: id().to_string(),
        joined_at: at(0),
    }
}

pub fn incident_timeline() -> incident_timeline::Model {
    incident_timeline::Model {
        id: id(),
        incident_id: id(),
        organization_id: id(),
        kind: incident_timeline::TimelineKind::SeverityChanged,
        actor_kind: ActorKind::AdminUser,
        actor_id: id().to_string(),
        visibility: incident_timeline::Visibility::Internal,
        body: text(),
        data: Some(json()),
        created_at: at(0),
    }
}
