use entity::{idempotency_key, retention_guard, schedule, sequence, task};

use super::{at, bytes, id, json, text};

pub fn idempotency_key() -> idempotency_key::Model {
    idempotency_key::Model {
        id: id(),
        actor: "ADMIN_USER:1".into(),
        key: "k_1".into(),
        response_path: "createIncident".into(),
        input_hash: bytes(1),
        object_id: Some(id()),
        receipt: Some(json()),
        sealed_secret: Some(text()),
        created_at: at(0),
    }
}

pub fn task() -> task::Model {
    task::Model {
        id: id(),
        kind: "export".into(),
        unique_key: Some("k_1".into()),
        payload: json(),
        state: task::TaskState::Running,
        priority: -1,
        run_at: at(0),
        attempts: 1,
        max_attempts: 5,
        epoch: 1_i64 << 40,
        lease_owner: Some("worker".into()),
        lease_until: Some(at(2)),
        progress: 50,
        message: Some(text()),
        last_error: Some(text()),
        finished_at: Some(at(3)),
        causation_id: Some(id()),
        causation_depth: Some(3),
        created_at: at(0),
        updated_at: at(1),
        version: 1,
    }
}

pub fn schedule() -> schedule::Model {
    schedule::Model {
        name: "retention".into(),
        cron: "0 3 * * *".into(),
        zone: "Europe/Zurich".into(),
        kind: "retention".into(),
        payload: json(),
        next_at: at(1),
        last_at: Some(at(0)),
        is_active: false,
        updated_at: at(0),
    }
}

pub fn sequence() -> sequence::Model {
    sequence::Model { name: "test".into(), value: i64::MAX }
}

pub fn retention_guard() -> retention_guard::Model {
    retention_guard::Model { id: 1 }
}
