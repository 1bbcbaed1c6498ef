//! The cluster: its two databases, and what it logs.
//!
//! The gateway has one database and pgbench a copy of it, so that neither finds the other's rows, and the gateway's
//! sequencer has nothing to do while pgbench runs.

use std::path::PathBuf;

use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use crate::Result;

/// The gateway's database.
const GATEWAY: &str = "opsgate_bench";
/// pgbench's.
const YARDSTICK: &str = "opsgate_yardstick";
const SEED: &str = include_str!("../seed.sql");

/// A cluster of one's own.
pub struct Postgres {
    server: String,
    /// The server's log.
    pub log: PathBuf,
}

impl Postgres {
    /// The cluster at `server`, the URL of one of its databases.
    pub fn new(server: &str, log: PathBuf) -> Self {
        let server = server.rsplit_once('/').map_or(server, |(server, _)| server);
        Self { server: server.to_owned(), log }
    }

    /// Where the gateway finds its database.
    pub fn gateway(&self) -> String {
        format!("{}/{GATEWAY}", self.server)
    }

    /// Where pgbench finds its.
    pub fn yardstick(&self) -> String {
        format!("{}/{YARDSTICK}", self.server)
    }

    /// Makes the gateway's database. Each line of the log says whose session it is of.
    pub async fn create(&self) -> Result<()> {
        self.run("postgres", "ALTER SYSTEM SET log_line_prefix = '%a|%c|'").await?;
        self.run("postgres", &format!("CREATE DATABASE {GATEWAY}")).await
    }

    /// Fills the gateway's database and makes pgbench's from it. Nobody may be connected.
    pub async fn seed(&self) -> Result<()> {
        self.run(GATEWAY, SEED).await?;
        self.run(GATEWAY, "VACUUM ANALYZE").await?;
        self.run("postgres", &format!("CREATE DATABASE {YARDSTICK} TEMPLATE {GATEWAY}")).await
    }

    /// Begins a series of runs: the log of changes is written out, and nobody has sequenced pgbench's events.
    pub async fn rest(&self) -> Result<()> {
        self.run(YARDSTICK, "TRUNCATE outbox").await?;
        self.run("postgres", "CHECKPOINT").await
    }

    /// Logs every statement from now on, or none.
    pub async fn log_statements(&self, which: &str) -> Result<()> {
        self.run("postgres", &format!("ALTER SYSTEM SET log_statement = '{which}'")).await?;
        self.run("postgres", "SELECT pg_reload_conf()").await
    }

    /// The process that all others of the cluster are children of.
    pub fn postmaster(&self) -> Result<u32> {
        let pid = std::fs::read_to_string(self.log.with_file_name("postmaster.pid"))?;
        Ok(pid.lines().next().unwrap_or_default().trim().parse()?)
    }

    async fn run(&self, database: &str, sql: &str) -> Result<()> {
        let mut connection = PgConnection::connect(&format!("{}/{database}", self.server)).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }
}

/// What a program printed; an error where it failed.
pub async fn output(command: &mut Command) -> Result<String> {
    let output = command.output().await?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
