//! Audit: the record. What was done, by whom, to what, and proof that nobody has touched it since.
//!
//! Nouns first. An *entry* is one fact: [`Tx::record`](crate::kernel::tx::Tx::record) writes it with the change itself.
//! Its *body* is canonical JSON, which is never changed; SHA-256 of it is a *leaf* of the Merkle tree. The columns
//! beside are for finding it. *Personal values* (addresses, user agents, what people wrote) aren't in the body: it holds
//! salted *commitments* to them, and they lie sealed beside it, so that they can be erased while every hash stays
//! valid. The *subject* is the person whom an entry is about, under a pseudonym.
//!
//! Whoever reads personal values is on the record themselves, before they are shown: `audit.personal.read`. So only
//! queries show them; a subscription would record its own deliveries.
//!
//! | what | where |
//! | --- | --- |
//! | tables | `audit_logs`, `audit_leaves`, `audit_personal`, `audit_subjects` |
//! | permissions | `audit.read`, `audit.read_personal` |
//! | events | `audit.personal.read` |
//!
//! Entries of other services, checkpoints and proofs, retention, full text and security alerts are still to come.

mod events;
mod graphql;
mod loaders;
mod ops;
mod permissions;
mod reads;
mod rules;
mod store;

pub use events::ALL as EVENTS;
pub use graphql::{
    ActivitySummary, AuditCategory, AuditLog, Query, Subscription, activity, activity_summary,
};
pub use permissions::{ALL as PERMISSIONS, READ};
