//! The audit leaf: the exact bytes of an audit entry that are hashed.
//!
//! A [`Leaf`] is written down once, as canonical JSON (JCS, RFC 8785), and its text is kept; [`leaf_hash`] of it is a
//! leaf of the Merkle tree (RFC 6962). The form is version 1 and **frozen**: the tests hold a golden leaf, and any
//! change of what is written is a new version beside this one.
//!
//! Two things keep the text true to what was recorded. JSON numbers are doubles to JCS, so that an integer which a
//! double can't hold exactly is written as a string. And a person's data isn't in it: payloads mark it as
//! [`Personal`], [`lift_personal`] takes it out, and the leaf holds a salted [commitment](commit) to it, so that it
//! can be erased while every hash stays valid.

mod json;
mod personal;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use json::parse_unique;
pub use personal::{Personal, lift_personal, unmark};

/// The version of the form, `v` in the leaf.
const VERSION: u8 = 1;

/// How deep `data` may be nested. With the leaf around it that is less than the 128 levels at which common parsers
/// stop, so that whatever was written can be read.
const MAX_DEPTH: usize = 100;

/// Why a leaf can't be written.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// RFC 3339 has four digits for the year.
    #[error("the year {0} can't be written in RFC 3339")]
    Year(i32),
    /// The data is nested more than 100 levels deep.
    #[error("the data has no canonical form: {0}")]
    Json(#[from] serde_json::Error),
}

/// An audit entry as it is hashed. What is absent is left out. The fields, and those within, stand in the order of JCS: then
/// serde's text is the canonical one, and the library has only to sort what is free in form.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leaf {
    /// What was done: `INCIDENT_ACKNOWLEDGE`.
    pub action: String,
    /// Who did it.
    pub actor: LeafActor,
    /// The part of the record that it belongs to.
    pub category: String,
    /// What ties it to entries of other requests and services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The facts, without secrets and personal values; at most 100 levels deep. Integers beyond ±(2⁵³ − 1) are
    /// written as strings, other numbers as JCS has them.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "json::canonical_option")]
    pub data: Option<Value>,
    /// What it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<LeafEntity>,
    /// The TypeID of the event that it records.
    pub event_id: String,
    /// `monitoring.incident.acknowledged`
    pub event_type: String,
    /// The entry's TypeID.
    pub id: String,
    /// The id of the one who acted in the actor's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impersonator: Option<String>,
    /// When it happened. Written in RFC 3339, UTC, with six digits of a second and `Z`.
    #[serde(serialize_with = "micros")]
    pub occurred_at: DateTime<Utc>,
    /// Whose it is; absent for the platform's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// The [commitments](commit) to the personal values, by their path.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "json::canonical_option")]
    pub personal: Option<Value>,
    /// The request that it was part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The service that did it.
    pub service_name: String,
    /// How much attention it deserves.
    pub severity: String,
    /// The pseudonym of the person whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// Who did it, in a [`Leaf`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeafActor {
    /// The actor's id among its sort.
    pub id: String,
    /// What sort of actor: a user, a token, the system.
    pub kind: String,
}

/// What it was done to, in a [`Leaf`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeafEntity {
    /// Its TypeID.
    pub id: String,
    /// The GraphQL type: `Incident`. Written as `type`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Leaf {
    /// The canonical text, version 1: JCS of the fields and `v`.
    ///
    /// # Errors
    /// [`LeafError`], where the year hasn't four digits or the data is nested too deep.
    pub fn canonical(&self) -> Result<String, LeafError> {
        #[derive(Serialize)]
        struct Versioned<'a> {
            #[serde(flatten)]
            leaf: &'a Leaf,
            v: u8,
        }
        if !(0..=9999).contains(&self.occurred_at.year()) {
            return Err(LeafError::Year(self.occurred_at.year()));
        }
        Ok(serde_json::to_string(&Versioned { leaf: self, v: VERSION })?)
    }
}

fn micros<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// The hash of a leaf: SHA-256(0x00 ‖ `canonical`), RFC 6962, section 2.1. The zero byte keeps leaves apart from the
/// inner nodes of the tree.
pub fn leaf_hash(canonical: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(canonical).finalize().into()
}

/// The canonical bytes of a value: JCS, with integers as in [`Leaf::data`], so that no two values have the same.
///
/// # Errors
/// [`LeafError::Json`], where the value is nested too deep.
pub fn canonical_json(value: &Value) -> Result<Vec<u8>, LeafError> {
    Ok(serde_json_canonicalizer::to_vec(&json::Exact::new(value))?)
}

/// The commitment to the personal value at `path`: HMAC-SHA-256 under `salt` of `path` ‖ 0x00 ‖ JCS(`value`), in
/// lower-case hexadecimal digits. Integers are treated as in [`Leaf::data`]. A random salt for each value makes it
/// impossible to guess the value from it, once the salt is gone.
///
/// # Errors
/// [`LeafError::Json`], where the value is nested too deep.
pub fn commit(salt: &[u8; 32], path: &str, value: &Value) -> Result<String, LeafError> {
    let value = canonical_json(value)?;
    let mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes keys of any length");
    // Not ambiguous: a path has no zero byte, since keys with control characters are escaped in it.
    let mac = mac.chain_update(path).chain_update([0]).chain_update(value);
    Ok(hex::encode(mac.finalize().into_bytes()))
}
