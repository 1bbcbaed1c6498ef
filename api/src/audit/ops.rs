//! Commands: that personal values were read goes on the record.

use std::collections::HashMap;

use uuid::Uuid;

use super::events;
use crate::kernel::tx::Tx;

/// Somebody's reading of the personal values of one entry.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The entry.
    pub entry: Uuid,
    /// Whose entry it is.
    pub organization_id: Uuid,
    /// The pseudonym of the person whom it is about.
    pub subject: Option<String>,
    /// What the client calls its operation.
    pub operation: Option<String>,
    /// The field that was selected, as a path from the operation's root: `auditLogs.nodes.personal`.
    pub path: String,
}

/// Records `readings`. `users` are the people behind the pseudonyms, as far as they are known still.
pub fn record_readings(tx: &mut Tx, readings: &[Reading], users: &HashMap<String, Uuid>) {
    tx.record_many(readings.iter().map(|reading| {
        let subject = reading.subject.as_ref().and_then(|pseudonym| users.get(pseudonym)).copied();
        events::personal_read(
            reading.entry,
            reading.organization_id,
            subject,
            reading.operation.as_deref(),
            &reading.path,
        )
    }));
}
