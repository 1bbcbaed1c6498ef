//! `opsgate serve`: what it prints, and when it refuses to start.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tests::Database;

use super::{opsgate, refused};

#[tokio::test]
async fn the_first_start_prints_invitation_and_address_once_and_the_second_no_secret() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let first = program.start(&[]).await;
    let address = first.address();
    let (before, rest) = first.said().split_once("opsi_").unwrap();
    let (token, after) = rest.split_once('\n').unwrap();
    assert_eq!(
        before,
        format!(
            "This is the first start. Set the owner's password and second factor here, within three days. The link is \
             shown this once:\n\n    http://{address}/graphql#invitation="
        )
    );
    assert_eq!(after, format!("\nOpsgate listens on http://{address}/graphql\n"));
    let input = json!({ "token": format!("opsi_{token}"), "password": "correct 17 gazelles" });
    first.nobody().mutate("invitationAccept", input, "tokens { isEnrolmentRequired }").await.ok();
    let owner_token = program.owner_token().await;
    let first_log = first.log();
    first.terminate().await;
    assert_eq!(first.ended().await.1, "", "and nothing more");

    let second = program.serve().await;
    assert_eq!(second.said(), format!("Opsgate listens on http://{}/graphql\n", second.address()));
    second.client(&owner_token).run("{ viewer { permissions } }").await.ok();
    for log in [first_log, second.log()] {
        assert!(!log.contains("opsk_") && !log.contains("opsi_"), "{log}");
    }
}

#[tokio::test]
async fn a_second_gateway_on_one_data_directory_is_refused() {
    let database = Database::create().await;
    if Database::is_postgres() {
        // Many processes share a database there.
        return;
    }
    let program = opsgate(&database);
    let first = program.serve().await;
    let message = refused(program.run(&["serve"]).await);
    let dir = database.dir.path().display();
    assert_eq!(
        message,
        format!(
            "opsgate: another gateway runs on the data directory {dir}: SQLite has one writer.\n\
             Stop it, or use PostgreSQL.\n"
        )
    );
    // The first doesn't mind, and whoever was killed stands in nobody's way.
    first.client(first.token().unwrap()).run("{ viewer { permissions } }").await.ok();
    first.kill().await;
    program.serve().await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let database = Database::create().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for setting in ["listen", "metrics_listen"] {
        let message = refused(opsgate(&database).with(setting, &address.to_string()).run(&["serve"]).await);
        let expected = format!("opsgate: {setting} {address} can't be listened on: ");
        assert!(message.starts_with(&expected), "{message}");
        assert!(message.ends_with("\nStop what uses it, or set another address.\n"), "{message}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_named_with_the_reason() {
    let database = Database::create().await;
    let nowhere = format!("sqlite:{}", database.dir.path().join("no/where.db").display());
    for (url, shown, why) in [
        (nowhere.as_str(), nowhere.as_str(), "No such file or directory"),
        ("postgres://me:hunter2@127.0.0.1:1/ops", "postgres://127.0.0.1:1/ops", "Connection refused"),
    ] {
        let message = refused(opsgate(&database).with("database_url", url).run(&["serve"]).await);
        let begins = format!("opsgate: the database {shown} can't be used. See OPSGATE_DATABASE_URL.\n");
        assert!(message.starts_with(&begins) && message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused() {
    let database = Database::create().await;
    let program = opsgate(&database);
    program.serve().await.kill().await;
    for name in ["sealing.key", "jwt.key"] {
        let path = database.dir.path().join(name);
        let permissions = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        permissions(0o640);
        let message = refused(program.run(&["serve"]).await);
        assert!(
            message.contains(&format!("the key file {} is open to other accounts", path.display())),
            "{message}"
        );
        assert!(message.contains(&format!("chmod 600 {}", path.display())), "{message}");
        permissions(0o600);
    }
    program.serve().await;
}
