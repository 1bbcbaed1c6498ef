//! What changed in the schema, and when: a list that is kept beside the code that it is about.
//!
//! It is `changes.json`, oldest first: of each day of a version, what it added, by type: fields, their arguments, input
//! fields and enum values. The schema only grows. What is to go is deprecated, with a reason and the day from which on
//! it may go, and goes no sooner. `tests/it/changes.rs` holds the list against the schema, and says how to bring it up
//! to date.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use chrono::NaiveDate;
use serde::Deserialize;

/// What one day of a version changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Change {
    /// The day, in UTC.
    pub on: NaiveDate,
    /// The version of the gateway that brings it.
    pub version: String,
    /// The members that were added, by their type; none of a type that has none.
    #[serde(default)]
    pub added: BTreeMap<String, BTreeSet<String>>,
    /// What is to be removed.
    #[serde(default)]
    pub deprecated: Vec<Deprecation>,
    /// What was removed: coordinates such as `Query.users`.
    #[serde(default)]
    pub removed: Vec<String>,
}

/// Something that is to be removed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Deprecation {
    /// What: `Query.users`.
    pub coordinate: String,
    /// Why, and what to use instead: as the schema says it.
    pub reason: String,
    /// The first day on which it may be removed.
    pub removal: NaiveDate,
}

impl Change {
    /// What it added, type by type: `Query.users`, `Query.users(filter:)`, and the types without members.
    pub fn coordinates(&self) -> impl Iterator<Item = String> {
        self.added.iter().flat_map(|(ty, members)| {
            let alone = members.is_empty().then(|| ty.clone());
            alone.into_iter().chain(members.iter().map(move |member| format!("{ty}.{member}")))
        })
    }
}

static CHANGES: LazyLock<Vec<Change>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("changes.json")).expect("changes.json is a list of changes")
});

/// All of them, oldest first.
pub fn changes() -> &'static [Change] {
    &CHANGES
}
