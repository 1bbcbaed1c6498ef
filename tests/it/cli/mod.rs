//! The command line, as people and scripts meet it.

mod admin;
mod allow;
mod configuration;
mod doctor;
mod documents;
mod migrate;
mod serve;
mod subscribe;
mod tls;
mod token;

use tests::{Database, Finished, Program};

use crate::OPSGATE;

/// The command on a database.
fn opsgate(database: &Database) -> Program {
    Program::new(OPSGATE, database)
}

/// Standard output of a command that succeeded.
#[track_caller]
fn said(finished: Finished) -> String {
    assert!(finished.status.success(), "{finished:?}");
    finished.stdout
}

/// Standard error of a command that failed. A script that reads standard output gets nothing to mistake for an answer.
#[track_caller]
fn refused(finished: Finished) -> String {
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert_eq!(finished.stdout, "");
    finished.stderr
}

#[tokio::test]
async fn the_schema_is_printed_without_a_database() {
    let database = Database::create().await;
    let program = opsgate(&database).with("database_url", "postgres://127.0.0.1:1/nowhere");
    let committed = std::fs::read_to_string(tests::workspace().join("schema.graphql")).unwrap();
    assert!(said(program.run(&["schema"]).await) == committed, "schema.graphql differs from what is printed");
}

#[tokio::test]
async fn whoever_has_read_enough_ends_a_command_without_a_complaint() {
    let mut schema = std::process::Command::new(OPSGATE)
        .arg("schema")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // It is longer than a pipe holds.
    drop(schema.stdout.take());
    let ended = schema.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}
