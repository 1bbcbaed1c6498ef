//! Where a demo lives: in a directory and a database of its own. It begins anew with each start, so it takes nothing that
//! could be anybody's: an empty database, or one whose whole log is a demo's.

use ::entity::{audit_log, log_head, outbox};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::DemoError;
use crate::{
    app::{self, StartError},
    config::{Config, DatabaseUrl},
    kernel::{
        db::Db,
        error::{Error, Result},
    },
    platform::{self, DEMO},
};

/// The configuration of a demo: as `config`, away from whatever that is about.
pub fn configure(config: Config) -> Config {
    let data_dir = config.data_dir.join(DEMO);
    let is_named = config.database_url.to_string() != DatabaseUrl::within(&config.data_dir).to_string();
    let database_url = if is_named { config.database_url } else { DatabaseUrl::within(&data_dir) };
    Config { data_dir, database_url, environment: DEMO.to_owned(), ..config }
}

/// Empties the database of `config` for a new demo.
///
/// # Errors
/// Where it holds anything that isn't a demo's, or can't be used.
pub async fn make_room(config: &Config) -> Result<(), DemoError> {
    let db = match app::connect(config).await {
        Err(StartError::NoDatabase(_)) => {
            // The first demo.
            app::open_database(config).await?.close().await;
            return Ok(());
        }
        connected => connected?,
    };
    let outcome = take(&db, config).await;
    db.close().await;
    outcome
}

async fn take(db: &Db, config: &Config) -> Result<(), DemoError> {
    if let Some(what) = occupant(db).await? {
        return Err(DemoError::Occupied { url: config.database_url.to_string(), what });
    }
    let failed = |error| DemoError::Kernel(Error::from(error));
    if db.has_tables().await.map_err(failed)? {
        migration::down(db.writer(), None).await.map_err(failed)?;
    }
    migration::up(db.writer()).await.map_err(failed)
}

/// What is in the way; nothing where the database is empty or a demo's.
async fn occupant(db: &Db) -> Result<Option<&'static str>> {
    if !db.has_tables().await? {
        return Ok(None);
    }
    let steps = migration::status(db.writer()).await?;
    let is_applied = |step: &migration::Migration| step.status() == migration::MigrationStatus::Applied;
    if !steps.iter().all(is_applied) {
        return Ok(Some(if steps.iter().any(is_applied) {
            "tables of another version of Opsgate"
        } else {
            "tables of another program"
        }));
    }
    let reader = db.reader();
    let head = log_head::Entity::find_by_id(1).one(reader).await?;
    let waiting = outbox::Entity::find().one(reader).await?;
    if head.is_some_and(|head| head.position == 0) && waiting.is_none() {
        // Whatever is written leaves an event.
        return Ok(None);
    }
    let foreign = audit_log::Entity::find().filter(audit_log::Column::Environment.ne(DEMO)).one(reader);
    let is_demo = platform::is_demo(reader).await? && foreign.await?.is_none();
    Ok((!is_demo).then_some("data that isn't a demo's"))
}
