//! A configuration with a mistake: the message names the setting, where it stands, and what it takes.

use tests::Database;

use super::{opsgate, refused};

const TAKES: &str = "isn't accepted; workers takes a whole number from 1 to 1024";

#[tokio::test]
async fn a_mistake_is_named_with_its_place_and_what_is_accepted() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let in_environment = program.with("workers", "many").run(&["serve"]).await;
    assert_eq!(
        refused(in_environment),
        format!("opsgate: environment variable OPSGATE_WORKERS: \"many\" {TAKES}\n")
    );
    let in_flag = program.run(&["--workers", "0", "doctor"]).await;
    assert_eq!(refused(in_flag), format!("opsgate: flag --workers: \"0\" {TAKES}\n"));

    // The file that is named, and the one that is found where the command runs.
    let file = database.dir.path().join("named.toml");
    std::fs::write(&file, "workers = 2000\n").unwrap();
    let named = refused(program.run(&["--config", file.to_str().unwrap(), "migrate"]).await);
    assert_eq!(named, format!("opsgate: workers in {}: 2000 {TAKES}\n", file.display()));
    std::fs::write(database.dir.path().join("opsgate.toml"), "listn = \"127.0.0.1:8080\"\n").unwrap();
    let found = refused(program.run(&["token", "create", "--name", "a", "--permission", "*"]).await);
    assert_eq!(found, "opsgate: listn in opsgate.toml: there is no such setting; did you mean listen?\n");
}

#[tokio::test]
async fn a_file_that_is_named_has_to_be_there() {
    let database = Database::create().await;
    let message = refused(opsgate(&database).run(&["--config", "elsewhere.toml", "serve"]).await);
    assert!(
        message.starts_with("opsgate: the configuration file elsewhere.toml can't be read: "),
        "{message}"
    );
}

#[tokio::test]
async fn a_secret_with_a_mistake_is_not_repeated() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let message = refused(program.with("jwt_secret", "hunter2").run(&["serve"]).await);
    assert!(
        message.starts_with("opsgate: environment variable OPSGATE_JWT_SECRET: the value isn't"),
        "{message}"
    );
    assert!(!message.contains("hunter2"));
    let message = refused(program.with("database_url", "mysql://me:hunter2@db/ops").run(&["doctor"]).await);
    assert!(message.contains("database_url takes sqlite:PATH or postgres://"), "{message}");
    assert!(!message.contains("hunter2"));
}
