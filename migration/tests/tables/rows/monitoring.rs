use entity::actor_kind::ActorKind;
use entity::list::IdList;
use entity::{alert, probe_result, service, service_status};

use super::{at, id, json, text};

pub fn service() -> service::Model {
    service::Model {
        id: id(),
        organization_id: id(),
        name: "api".into(),
        description: Some(text()),
        tier: 1,
        owner: Some("platform".into()),
        depends_on: IdList(vec![id(), id()]),
        probe: Some(json()),
        maintenance_until: Some(at(2)),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

pub fn service_status() -> service_status::Model {
    service_status::Model {
        service_id: id(),
        state: service_status::ServiceState::Degraded,
        state_since: at(0),
        consecutive_failures: 1,
        consecutive_successes: 0,
        last_check_at: Some(at(1)),
        response_time_ms: Some(120),
        last_error: Some(text()),
        updated_at: at(1),
        version: 1,
    }
}

pub fn probe_result() -> probe_result::Model {
    probe_result::Model {
        id: id(),
        service_id: id(),
        at: at(0),
        outcome: probe_result::ProbeOutcome::Failed,
        response_time_ms: Some(120),
        status_code: Some(503),
        error: Some(text()),
    }
}

pub fn alert() -> alert::Model {
    alert::Model {
        id: id(),
        organization_id: id(),
        source: "probe".into(),
        dedup_key: "api down".into(),
        status: alert::AlertStatus::Acknowledged,
        severity: alert::AlertSeverity::Critical,
        title: text(),
        description: Some(text()),
        labels: serde_json::json!({"region": "eu"}),
        service_id: Some(id()),
        incident_id: Some(id()),
        count: 3,
        first_seen_at: at(0),
        last_seen_at: at(1),
        acknowledged_at: Some(at(2)),
        acknowledged_by_kind: Some(ActorKind::AdminUser),
        acknowledged_by_id: Some(id().to_string()),
        resolved_at: Some(at(3)),
        resolved_by_kind: Some(ActorKind::System),
        resolved_by_id: Some("prober".into()),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}
