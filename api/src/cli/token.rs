//! `opsgate token`

use ::entity::audit_log::AuditSurface;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;

use crate::{
    access::{self, NewToken},
    app,
    config::Config,
    kernel::{
        actor::{ORGANIZATION, PLATFORM},
        clock::Clock,
        tx::{Author, Tx},
    },
};

/// What can be done with API tokens at the machine.
#[derive(Subcommand)]
pub enum Command {
    /// Make a token and print it, alone, on standard output. Works beside a running gateway.
    Create {
        /// A name, for people.
        #[arg(long)]
        name: String,
        /// What it may: `incidents.read`, `incidents.*`, `*`. Repeat it for several.
        #[arg(long = "permission", required = true, value_name = "KEY")]
        permissions: Vec<String>,
        /// Limit it to the rows of an organization (its id).
        #[arg(long, value_name = "ID")]
        organization: Option<String>,
        /// When it ends: a point in time (2027-01-01T00:00:00Z) or a while from now (12h, 30d).
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
}

/// Runs the command.
pub async fn run(config: &Config, command: Command) -> Result<(), Box<dyn std::error::Error>> {
    let Command::Create { name, permissions, organization, expires } = command;
    let organization_id = match organization {
        Some(id) => match ORGANIZATION.parse(&id) {
            // The nil id means no limit at all, which nobody gets by naming an organization.
            Ok(PLATFORM) => return Err(format!("--organization {id}: there is no such organization").into()),
            Ok(organization_id) => organization_id,
            Err(error) => return Err(format!("--organization {id}: {error}").into()),
        },
        None => PLATFORM,
    };
    let clock = Clock::system();
    let expires_at = expires.map(|text| expiry(&text, clock.now())).transpose()?;
    let kernel = app::open_kernel(config, clock).await?;
    let author = Author { surface: AuditSurface::Cli, ..Author::system("opsgate token") };
    let mut tx = Tx::begin(&kernel, author).await?;
    let new = NewToken { name, scopes: permissions, organization_id, expires_at, admin_user_id: None };
    let token = access::create_token(&mut tx, new).await?;
    tx.commit().await?;
    println!("{}", token.expose());
    Ok(())
}

/// A point in time, or a while from now.
fn expiry(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let while_from_now = || {
        let (number, unit) = text.split_at(text.len().checked_sub(1)?);
        let number: u32 = number.parse().ok()?;
        let seconds = match unit {
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        now.checked_add_signed(TimeDelta::seconds(i64::from(number) * seconds))
    };
    while_from_now()
        .ok_or_else(|| format!("--expires {text}: say 2027-01-01T00:00:00Z, or 90m, 12h, 30d from now"))
}
