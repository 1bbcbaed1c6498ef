//! The gateway's status, and what changed in the schema.

mod changes;

use std::time::Instant;

use async_graphql::{Context, Enum, Object, SimpleObject};

use self::changes::SchemaChange;
use crate::kernel::{
    error::Result,
    request::{Request, RequestExt},
    scalar::Timestamp,
    status,
};

/// The reads of the platform.
#[derive(Debug, Default)]
pub struct Query;

#[macros::query(name = "PlatformQuery")]
impl Query {
    /// How the gateway itself is doing: the process that answers, and what all processes share.
    #[requires("system.health.view")]
    async fn gateway_status(&self) -> GatewayStatus {
        GatewayStatus
    }

    /// What changed in the schema, newest first. It only grows: what is to go is deprecated first, and stays for 90 days
    /// at least.
    #[authenticated]
    async fn schema_changes(
        &self,
        #[graphql(desc = "Only what changed on the day (UTC) of this time, or later.")] since: Option<
            Timestamp,
        >,
    ) -> Vec<SchemaChange> {
        changes::since(since)
    }
}

/// How the gateway is doing. Each part is read only where it is selected; one that can't be read is null.
#[derive(Debug)]
pub struct GatewayStatus;

/// How the gateway is doing. Each part is read only where it is selected; one that can't be read is null.
#[Object]
impl GatewayStatus {
    /// The version of the process that answers.
    async fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// What this installation is called in its audit entries.
    async fn environment(&self, ctx: &Context<'_>) -> String {
        ctx.request().kernel().environment().to_owned()
    }

    /// When the process that answers started.
    async fn started_at(&self, ctx: &Context<'_>) -> Timestamp {
        ctx.request().kernel().started_at().into()
    }

    /// For how long it has been running.
    async fn uptime_seconds(&self, ctx: &Context<'_>) -> i64 {
        let kernel = ctx.request().kernel();
        (kernel.clock().now() - kernel.started_at()).num_seconds().max(0)
    }

    /// The database.
    async fn database(&self, ctx: &Context<'_>) -> DatabaseStatus {
        let request = ctx.request();
        let asked = Instant::now();
        let is_reachable = status::ping(&request.conn()).await.is_ok();
        DatabaseStatus {
            kind: if request.kernel().db().is_postgres() {
                DatabaseKind::Postgresql
            } else {
                DatabaseKind::Sqlite
            },
            is_reachable,
            latency_ms: is_reachable.then(|| asked.elapsed().as_secs_f64() * 1000.0),
        }
    }

    /// What everybody may do, as the process that answers knows it.
    async fn rights(&self, ctx: &Context<'_>) -> Result<RightsStatus> {
        let rights = ctx.request().kernel().rights();
        Ok(RightsStatus { is_fresh: rights.is_fresh(), epoch: rights.current()?.epoch })
    }

    /// The audit log.
    async fn audit(&self, ctx: &Context<'_>) -> Result<Option<AuditStatus>> {
        let head = status::head(&ctx.request().conn()).await?;
        Ok(Some(AuditStatus { leaves: head.leaf }))
    }

    /// What gives events their positions.
    async fn sequencer(&self, ctx: &Context<'_>) -> Result<Option<SequencerStatus>> {
        sequencer(ctx.request()).await.map(Some)
    }

    /// What hands events to the subscriptions of the process that answers.
    async fn tailer(&self, ctx: &Context<'_>) -> Result<Option<TailerStatus>> {
        let request = ctx.request();
        let position = request.kernel().hub().position();
        let head = status::head(&request.conn()).await?;
        Ok(Some(TailerStatus { position, lag: (head.position - position).max(0) }))
    }

    /// How many subscriptions are open in the process that answers.
    async fn subscriptions(&self, ctx: &Context<'_>) -> usize {
        ctx.request().kernel().subscriptions()
    }

