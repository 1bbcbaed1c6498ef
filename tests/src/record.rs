//! What went on the record: events, audit entries, their places in the log and in the tree.

use entity::{audit_leaf, audit_log, audit_personal, event, event_position, outbox};
use opsgate::kernel::{
    leaf,
    log::EventCursor,
    record::{AUDIT_LOG, EVENT},
    secret::Aad,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Answer, TestGateway};

/// A fact on the record, with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its place in the log.
    pub position: i64,
    /// Its event.
    pub event: event::Model,
    /// Its entry.
    pub entry: audit_log::Model,
    /// The entry's body.
    pub body: Value,
    /// What was moved out of the body: path and value.
    pub personal: Vec<(String, Value)>,
    /// Every text that the database holds of it.
    stored: String,
}

impl Fact {
    /// Whether a text stands in clear in anything that is kept of it.
    pub fn shows(&self, text: &str) -> bool {
        self.stored.contains(text)
    }

    /// The personal value at a path.
    pub fn personal(&self, path: &str) -> Option<&Value> {
        self.personal.iter().find(|(at, _)| at == path).map(|(_, value)| value)
    }
}

impl TestGateway {
    /// Waits until whatever was committed has its place in the log.
    pub async fn sequenced(&self) {
        let db = self.kernel().db().reader();
        let mut moved = self.kernel().hub().watch();
        while outbox::Entity::find().one(db).await.unwrap().is_some() {
            moved.changed().await.unwrap();
        }
    }

    /// How many facts are on the record.
    pub async fn recorded(&self) -> usize {
        self.sequenced().await;
        let places = event_position::Entity::find().all(self.kernel().db().reader()).await.unwrap();
        places.len()
    }

    /// The facts beyond the first `seen`, in their order. Each is whole: the entry's hash is that of its body and
    /// stands in the tree, its commitments are those of the personal values, event and entry say the same.
    pub async fn facts(&self, seen: usize) -> Vec<Fact> {
        self.sequenced().await;
        let db = self.kernel().db().reader();
        let places = event_position::Entity::find()
            .filter(event_position::Column::Position.gt(i64::try_from(seen).unwrap()))
            .order_by_asc(event_position::Column::Position)
            .all(db)
            .await
            .unwrap();
        let mut facts = Vec::new();
        for (place, expected) in places.into_iter().zip(seen + 1..) {
            assert_eq!(usize::try_from(place.position).unwrap(), expected, "positions have no gaps");
            facts.push(self.fact(place).await);
        }
        facts
    }

    /// The fact that an answer's receipt proves.
    pub async fn proved(&self, answer: &Answer) -> Fact {
        let facts = self.facts(0).await;
        let id = AUDIT_LOG.parse(answer.text("/receipt/auditLogId")).unwrap();
        let fact = facts.into_iter().find(|fact| fact.entry.id == id).expect("the receipt's entry is there");
        assert_eq!(answer.text("/receipt/leafHash"), hex::encode(&fact.entry.leaf_hash));
        let cursor = EventCursor::new(self.kernel().log_id(), fact.position).to_string();
        // The answer waits for its cursor, but not for long.
        assert!(*answer.at("/receipt/cursor") == cursor || answer.at("/receipt/cursor").is_null());
        let committed_at = answer.text("/receipt/committedAt");
        assert_eq!(committed_at, fact.body["occurredAt"]);
        fact
    }

    async fn fact(&self, place: event_position::Model) -> Fact {
        let db = self.kernel().db().reader();
        let event = event::Entity::find_by_id(place.event_id).one(db).await.unwrap().unwrap();
        let entry = audit_log::Entity::find_by_id(event.audit_log_id).one(db).await.unwrap().unwrap();
        let leaf = audit_leaf::Entity::find()
            .filter(audit_leaf::Column::AuditLogId.eq(entry.id))
            .one(db)
            .await
            .unwrap()
            .expect("every entry is a leaf");
        // Places and leaves are given together.
        assert_eq!(leaf.leaf_index + 1, place.position);
        let hash = Sha256::new().chain_update([0]).chain_update(&entry.body).finalize();
        assert_eq!(entry.leaf_hash, hash[..]);
        assert_eq!(leaf.leaf_hash, hash[..]);

        let body = leaf::parse_unique(&entry.body).expect("a body is JSON without duplicate keys");
        assert_eq!(body["id"], AUDIT_LOG.encode(entry.id));
        assert_eq!(body["eventId"], EVENT.encode(event.id));
        assert_eq!(entry.event_id, event.id);
        assert_eq!(body["eventType"], event.event_type);
        assert_eq!(body["action"], entry.action);
        assert_eq!(body["actor"]["id"], event.actor_id);
        assert_eq!(body["entity"]["id"], event.entity_id);
        assert_eq!(entry.entity_id.as_deref(), Some(&*event.entity_id));
        assert_eq!(entry.occurred_at, event.occurred_at);
        assert_eq!(body.get("data").unwrap_or(&Value::Null), &event.payload);

        let rows = audit_personal::Entity::find()
            .filter(audit_personal::Column::AuditLogId.eq(entry.id))
            .order_by_asc(audit_personal::Column::Path)
            .all(db)
            .await
            .unwrap();
        let mut stored = format!("{} {} {:?} {:?}", entry.body, event.payload, event.before, event.after);
        let mut personal = Vec::new();
        for row in &rows {
            let aad = Aad { table: "audit_personal", row: entry.id };
            let opened = self.kernel().keys().open(&row.sealed, aad).unwrap();
            let value: Value = serde_json::from_slice(&opened).unwrap();
            let salt = row.salt.as_slice().try_into().unwrap();
            assert_eq!(body["personal"][&row.path], leaf::commit(salt, &row.path, &value).unwrap());
            stored.push_str(&row.sealed);
            personal.push((row.path.clone(), value));
        }
        let committed = body["personal"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(committed, rows.len(), "each commitment has its value, and each value its commitment");
        Fact { position: place.position, event, entry, body, personal, stored }
    }
}
