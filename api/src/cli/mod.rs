//! The command line.

mod admin;
mod allow;
mod doctor;
mod keys;
mod observe;
mod output;
mod serve;
mod subscribe;
mod token;
mod when;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::{
    observe::Observation,
    output::{Unread, print},
};
use crate::{
    app,
    config::{Config, Overrides},
    schema,
};

/// The stack of a thread, in bytes. Execution nests frames for each level of a document, 200 KiB a level in an
/// unoptimised build; the deepest document that any setting lets in fits. What isn't touched costs no memory.
const STACK: usize = 16 * 1024 * 1024;

/// Opsgate: one GraphQL schema over a platform's operations.
#[derive(Parser)]
#[command(name = "opsgate", version, about, max_term_width = 100)]
struct Cli {
    /// The configuration file [env: OPSGATE_CONFIG] [default: ./opsgate.toml, where there is one].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the gateway (the default).
    Serve(serve::Options),
    /// Bring the tables up to date, say how they stand, or take them down.
    Migrate {
        #[command(subcommand)]
        direction: Option<Direction>,
    },
    /// Print the schema.
    Schema,
    /// Accounts and roles, at the machine.
    #[command(subcommand)]
    Admin(admin::Command),
    /// The networks that accounts are accepted from.
    #[command(subcommand)]
    Allow(allow::Command),
    /// API tokens.
    #[command(subcommand)]
    Token(token::Command),
    /// The keys that secrets and personal values are sealed with.
    Keys {
        #[command(subcommand)]
        command: Option<keys::Command>,
    },
    /// Follow a subscription: a line of JSON for each result.
    Subscribe(subscribe::Options),
    /// Look at configuration, keys, database, clock and ports, and say what to do.
    Doctor,
}

#[derive(Subcommand)]
enum Direction {
    /// Apply what is pending (the default).
    Up,
    /// Say what is applied and what is pending.
    Status,
    /// Take back the last steps: their tables are dropped with all rows.
    Down {
        /// How many.
        #[arg(long)]
        steps: u32,
    },
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Two providers are in the tree; every TLS connection of ours uses this one.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("opsgate: TLS was set up twice");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let outcome = runtime.block_on(run(cli));
    // Whatever is left (a name that is being looked up, say) is waited for by nobody.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) if error.is::<Unread>() => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    let mut said = format!("opsgate: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let because = cause.to_string();
        // Some say their cause themselves.
        if !said.contains(&because) {
            said += &format!("\n  because: {because}");
        }
        source = cause.source();
    }
    eprintln!("{said}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let command = cli.command.unwrap_or_else(|| Command::Serve(serve::Options::default()));
    if matches!(command, Command::Schema) {
        print(schema::sdl())?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Subscribe(options) = command {
        subscribe::run(options).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::load(cli.config.as_deref(), &cli.overrides)?;
    let observation = Observation::begin(&config)?;
    let outcome = obey(command, config).await;
    observation.end().await;
    outcome
}

async fn obey(command: Command, config: Config) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match command {
        Command::Serve(options) => serve::run(config, options).await?,
        Command::Migrate { direction } => migrate(&config, direction.unwrap_or(Direction::Up)).await?,
        Command::Admin(command) => admin::run(&config, command).await?,
        Command::Allow(command) => allow::run(&config, command).await?,
        Command::Token(command) => token::run(&config, command).await?,
        Command::Keys { command } => keys::run(&config, command).await?,
        Command::Doctor => return doctor::run(&config).await,
        Command::Schema | Command::Subscribe(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(config: &Config, direction: Direction) -> Result<(), Box<dyn std::error::Error>> {
    match direction {
        Direction::Up => {
            app::open_database(config).await?;
            eprintln!("the tables are up to date");
        }
        Direction::Status => {
            let db = app::connect(config).await?;
            for migration in migration::status(db.reader()).await? {
                print(format_args!("{:<10} {}\n", migration.status().to_string(), migration.name()))?;
            }
        }
        Direction::Down { steps } => {
            let db = app::connect(config).await?;
            let applied = migration::status(db.reader()).await?;
            let applied = applied.iter().filter(|one| one.status() == migration::MigrationStatus::Applied);
            migration::down(db.writer(), Some(steps)).await?;
            for migration in applied.rev().take(usize::try_from(steps)?) {
                eprintln!("took back {}", migration.name());
            }
        }
    }
    Ok(())
}
