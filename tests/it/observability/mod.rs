//! What a gateway tells of itself: metrics, spans and its log; and that none of them tells what people wrote.

mod metrics;
mod secrets;
mod spans;

use tests::{Database, Program};

use crate::OPSGATE;

/// The command on a database.
fn opsgate(database: &Database) -> Program {
    Program::new(OPSGATE, database)
}
