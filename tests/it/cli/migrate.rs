//! `opsgate migrate`

use sea_orm::ConnectionTrait;
use tests::{Database, Program};

use super::{opsgate, refused, said};

/// How many migrations are applied, of how many.
async fn applied(program: &Program) -> (usize, usize) {
    let status = said(program.run(&["migrate", "status"]).await);
    let of = |state: &str| status.lines().filter(|line| line.starts_with(state)).count();
    let (applied, pending) = (of("Applied "), of("Pending "));
    assert_eq!(applied + pending, status.lines().count(), "{status}");
    (applied, applied + pending)
}

#[tokio::test]
async fn tables_go_down_and_up_again() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let (up, all) = applied(&program).await;
    assert_eq!(up, all, "the tests' databases are up to date");

    let down = program.run(&["migrate", "down", "--steps", "1"]).await;
    assert_eq!(down.stderr.lines().count(), 1, "{down:?}");
    assert!(down.stderr.starts_with("took back m2"), "{down:?}");
    assert_eq!(said(down), "");
    assert_eq!(applied(&program).await, (all - 1, all));
    let findings = said(program.run(&["doctor"]).await);
    assert!(findings.contains("ok    tables: 1 migrations are pending"), "{findings}");

    // More than there are: all of them.
    let down = program.run(&["migrate", "down", "--steps", "1000"]).await;
    assert_eq!(down.stderr.lines().count(), all - 1, "{down:?}");
    assert_eq!(applied(&program).await, (0, all));

    let up = program.run(&["migrate"]).await;
    assert_eq!(up.stderr, "the tables are up to date\n");
    assert_eq!(said(up), "");
    assert_eq!(applied(&program).await, (all, all));
    assert_eq!(program.run(&["migrate", "up"]).await.stderr, "the tables are up to date\n");
    assert!(program.serve().await.token().is_some(), "the tables are as new");
}

#[tokio::test]
async fn the_first_command_of_all_makes_what_it_needs() {
    let database = Database::create().await;
    let dir = database.dir.path().join("new").join("data");
    let mut program = opsgate(&database).with("data_dir", dir.to_str().unwrap());
    if !Database::is_postgres() {
        program = program.with("database_url", &format!("sqlite:{}", dir.join("opsgate.db").display()));
    }
    if !Database::is_postgres() {
        for asking in [&["migrate", "status"][..], &["migrate", "down", "--steps", "1"]] {
            let message = refused(program.run(asking).await);
            let expected = format!("opsgate: there is no database {}.\n", dir.join("opsgate.db").display());
            assert!(message.starts_with(&expected) && message.contains("`opsgate migrate`"), "{message}");
            assert!(!dir.exists(), "who only asks makes nothing");
        }
    }
    said(program.run(&["migrate"]).await);
    let (up, all) = applied(&program).await;
    assert_eq!(up, all);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let database = Database::create().await;
    let program = opsgate(&database).with("database_url", "postgres://me:hunter2@127.0.0.1:1/ops");
    for command in ["up", "status"] {
        let message = refused(program.run(&["migrate", command]).await);
        let expected =
            "opsgate: the database postgres://127.0.0.1:1/ops can't be used. See OPSGATE_DATABASE_URL.\n";
        assert!(message.starts_with(expected), "{message}");
        assert!(message.contains("  because: "), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[tokio::test]
async fn where_the_extension_is_missing_and_may_not_be_made_it_says_what_to_do() {
    if !Database::is_postgres() {
        return;
    }
    let database = Database::create().await;
    let sql = database.sql().await;
    let program = opsgate(&database);
    said(program.run(&["migrate", "down", "--steps", "1000"]).await);
    // Somebody who may make tables here, and no extensions.
    let (_, name) = database.url().rsplit_once('/').unwrap();
    let role = format!("{name}_role");
    for statement in [
        "DROP EXTENSION pg_trgm".to_owned(),
        "DROP TABLE seaql_migrations".to_owned(),
        format!("CREATE ROLE {role} LOGIN"),
        format!("GRANT USAGE, CREATE ON SCHEMA public TO {role}"),
    ] {
        sql.execute_unprepared(&statement).await.unwrap();
    }
    let (_, place) = database.url().split_once('@').unwrap();
    let theirs = program.with("database_url", &format!("postgres://{role}@{place}"));
    let message = refused(theirs.run(&["migrate"]).await);
    for part in [
        "PostgreSQL's extension pg_trgm, by which users are searched, isn't there and can't be created: ",
        "permission denied",
        "run CREATE EXTENSION pg_trgm",
    ] {
        assert!(message.contains(part), "{message}");
    }
    // Nothing is half done, and with the extension it goes on.
    sql.execute_unprepared("CREATE EXTENSION pg_trgm").await.unwrap();
    assert_eq!(theirs.run(&["migrate"]).await.stderr, "the tables are up to date\n");
    for statement in [format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")] {
        sql.execute_unprepared(&statement).await.unwrap();
    }
}
