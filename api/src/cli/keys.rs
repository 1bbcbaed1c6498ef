//! `opsgate keys`: the ring of sealing keys, at the machine where its file is.

use std::{collections::BTreeSet, path::PathBuf};

use ::entity::audit_log::AuditSurface;
use clap::Subcommand;

use super::output::print;
use crate::{
    access, app,
    config::Config,
    kernel::{
        Kernel,
        clock::Clock,
        secret::{
            KeyRing, RingFile,
            sealed::{self, Uses},
        },
        tx::{Author, Tx},
    },
    platform,
};

/// What can be done with the keys; without any, they are listed. The first one of the ring seals, all of them open. Works
/// beside a running gateway.
#[derive(Subcommand)]
pub enum Command {
    /// List the keys, what each is used for, and how far sealing anew has come (the default).
    List,
    /// Add a key that opens and doesn't seal yet, and print its id: where gateways have copies of the file, each gets it
    /// before one of them seals by it.
    Add {
        /// A file with the key, one that was retired or lost and found; without it, a new one.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Let a new key seal from now on, or the one named, and print its id. Running gateways take it within a second, and
    /// seal anew what is sealed under others; with the key that seals already, they look again whether anything is left.
    Rotate {
        /// The key that is to seal; it is in the ring.
        #[arg(long, value_name = "KEY_ID")]
        to: Option<String>,
    },
    /// Take a key that nothing uses any more out of the ring, and print the file that it is put aside into: backups of the
    /// database may need it.
    Retire {
        /// The key.
        #[arg(value_name = "KEY_ID")]
        key: String,
        /// End the sessions that still use it, instead of waiting for them: where somebody else may have the key.
        #[arg(long)]
        end_sessions: bool,
    },
    /// Give a key up that is lost for good: what is sealed under it stays closed, and nobody misses the key any more.
    Forget {
        /// The key.
        #[arg(value_name = "KEY_ID")]
        key: String,
    },
}

/// Runs the command.
pub async fn run(config: &Config, command: Option<Command>) -> Result<(), Box<dyn std::error::Error>> {
    app::expect_database(config)?;
    let path = app::ring_path(config);
    let command = command.unwrap_or(Command::List);
    let command = match command {
        // Where all are lost, this is the way on.
        Command::Rotate { to: None } if !path.exists() => {
            Command::Rotate { to: Some(KeyRing::load_or_create(&path)?.first_id()) }
        }
        command => command,
    };
    let kernel = app::open_kernel(config, Clock::system()).await?;
    if let Command::List = command {
        return list(&kernel).await;
    }
    // Reads all that is sealed: before anything is locked.
    let uses = match &command {
        Command::Retire { key, .. } => platform::uses_of_key(&kernel, key).await?,
        _ => Uses::default(),
    };
    let mut ring = RingFile::lock(&path)?;
    let author = Author { surface: AuditSurface::Cli, ..Author::system("opsgate keys") };
    let mut tx = Tx::begin(&kernel, author).await?;
    let made = match command {
        Command::List => String::new(),
        Command::Add { from } => platform::add_key(&mut tx, &mut ring, from.as_deref())?,
        Command::Rotate { to } => platform::rotate_key(&mut tx, &mut ring, to.as_deref()).await?,
        Command::Retire { key, end_sessions } => {
            let uses = if end_sessions {
                access::end_sessions_of_key(&mut tx, &key).await?;
                uses.without_sessions()
            } else {
                uses
            };
            platform::retire_key(&mut tx, &mut ring, &key, uses).await?.display().to_string()
        }
        Command::Forget { key } => {
            platform::forget_key(&mut tx, &ring, &key).await?;
            key
        }
    };
    tx.commit().await?;
    print(format_args!("{made}\n"))
}

/// A line for each key: its id, what it does, and what it is used for.
async fn list(kernel: &Kernel) -> Result<(), Box<dyn std::error::Error>> {
    let db = kernel.db().reader();
    let mut uses = sealed::uses(db, kernel.catalogue(), kernel.clock().now()).await?;
    let ring = kernel.keys().keys();
    let mut missing: BTreeSet<String> = sealed::declared(db).await?.into_iter().collect();
    missing.extend(uses.keys().cloned());
    for (number, key) in ring.iter().enumerate() {
        let id = key.key_id();
        missing.remove(id);
        let role = if number == 0 { "seals" } else { "opens" };
        print(format_args!("{id}  {role:<7}  {}\n", uses.remove(id).unwrap_or_default()))?;
    }
    for id in missing {
        print(format_args!("{id}  MISSING  {}\n", uses.remove(&id).unwrap_or_default()))?;
    }
    if let Some(task) = platform::resealing(db).await? {
        let said = task.message.as_deref().unwrap_or("waits for a gateway");
        print(format_args!("sealing anew: {} %, {said}\n", task.progress))?;
        if let Some(error) = task.last_error {
            print(format_args!("its last attempt failed: {error}\n"))?;
        }
    }
    Ok(())
}
