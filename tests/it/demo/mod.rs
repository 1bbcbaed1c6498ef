//! `opsgate serve --demo`: what it promises, whom its tokens show what, and what it doesn't touch.

mod content;
mod refusals;
mod serving;

use tests::{Database, Program};

use crate::OPSGATE;

/// The command on a database that is empty, or none at all where that is SQLite: the demo makes its own file.
fn program(database: &Database) -> Program {
    Program::new(OPSGATE, database)
}
