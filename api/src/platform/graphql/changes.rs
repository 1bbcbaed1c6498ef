//! What changed in the schema, for those who wrote clients before.

use async_graphql::SimpleObject;
use chrono::{NaiveDate, NaiveTime};

use crate::{
    kernel::scalar::Timestamp,
    platform::rules::{self, Change, Deprecation},
};

/// What one day changed in the schema of a version.
#[derive(Debug, SimpleObject)]
pub struct SchemaChange {
    /// The version of the gateway that brings it.
    version: &'static str,
    /// The beginning of the day, in UTC.
    changed_at: Timestamp,
    /// What can be used since, as schema coordinates: fields, arguments, input fields and enum values
    /// (`Query.users`, `Query.users(filter:)`), and types without any of them.
    added: Vec<String>,
    /// What is to be removed.
    deprecated: Vec<SchemaDeprecation>,
    /// What was removed, as schema coordinates. It was deprecated before.
    removed: &'static [String],
}

/// A part of the schema that is to be removed.
#[derive(Debug, SimpleObject)]
pub struct SchemaDeprecation {
    /// Which, as a schema coordinate: `Query.users`.
    coordinate: &'static str,
    /// Why, and what to use instead.
    reason: &'static str,
    /// Until then it stays.
    removal_at: Timestamp,
}

impl From<&'static Change> for SchemaChange {
    fn from(change: &'static Change) -> Self {
        Self {
            version: &change.version,
            changed_at: beginning(change.on),
            added: change.coordinates().collect(),
            deprecated: change.deprecated.iter().map(SchemaDeprecation::from).collect(),
            removed: &change.removed,
        }
    }
}

impl From<&'static Deprecation> for SchemaDeprecation {
    fn from(deprecation: &'static Deprecation) -> Self {
        Self {
            coordinate: &deprecation.coordinate,
            reason: &deprecation.reason,
            removal_at: beginning(deprecation.removal),
        }
    }
}

fn beginning(day: NaiveDate) -> Timestamp {
    day.and_time(NaiveTime::MIN).and_utc().into()
}

/// Newest first; without those of days before the one of `since`.
pub(super) fn since(since: Option<Timestamp>) -> Vec<SchemaChange> {
    let is_new = |change: &&Change| since.is_none_or(|since| change.on >= since.0.date_naive());
    rules::changes().iter().rev().filter(is_new).map(SchemaChange::from).collect()
}
