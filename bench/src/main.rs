//! The benchmark: what the gateway does on PostgreSQL, beside the same SQL by pgbench (bench/README.md).
//!
//! `bench/run` builds the release binary, makes a cluster and calls this program, which prints one table. A *workload*
//! ([`workload`]) is one GraphQL request over and over. Its *yardstick* ([`yardstick`]) is a pgbench script of the very
//! statements that the gateway sends for it, as the server's log shows them ([`statements`]). *Stages* ([`stages`])
//! measure. The load clients ([`http`], [`socket`]) are as plain as can be, since they share the processors with what
//! they measure.

mod gateway;
mod http;
mod people;
mod postgres;
mod processor;
mod search;
mod socket;
mod stages;
mod statements;
mod table;
mod upsert;
mod workload;
mod yardstick;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;

use gateway::Setup;
use postgres::Postgres;
use table::Table;
use yardstick::Scripts;

/// Whatever stops a run.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

/// Measures the gateway. Use `bench/run`, which prepares what this takes.
#[derive(Parser)]
struct Arguments {
    /// The gateway: its release binary.
    #[arg(long)]
    opsgate: PathBuf,
    /// The cluster, as a superuser; two databases are made in it.
    #[arg(long)]
    postgres: String,
    /// The cluster's log.
    #[arg(long)]
    postgres_log: PathBuf,
    /// Where the gateway keeps its data directory.
    #[arg(long)]
    scratch: PathBuf,
    /// Where the scripts of the yardstick are checked in.
    #[arg(long)]
    scripts: PathBuf,
    /// Write the scripts anew where the gateway's statements have changed, instead of failing.
    #[arg(long)]
    write: bool,
    /// Measure this workload alone (`incident`, `incidents`, `auditTrail`, …, `usersUpsert`, `usersSearch`): to look at it
    /// with a profiler.
    #[arg(long)]
    only: Option<String>,
    /// A few minutes instead of twenty: to see that it works, not for numbers.
    #[arg(long)]
    quick: bool,
}

/// How much is measured.
struct Plan {
    /// Requests at the same time.
    concurrencies: &'static [usize],
    /// Runs of each, gateway and pgbench in turn.
    rounds: usize,
    /// How long a run lasts.
    run: Duration,
    /// Events to the subscribers whose latency is measured, and how many a second.
    events: usize,
    rate: u32,
    /// Subscribers whose latency is measured.
    subscribers: usize,
    /// Subscriptions whose memory is measured.
    crowd: usize,
    /// Starts on an existing database.
    starts: usize,
}

const FULL: Plan = Plan {
    concurrencies: &[1, 8, 32],
    rounds: 5,
    run: Duration::from_secs(3),
    events: 300,
    rate: 5,
    subscribers: 1_000,
    crowd: 10_000,
    starts: 7,
};

const QUICK: Plan = Plan {
    concurrencies: &[8],
    rounds: 1,
    run: Duration::from_secs(8),
    events: 20,
    rate: 5,
    subscribers: 100,
    crowd: 1_000,
    starts: 3,
};

// One thread: the load client is to take as little of the processors as it can.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<Table> {
    let plan = if arguments.quick { &QUICK } else { &FULL };
    let postgres = Postgres::new(&arguments.postgres, arguments.postgres_log);
    let scripts = Scripts { checked_in: arguments.scripts, is_written: arguments.write };
    let setup = Setup::prepare(&arguments.opsgate, &postgres, &arguments.scratch).await?;

    let mut table = Table::default();
    let only = arguments.only.as_deref();
    for workload in workload::ALL.into_iter().filter(|workload| only.is_none_or(|only| only == workload.name))
    {
        stages::rates(plan, workload, &setup, &postgres, &scripts, &mut table).await?;
    }
    if only.is_none_or(|only| only == "usersUpsert") {
        upsert::rates(plan, &setup, &postgres, &mut table).await?;
    }
    if only.is_none() {
        stages::latency(plan, &setup, &mut table).await?;
        stages::crowd(plan, &setup, &mut table).await?;
        stages::process(plan, &setup, &mut table).await?;
    }
    if only.is_none_or(|only| only == "usersSearch") {
        eprintln!("a million people");
        people::fill_postgres(&postgres.gateway()).await?;
        search::latencies("PostgreSQL", &setup, &mut table).await?;
        let (setup, database) = Setup::on_sqlite(&arguments.opsgate, &arguments.scratch).await?;
        people::fill_sqlite(&database).await?;
        search::latencies("SQLite", &setup, &mut table).await?;
    }
    Ok(table)
}
