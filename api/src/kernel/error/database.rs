//! What a failure of the database is to the caller: something that passes, or a fault.

use std::sync::Arc;

use sea_orm::{DbErr, RuntimeErr};

use super::Error;
use crate::kernel::trouble::Seldom;

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match db_fault(&error) {
            Some(message) => {
                static TOLD: Seldom = Seldom::new();
                if TOLD.is_due() {
                    tracing::warn!(%error, "the database can't answer");
                } else {
                    tracing::debug!(%error, "the database can't answer");
                }
                Self::unavailable(message)
            }
            None => Self::Internal(Arc::new(error)),
        }
    }
}

/// What the caller is told where the database is the one that can't, now.
fn db_fault(error: &DbErr) -> Option<&'static str> {
    const AWAY: &str = "the database can't be reached now";
    const FULL: &str = "the database has no room left on its disk";
    const BUSY: &str = "the database is busy: try again";
    let sqlx = match error {
        DbErr::ConnectionAcquire(_) => return Some(AWAY),
        DbErr::Conn(_) => return Some(AWAY),
        DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e)) => e,
        _ => return None,
    };
    match &**sqlx {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Some(AWAY),
        sqlx::Error::Database(e) => match e.code().as_deref() {
            // PostgreSQL's classes: 08 connection, 57P shutdown, 53 resources, 25P03 idle in transaction ended by us,
            // 57014 statement timeout, 40 serialization and deadlock. SQLite's primary codes: 5 busy, 6 locked,
            // 10 I/O, 13 full, 14 can't open.
            Some("53100" | "13") => Some(FULL),
            Some("10" | "778" | "1034" | "4874" | "14") => Some(AWAY),
            Some("5" | "6" | "261" | "262" | "517" | "40001" | "40P01" | "55P03" | "57014") => Some(BUSY),
            Some(code) if code.len() == 5 && (code.starts_with("08") || code.starts_with("57P")) => {
                Some(AWAY)
            }
            Some(code) if code.len() == 5 && code.starts_with("53") => Some(BUSY),
            Some("25P03" | "25P02") => Some(AWAY),
            _ => None,
        },
        _ => None,
    }
}
