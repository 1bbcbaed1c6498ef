//! `opsgate admin`: what whoever runs the gateway gives at the machine, where nobody else can approve it yet.

use ::entity::{admin_user::AdminLevel, audit_log::AuditSurface};
use clap::{Subcommand, ValueEnum};

use crate::{
    access::{self, AdminUserChanges, Granter, NewAdminUser, NewAssignment, ROLE, ROLE_ASSIGNMENT},
    app,
    cli::{output, when},
    config::Config,
    directory,
    kernel::{
        actor::ADMIN_USER,
        clock::Clock,
        id::Prefix,
        tx::{Author, Tx},
    },
};

/// What can be done with accounts and roles at the machine. What is sensitive can, while there are fewer than three
/// active super admins: after that it takes a second person.
#[derive(Subcommand)]
pub enum Command {
    /// Make an account and print its id. Works beside a running gateway.
    Create {
        /// The person (usr_…), who is in the directory.
        #[arg(long, value_name = "ID")]
        user: String,
        /// What they may, mostly.
        #[arg(long)]
        level: Level,
        /// A permission beyond those of the level. Repeat it for several.
        #[arg(long = "permission", value_name = "KEY")]
        permissions: Vec<String>,
    },
    /// Give an account another level. Works beside a running gateway.
    Level {
        /// The account (adm_…).
        #[arg(value_name = "ACCOUNT_ID")]
        account: String,
        /// What they may from now on, mostly.
        level: Level,
    },
    /// Give an account a role and print the assignment's id. Works beside a running gateway.
    Grant {
        /// The account (adm_…).
        #[arg(value_name = "ACCOUNT_ID")]
        account: String,
        /// The role (rol_…).
        #[arg(value_name = "ROLE_ID")]
        role: String,
        /// When it ends: a point in time (2027-01-01T00:00:00Z) or a while from now (12h, 30d).
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
}

/// The level of an account.
#[derive(Clone, Copy, ValueEnum)]
pub enum Level {
    /// Reads, and answers what is asked.
    Support,
    /// Runs the platform's operations.
    Admin,
    /// May do everything.
    SuperAdmin,
}

impl From<Level> for AdminLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Support => Self::Support,
            Level::Admin => Self::Admin,
            Level::SuperAdmin => Self::SuperAdmin,
        }
    }
}

/// Runs the command.
pub async fn run(config: &Config, command: Command) -> Result<(), Box<dyn std::error::Error>> {
    app::expect_database(config)?;
    let clock = Clock::system();
    let now = clock.now();
    let id = |prefix: Prefix, text: &str| prefix.parse(text).map_err(|error| format!("{text}: {error}"));
    let kernel = app::open_kernel(config, clock).await?;
    let author = Author { surface: AuditSurface::Cli, ..Author::system("opsgate admin") };
    let mut tx = Tx::begin(&kernel, author).await?;
    let made = match command {
        Command::Create { user, level, permissions } => {
            let new = NewAdminUser { user_id: id(directory::USER, &user)?, level: level.into(), permissions };
            let account = access::create_admin_user(&mut tx, &Granter::Machine, new).await?;
            ADMIN_USER.encode(account.id)
        }
        Command::Level { account, level } => {
            let changes = AdminUserChanges { level: Some(level.into()), permissions: None };
            let id = id(ADMIN_USER, &account)?;
            access::update_admin_user(&mut tx, &Granter::Machine, id, changes, None).await?;
            account
        }
        Command::Grant { account, role, expires } => {
            let new = NewAssignment {
                role_id: id(ROLE, &role)?,
                admin_user_id: id(ADMIN_USER, &account)?,
                expires_at: expires.map(|text| when::expiry(&text, now)).transpose()?,
            };
            let row = access::assign(&mut tx, &Granter::Machine, new).await?;
            ROLE_ASSIGNMENT.encode(row.id)
        }
    };
    if tx.is_empty() {
        // It is so already.
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    output::print(format_args!("{made}\n"))
}
