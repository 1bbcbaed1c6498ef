//! `opsgate doctor`

use std::os::unix::fs::PermissionsExt;

use sea_orm::ConnectionTrait;
use tests::{Database, Issuer, Program, Target, key_set};

use super::{opsgate, said};

/// What it finds wrong, on a line each. It fails where there is something, and only then.
async fn problems(program: &Program) -> Vec<String> {
    let finished = program.run(&["doctor"]).await;
    let lines: Vec<_> = finished.stdout.lines().map(str::to_owned).collect();
    assert!(lines.iter().all(|line| line.starts_with("ok    ") || line.starts_with("FAIL  ")), "{lines:?}");
    let problems: Vec<_> = lines.into_iter().filter(|line| line.starts_with("FAIL  ")).collect();
    assert_eq!(finished.status.code(), Some(i32::from(!problems.is_empty())), "{problems:?}");
    problems
}

#[tokio::test]
async fn a_good_installation_is_well() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let before = said(program.run(&["doctor"]).await);
    assert!(before.contains("ok    keys: will be made at the first start\n"), "{before}");
    assert!(!database.dir.path().join("sealing.key").exists(), "it changes nothing");

    let gateway = program.serve().await;
    let beside = said(program.run(&["doctor"]).await);
    drop(gateway);
    let mut expected = vec!["configuration", "data directory", "keys", "database", "tables", "sealed values"];
    if Database::is_postgres() {
        expected.extend(["clock", "fsync", "synchronous_commit", "full_page_writes"]);
    } else {
        expected.push("integrity");
    }
    expected.extend(["listen", "metrics_listen"]);
    let found: Vec<_> =
        beside.lines().map(|line| line["ok    ".len()..].split_once(':').unwrap().0).collect();
    assert_eq!(found, expected);
    assert!(beside.contains("ok    tables: up to date\n"), "{beside}");
}

#[tokio::test]
async fn what_is_not_there_yet_is_no_fault() {
    let database = Database::create().await;
    let dir = database.dir.path().join("new");
    let mut program = opsgate(&database).with("data_dir", dir.to_str().unwrap());
    if !Database::is_postgres() {
        program = program.with("database_url", &format!("sqlite:{}", dir.join("opsgate.db").display()));
    }
    assert_eq!(problems(&program).await, [""; 0]);
    assert!(!dir.exists(), "it changes nothing");
}

#[tokio::test]
async fn a_bad_database_is_found() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let away = problems(&program.with("database_url", "postgres://me:hunter2@127.0.0.1:1/ops")).await;
    let [problem] = &away[..] else { panic!("{away:?}") };
    assert!(
        problem.starts_with("FAIL  database: postgres://127.0.0.1:1/ops can't be reached: "),
        "{problem}"
    );
    assert!(problem.ends_with("Check OPSGATE_DATABASE_URL."), "{problem}");
    assert!(!problem.contains("hunter2"), "{problem}");

    let file = database.dir.path().join("notes.txt");
    std::fs::write(&file, "This is no database, but a text of more than one line.\n".repeat(100)).unwrap();
    let text = problems(&program.with("database_url", &format!("sqlite:{}", file.display()))).await;
    let [problem] = &text[..] else { panic!("{text:?}") };
    assert!(problem.contains("file is not a database"), "{problem}");

    if Database::is_postgres() {
        let db = database.sql().await;
        let (_, name) = database.url().rsplit_once('/').unwrap();
        db.execute_unprepared(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await.unwrap();
        let expected = "FAIL  synchronous_commit: is off: what was acknowledged can be lost. \
                        Turn it on in postgresql.conf.";
        assert_eq!(problems(&program).await, [expected]);
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_found() {
    let database = Database::create().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for setting in ["listen", "metrics_listen"] {
        let found = problems(&opsgate(&database).with(setting, &address.to_string())).await;
        let [problem] = &found[..] else { panic!("{found:?}") };
        assert!(
            problem.starts_with(&format!("FAIL  {setting}: {address} can't be listened on: ")),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn keys_and_a_data_directory_that_cannot_be_used_are_found() {
    let database = Database::create().await;
    let program = opsgate(&database);
    program.serve().await.kill().await;
    let dir = database.dir.path();
    for name in ["sealing.key", "jwt.key"] {
        let path = dir.join(name);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let found = problems(&program).await;
        let [problem] = &found[..] else { panic!("{found:?}") };
        let expected =
            format!("FAIL  keys: the key file {} is open to other accounts (mode 0644)", path.display());
        assert!(problem.starts_with(&expected), "{problem}");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }
    std::fs::write(dir.join("sealing.key"), "not a key").unwrap();
    let found = problems(&program).await;
    assert!(found.len() == 1 && found[0].contains("must hold 64 hexadecimal digits"), "{found:?}");
    std::fs::remove_file(dir.join("sealing.key")).unwrap();

    let file = dir.join("jwt.key");
    let found = problems(&program.with("data_dir", file.to_str().unwrap())).await;
    let expected =
        format!("FAIL  data directory: {} isn't a directory. Set OPSGATE_DATA_DIR to one.", file.display());
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn an_issuer_without_keys_is_found() {
    let database = Database::create().await;
    let mut target = Target::start().await;
    let url = format!("http://127.0.0.1:{}/jwks.json", target.port());
    let program = opsgate(&database).with("jwt_jwks", &url);
    target.answer(|answers| answers.body = key_set(&[&Issuer::rs256("a"), &Issuer::eddsa("b")]));
    let fine = said(program.run(&["doctor"]).await);
    assert!(fine.contains("ok    jwt_jwks: keys of use: 2\n"), "{fine}");

    target.answer(|answers| answers.body = key_set(&[]));
    let [problem] = &problems(&program).await[..] else { panic!("one problem") };
    assert!(problem.starts_with("FAIL  jwt_jwks: none of its keys is of use: "), "{problem}");
    target.answer(|answers| answers.status = 503);
    let expected = "FAIL  jwt_jwks: the issuer answers with the status 503. Check OPSGATE_JWT_JWKS.";
    assert_eq!(problems(&program).await, [expected]);
    target.stop().await;
    let [problem] = &problems(&program).await[..] else { panic!("one problem") };
    assert!(problem.starts_with("FAIL  jwt_jwks: ") && !problem.contains(&url), "{problem}");
}
