//! The whole record of a database, read at once and checked to be whole.

use std::{collections::HashMap, time::Duration};

use entity::{audit_leaf, audit_log, event, event_position, incident, incident_timeline, log_head, outbox};
use opsgate::{
    incidents::INCIDENT,
    kernel::{log::EventCursor, record::AUDIT_LOG},
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, EntityTrait, IsolationLevel, QueryOrder, TransactionTrait,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::patiently;

/// Everything that happened, in its order.
#[derive(Debug)]
pub struct Ledger {
    log_id: Uuid,
    facts: Vec<(event::Model, audit_log::Model)>,
    /// The positions of entries.
    positions: HashMap<Uuid, usize>,
    /// The incidents that are there.
    pub incidents: Vec<incident::Model>,
    /// What is noted of them.
    pub timeline: Vec<incident_timeline::Model>,
}

impl Ledger {
    /// Waits until everything that was committed has its place, and reads it. Fails the test unless it is whole:
    ///
    /// - positions are 1…n, and leaves 0…n-1;
    /// - every event, entry, position and leaf has the other three, and the leaf is the hash of the entry's body;
    /// - every incident has an event for each of its versions, in order, and a line on its timeline for each; no event
    ///   tells of an incident that isn't there.
    pub async fn read(db: &DatabaseConnection) -> Self {
        patiently("a place for everything", Self::wait(db)).await
    }

    async fn wait(db: &DatabaseConnection) -> Self {
        loop {
            // One snapshot: a process that was killed may still have a commit under way at the server.
            let tx = db.begin_with_config(Some(IsolationLevel::RepeatableRead), None).await.unwrap();
            let rest = outbox::Entity::find().one(&tx).await.unwrap();
            if rest.is_none() {
                return Self::read_in(&tx).await;
            }
            drop(tx);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn read_in(db: &impl ConnectionTrait) -> Self {
        let head = log_head::Entity::find_by_id(1).one(db).await.unwrap().unwrap();
        let places = event_position::Entity::find().order_by_asc(event_position::Column::Position);
        let leaves = audit_leaf::Entity::find().order_by_asc(audit_leaf::Column::LeafIndex);
        let (places, leaves) = (places.all(db).await.unwrap(), leaves.all(db).await.unwrap());
        let events = event::Entity::find().all(db).await.unwrap();
        let entries = audit_log::Entity::find().all(db).await.unwrap();
        for (found, what) in [(leaves.len(), "leaves"), (events.len(), "events"), (entries.len(), "entries")]
        {
            assert_eq!(found, places.len(), "as many {what} as positions");
        }
        assert_eq!(usize::try_from(head.position).unwrap(), places.len());
        assert_eq!(usize::try_from(head.leaf).unwrap(), leaves.len());

        let mut events: HashMap<_, _> = events.into_iter().map(|event| (event.id, event)).collect();
        let mut entries: HashMap<_, _> = entries.into_iter().map(|entry| (entry.id, entry)).collect();
        let mut ledger = Self {
            log_id: head.log_id,
            facts: Vec::with_capacity(places.len()),
            positions: HashMap::with_capacity(places.len()),
            incidents: incident::Entity::find().all(db).await.unwrap(),
            timeline: incident_timeline::Entity::find().all(db).await.unwrap(),
        };
        for ((place, leaf), position) in places.into_iter().zip(leaves).zip(1..) {
            assert_eq!(place.position, position, "positions have no gaps");
            assert_eq!(leaf.leaf_index, position - 1, "leaves have no gaps");
            let event = events.remove(&place.event_id).expect("a position has its event");
            let entry = entries.remove(&event.audit_log_id).expect("an event has its entry");
            assert_eq!(entry.event_id, event.id, "an entry has its event");
            assert_eq!(leaf.audit_log_id, entry.id, "positions and leaves go together");
            let hash = Sha256::new().chain_update([0]).chain_update(&entry.body).finalize();
            assert_eq!(entry.leaf_hash, hash[..], "the hash of {} is that of its body", entry.id);
            assert_eq!(leaf.leaf_hash, hash[..], "the leaf of {} is that of its body", entry.id);
            ledger.positions.insert(entry.id, ledger.facts.len() + 1);
            ledger.facts.push((event, entry));
        }
        ledger.check_incidents();
        ledger
    }

    fn check_incidents(&self) {
        let mut versions: HashMap<_, i32> =
            self.incidents.iter().map(|incident| (INCIDENT.encode(incident.id), 0)).collect();
        for event in self.events().filter(|event| event.entity_type == "Incident") {
            let last =
                versions.get_mut(&event.entity_id).expect("an event tells of an incident that is there");
            *last += 1;
            assert_eq!(event.entity_version, Some(*last), "the changes of {} are in order", event.entity_id);
        }
        let mut lines: HashMap<_, i32> = HashMap::new();
        for line in &self.timeline {
            *lines.entry(line.incident_id).or_default() += 1;
        }
        for incident in &self.incidents {
            assert_eq!(
                versions[&INCIDENT.encode(incident.id)],
                incident.version,
                "an event for each version"
            );
            assert_eq!(lines[&incident.id], incident.version, "a line on the timeline for each version");
        }
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The events, in their order.
    pub fn events(&self) -> impl Iterator<Item = &event::Model> {
        self.facts.iter().map(|(event, _)| event)
    }

    /// The place of the entry `id` (its TypeID), from 1, and the entry itself.
    pub fn entry(&self, id: &str) -> (usize, &audit_log::Model) {
        let uuid = AUDIT_LOG.parse(id).unwrap();
        let position =
            *self.positions.get(&uuid).unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
        (position, &self.facts[position - 1].1)
    }

    /// The incident that an entry (its TypeID) is about.
    pub fn incident(&self, entry: &str) -> &incident::Model {
        let id = INCIDENT.parse(self.entry(entry).1.entity_id.as_ref().unwrap()).unwrap();
        self.incidents.iter().find(|incident| incident.id == id).unwrap()
    }

    /// The cursor of the last event.
    pub fn last(&self) -> String {
        self.cursor(self.len())
    }

    /// The cursor of a position.
    pub fn cursor(&self, position: usize) -> String {
        EventCursor::new(self.log_id, i64::try_from(position).unwrap()).to_string()
    }

    /// Fails the test unless `heard` is what somebody hears who follows the log from the place after `after`: each event
    /// once, in order, without a gap, as far as they came.
    pub fn check_heard(&self, after: usize, heard: &[Heard]) {
        let expected = &self.heard()[after..];
        let matching = heard.iter().zip(expected).take_while(|(heard, expected)| heard == expected).count();
        assert!(
            matching == heard.len(),
            "after {matching} events came {:?} instead of {:?}",
            heard.get(matching),
            expected.get(matching)
        );
    }

    /// What somebody hears who follows the log from the beginning.
    pub fn heard(&self) -> Vec<Heard> {
        let heard = |(position, event): (usize, &event::Model)| Heard {
            cursor: self.cursor(position),
            entity: event.entity_id.clone(),
            version: event.entity_version,
        };
        (1..).zip(self.events()).map(heard).collect()
    }
}

/// An event, as who follows the log hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its place in the log.
    pub cursor: String,
    /// What it is about (a TypeID).
    pub entity: String,
    /// The version of that after it.
    pub version: Option<i32>,
}
