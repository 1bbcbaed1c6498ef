//! `opsgate allow`: the allowlist at the machine, where nobody is locked out.

use ::entity::audit_log::AuditSurface;
use clap::Subcommand;

use super::{admin::Level, output};
use crate::{
    access::{self, Granter, IP_ALLOW_ENTRY, Keeper, NewIpAllowEntry},
    app,
    config::Config,
    kernel::{
        clock::Clock,
        tx::{Author, Tx},
    },
};

/// The networks that accounts are accepted from.
#[derive(Subcommand)]
pub enum Command {
    /// Print them: id, level, network.
    List,
    /// Accept accounts of a level from a network: from its first on, from nowhere else. Prints the entry's id.
    Add {
        /// The accounts.
        #[arg(long)]
        level: Level,
        /// 203.0.113.0/24, or a single address.
        #[arg(value_name = "CIDR")]
        network: String,
        /// What is there.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Accept them from there no more; without the level's last network, from anywhere.
    Remove {
        /// The entry (ipa_…).
        #[arg(value_name = "ID")]
        entry: String,
    },
}

/// Runs the command.
pub async fn run(config: &Config, command: Command) -> Result<(), Box<dyn std::error::Error>> {
    app::expect_database(config)?;
    let kernel = app::open_kernel(config, Clock::system()).await?;
    let keeper = Keeper { granter: Granter::Machine, address: None, is_forced: true };
    let author = Author { surface: AuditSurface::Cli, ..Author::system("opsgate allow") };
    let mut tx = Tx::begin(&kernel, author).await?;
    match command {
        Command::List => {
            let rows = access::ip_allow_entries(&tx).await?;
            tx.rollback().await?;
            for row in rows {
                let (id, level) = (IP_ALLOW_ENTRY.encode(row.id), serde_json::to_value(row.level)?);
                let level = level.as_str().unwrap_or_default();
                output::print(format_args!("{id} {level} {}\n", row.network))?;
            }
            Ok(())
        }
        Command::Add { level, network, description } => {
            let new = NewIpAllowEntry { level: level.into(), network, description };
            let row = access::add_ip_allow_entry(&mut tx, &keeper, new).await?;
            tx.commit().await?;
            output::print(format_args!("{}\n", IP_ALLOW_ENTRY.encode(row.id)))
        }
        Command::Remove { entry } => {
            let id = IP_ALLOW_ENTRY.parse(&entry).map_err(|error| format!("{entry}: {error}"))?;
            access::remove_ip_allow_entry(&mut tx, &keeper, id, None).await?;
            tx.commit().await?;
            Ok(())
        }
    }
}