    /// The task queue.
    async fn queue(&self, ctx: &Context<'_>) -> Result<Option<QueueStatus>> {
        let request = ctx.request();
        let (conn, now) = (request.conn(), request.kernel().clock().now());
        Ok(Some(QueueStatus {
            due: status::due_tasks(&conn, now).await?,
            running: status::running_tasks(&conn).await?,
            failed: status::failed_tasks(&conn, now).await?,
        }))
    }

    /// The parts of the gateway that react to events, by name.
    async fn reactors(&self, ctx: &Context<'_>) -> Result<Option<Vec<ReactorStatus>>> {
        reactors(ctx.request()).await.map(Some)
    }
}

async fn sequencer(request: &Request) -> Result<SequencerStatus> {
    let conn = request.conn();
    let position = status::head(&conn).await?.position;
    let waiting = status::unsequenced(&conn).await?;
    let oldest = status::oldest_unsequenced(&conn).await?;
    let lag = oldest.map(|at| request.kernel().clock().now() - at);
    Ok(SequencerStatus { position, waiting, lag_ms: lag.map_or(0, |lag| lag.num_milliseconds().max(0)) })
}

async fn reactors(request: &Request) -> Result<Vec<ReactorStatus>> {
    let conn = request.conn();
    // The cursors first: the head is then never behind one of them.
    let cursors = status::reactors(&conn).await?;
    let parked = status::parked(&conn).await?;
    let head = status::head(&conn).await?.position;
    let reactors = cursors.into_iter().map(|cursor| ReactorStatus {
        lag: head - cursor.position,
        parked: parked.get(&cursor.name).copied().unwrap_or_default(),
        position: cursor.position,
        failures: cursor.failures,
        name: cursor.name,
    });
    Ok(reactors.collect())
}

/// Which database the gateway is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DatabaseKind {
    /// A file of the gateway's own; one process.
    Sqlite,
    /// A server; any number of processes.
    Postgresql,
}

/// The database.
#[derive(Debug, SimpleObject)]
pub struct DatabaseStatus {
    /// Which it is.
    kind: DatabaseKind,
    /// Whether it answered just now.
    is_reachable: bool,
    /// How long its shortest answer took, the wait for a connection included. Null where it didn't answer.
    latency_ms: Option<f64>,
}

/// What everybody may do, as a process knows it.
#[derive(Debug, SimpleObject)]
pub struct RightsStatus {
    /// Whether it was compared with the database within the last second. While it wasn't, nobody is answered: a
    /// revocation may have been missed.
    is_fresh: bool,
    /// Counts the changes of anybody's rights. All processes show the same within a second.
    epoch: i64,
}

/// The audit log.
#[derive(Debug, SimpleObject)]
pub struct AuditStatus {
    /// How many entries the Merkle tree holds: the next one's `leafIndex`.
    leaves: i64,
}

/// What gives events their positions, in one process at a time.
#[derive(Debug, SimpleObject)]
pub struct SequencerStatus {
    /// The last position that was given.
    position: i64,
    /// How many committed events wait for theirs; counted up to 10,000.
    waiting: u64,
    /// For how long the first of them has waited: usually some milliseconds. More than a second is a fault.
    lag_ms: i64,
}

/// What hands events to the subscriptions of a process.
#[derive(Debug, SimpleObject)]
pub struct TailerStatus {
    /// The last position that it has handed on.
    position: i64,
    /// How many events it is behind the log.
    lag: i64,
}

/// The task queue.
#[derive(Debug, SimpleObject)]
pub struct QueueStatus {
    /// How many tasks could run now and wait for a worker; counted up to 10,000.
    due: u64,
    /// How many run now.
    running: u64,
    /// How many failed for good within the last 24 hours; counted up to 10,000.
    failed: u64,
}

/// A part of the gateway that reacts to events.
#[derive(Debug, SimpleObject)]
pub struct ReactorStatus {
    /// What it is called.
    name: String,
    /// The last position that it has dealt with.
    position: i64,
    /// How many events it is behind the log.
    lag: i64,
    /// How often in a row it failed at the event that it is at. After five times it sets the event aside.
    failures: i32,
    /// How many events it has set aside.
    parked: i64,
}
