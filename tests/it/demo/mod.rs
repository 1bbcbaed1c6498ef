//! `opsgate serve --demo`: what it promises, whom its tokens show what, and what it doesn't touch.

mod content;
mod examples;
mod refusals;
mod serving;

use tests::{Client, Database, Process, Program};

use crate::OPSGATE;

/// The command on a database that is empty, or none at all where that is SQLite: the demo makes its own file.
fn program(database: &Database) -> Program {
    Program::new(OPSGATE, database)
}

/// Whoever has the token that was printed for a kind of user.
fn client(process: &Process, role: &str) -> Client {
    let line = process.said().lines().find(|line| line.trim_start().starts_with(role));
    let line = line.unwrap_or_else(|| panic!("no token for {role}: {}", process.said()));
    process.client(line.split_whitespace().last().unwrap())
}
