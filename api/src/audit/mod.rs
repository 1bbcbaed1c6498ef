//! Audit: the record, and who may read it.

mod permissions;

pub use permissions::ALL as PERMISSIONS;
