use entity::actor_kind::ActorKind;
use entity::{
    audit_leaf, audit_log, audit_personal, audit_subject, dead_letter, event, event_position, log_head,
    outbox, reactor_cursor,
};

use super::{at, bytes, id, json, text};

pub fn audit_log() -> audit_log::Model {
    audit_log::Model {
        id: id(),
        event_id: id(),
        service_name: "opsgate".into(),
        event_type: "incident.created".into(),
        category: audit_log::AuditCategory::Incident,
        severity: audit_log::AuditSeverity::Critical,
        action: "INCIDENT_CREATE".into(),
        outcome: audit_log::AuditOutcome::Denied,
        actor_kind: ActorKind::ApiToken,
        actor_id: id().to_string(),
        impersonator_id: Some(id().to_string()),
        entity_type: Some("Incident".into()),
        entity_id: Some(id().to_string()),
        organization_id: id(),
        subject: Some("p_1".into()),
        request_id: Some("r_1".into()),
        correlation_id: Some("c_1".into()),
        environment: "test".into(),
        surface: audit_log::AuditSurface::Console,
        occurred_at: at(0),
        received_at: at(1),
        body: json().to_string(),
        leaf_hash: bytes(1),
    }
}

pub fn audit_personal() -> audit_personal::Model {
    audit_personal::Model { audit_log_id: id(), path: "$.reason".into(), salt: bytes(1), sealed: text() }
}

pub fn audit_subject() -> audit_subject::Model {
    audit_subject::Model { pseudonym: "p_1".into(), user_id: id() }
}

pub fn audit_leaf() -> audit_leaf::Model {
    audit_leaf::Model { leaf_index: 0, audit_log_id: id(), leaf_hash: bytes(1) }
}

pub fn event() -> event::Model {
    event::Model {
        id: id(),
        event_type: "incident.created".into(),
        payload_version: 1,
        category: audit_log::AuditCategory::Incident,
        occurred_at: at(0),
        actor_kind: ActorKind::AdminUser,
        actor_id: id().to_string(),
        impersonator_id: Some(id().to_string()),
        entity_type: "Incident".into(),
        entity_id: id().to_string(),
        entity_version: Some(1),
        organization_id: id(),
        correlation_id: Some("c_1".into()),
        causation_id: Some(id()),
        depth: 16,
        audit_log_id: id(),
        payload: json(),
        before: Some(json()),
        after: Some(json()),
    }
}

pub fn event_position() -> event_position::Model {
    event_position::Model { position: i64::MAX, event_id: id() }
}

pub fn outbox() -> outbox::Model {
    outbox::Model { seq: 1_i64 << 40, event_id: id(), audit_log_id: id(), leaf_hash: bytes(1) }
}

/// A second row; the migration makes the first.
pub fn log_head() -> log_head::Model {
    log_head::Model { id: 2, log_id: id(), position: i64::MAX, leaf: i64::MAX - 1, horizon: 1 }
}

pub fn reactor_cursor() -> reactor_cursor::Model {
    reactor_cursor::Model {
        name: "alerting".into(),
        position: 7,
        failing_position: Some(8),
        failures: 2,
        updated_at: at(0),
    }
}

pub fn dead_letter() -> dead_letter::Model {
    dead_letter::Model {
        id: id(),
        reactor: "alerting".into(),
        position: 8,
        event_id: id(),
        error: text(),
        created_at: at(0),
    }
}
