//! A demo empties the database that it begins in, so it takes none that isn't its own.

use std::sync::Arc;

use entity::{audit_log, user};
use opsgate::{
    config::{Config, Overrides},
    demo::{self, Demo, DemoError, Plan},
    kernel::clock::Clock,
};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait};
use tests::{Database, TestGateway};
use uuid::Uuid;

use super::program;

/// A very short demo, on this database.
async fn load(config: &Config) -> Result<Demo, DemoError> {
    let plan = Plan { days: 1, ..Plan::month(Clock::system().now()) };
    Demo::load(config, plan).await
}

/// Why there is no demo on this database.
async fn refusal(config: &Config) -> String {
    match load(config).await {
        Err(error @ DemoError::Occupied { .. }) => error.to_string(),
        other => panic!("it isn't refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_database_that_somebody_uses_is_refused_and_left_alone() {
    let database = Arc::new(Database::create().await);
    let gateway = TestGateway::start_on(database.clone(), Overrides::default(), Clock::system()).await;
    let users = user::Entity::find().count(database.sql().await).await.unwrap();
    let message = refusal(&Config { environment: "demo".to_owned(), ..database.config() }).await;
    assert!(
        message.contains("holds data that isn't a demo's, and a demo begins by emptying its own"),
        "{message}"
    );
    assert_eq!(user::Entity::find().count(database.sql().await).await.unwrap(), users);
    gateway.owner().run("{ viewer { permissions } }").await.ok();
}

#[tokio::test]
async fn tables_of_another_program_are_refused_and_left_alone() {
    let database = Database::create().await;
    let program = program(&database);
    let steps = program.run(&["migrate", "status"]).await.stdout.lines().count().to_string();
    assert!(program.run(&["migrate", "down", "--steps", &steps]).await.status.success());
    let sql = database.sql().await;
    sql.execute_unprepared("DROP TABLE seaql_migrations").await.unwrap();
    sql.execute_unprepared("CREATE TABLE theirs (id INTEGER)").await.unwrap();
    let message = refusal(&database.config()).await;
    assert!(message.contains("holds tables of another program"), "{message}");
    sql.execute_unprepared("INSERT INTO theirs VALUES (1)").await.unwrap();
}

#[tokio::test]
async fn a_demo_makes_room_for_the_next_unless_somebody_has_made_it_theirs() {
    let database = Database::create().await;
    let config = Config { environment: "demo".to_owned(), ..database.config() };
    drop(load(&config).await.unwrap());
    drop(load(&config).await.unwrap());

    // Somebody who goes on with it and says that it is one has changed nothing of that.
    let program = program(&database).with("environment", "demo");
    let token = program.run(&["token", "create", "--name", "mine", "--permission", "incidents.read"]).await;
    assert!(token.status.success(), "{token:?}");
    drop(load(&config).await.unwrap());

    let sql = database.sql().await;
    let entry = audit_log::Entity::find().one(sql).await.unwrap().unwrap();
    let mine = audit_log::Model {
        id: Uuid::new_v4(),
        event_id: Uuid::new_v4(),
        environment: "production".to_owned(),
        ..entry
    };
    audit_log::Entity::insert(mine.into_active_model()).exec(sql).await.unwrap();
    let message = refusal(&config).await;
    assert!(message.contains("holds data that isn't a demo's"), "{message}");
}

#[tokio::test]
async fn a_demo_is_nobodys_installation() {
    let database = Database::create().await;
    drop(load(&Config { environment: "demo".to_owned(), ..database.config() }).await.unwrap());
    let program = program(&database);
    let create = ["token", "create", "--name", "mine", "--permission", "incidents.read"];
    for command in [&["serve"][..], &create] {
        let said = program.run(command).await;
        assert_eq!((said.status.code(), said.stdout.as_str()), (Some(1), ""), "{said:?}");
        assert!(
            said.stderr.contains("holds a demo, and the next `opsgate serve --demo` empties it"),
            "{said:?}"
        );
        assert!(
            said.stderr.contains("OPSGATE_DATABASE_URL") && said.stderr.contains("OPSGATE_ENVIRONMENT=demo")
        );
    }
    // Whoever says that it is one goes on with it, without a new owner.
    let going_on = program.with("environment", "demo").serve().await;
    assert_eq!(going_on.token(), None, "{}", going_on.said());
}

#[tokio::test]
async fn the_command_says_why_and_what_to_do() {
    let database = Database::create().await;
    let mut program = program(&database);
    if !Database::is_postgres() {
        // The usual file would be another one for a demo.
        let named = database.dir.path().join("real.db");
        program = program.with("database_url", &format!("sqlite:{}", named.display()));
    }
    let real = program.serve().await;
    real.terminate().await;
    real.ended().await;
    let said = program.run(&["serve", "--demo"]).await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert!(said.stderr.contains("holds data that isn't a demo's"), "{said:?}");
    assert!(said.stderr.contains("OPSGATE_DATABASE_URL"), "{said:?}");
    assert!(!said.stdout.contains("opsk_"), "{said:?}");
}

#[test]
fn a_demo_has_a_directory_and_a_database_of_its_own() {
    let config = Config::assemble(None, [], &Overrides::default()).unwrap();
    let demo = demo::configure(config.clone());
    assert_eq!(demo.data_dir, config.data_dir.join("demo"));
    assert_eq!(demo.database_url.to_string(), "sqlite:./data/demo/opsgate.db");
    assert_eq!(demo.environment, "demo");
    let elsewhere = Overrides::default().with("database_url", "postgres://db/demo");
    let named = Config::assemble(None, [], &elsewhere).unwrap();
    assert_eq!(demo::configure(named.clone()).database_url.to_string(), named.database_url.to_string());
}
