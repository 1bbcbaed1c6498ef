//! `opsgate admin`: what whoever runs the gateway gives at the machine, where nobody else can approve it yet, or whoever
//! could has lost what they sign in with.

use ::entity::{admin_user::AdminLevel, audit_log::AuditSurface};
use clap::{Subcommand, ValueEnum};
use secrecy::ExposeSecret;

use crate::{
    access::{
        self, AdminUserChanges, Granter, Invitation, NewAdminUser, NewAssignment, NewPassword, ROLE,
        ROLE_ASSIGNMENT,
    },
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
    /// Make an account, invite the person to it, and print its id and the link that they set a password and a second factor
    /// by, this once. Works beside a running gateway.
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
        /// The address that it will sign in by; without it, that of the person.
        #[arg(long, value_name = "EMAIL", conflicts_with = "no_invitation")]
        email: Option<String>,
        /// Invite nobody: they sign in by an issuer. Prints the account's id alone.
        #[arg(long)]
        no_invitation: bool,
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
    /// Print an invitation to an account that has no password yet, this once: whoever has it sets one, and a second factor.
    /// The one from before is no good any more. Works beside a running gateway.
    Invite {
        /// The account: its id (adm_…), or the address of the person.
        #[arg(value_name = "ACCOUNT")]
        account: String,
        /// The address that it will sign in by; without it, that of the person.
        #[arg(long, value_name = "EMAIL")]
        email: Option<String>,
    },
    /// Give an account a new password and print it, this once. Its sessions end. Works beside a running gateway.
    Password {
        /// The account (adm_…).
        #[arg(value_name = "ACCOUNT_ID")]
        account: String,
        /// The address that it signs in by; one that it has already stays.
        #[arg(long, value_name = "EMAIL")]
        email: String,
    },
    /// Take the second factor of an account away whose owner has lost it. Its sessions end, and by the password it can enrol
    /// a new one, and nothing else before. Works beside a running gateway.
    ResetMfa {
        /// The account (adm_…).
        #[arg(value_name = "ACCOUNT_ID")]
        account: String,
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
    // Hashing is slow: before anything is locked.
    let new_password = match &command {
        Command::Password { .. } => Some(NewPassword::generate().await?),
        _ => None,
    };
    let author = Author { surface: AuditSurface::Cli, ..Author::system("opsgate admin") };
    let mut tx = Tx::begin(&kernel, author).await?;
    let made = match command {
        Command::Create { user, level, permissions, email, no_invitation } => {
            let new = NewAdminUser { user_id: id(directory::USER, &user)?, level: level.into(), permissions };
            let account = access::create_admin_user(&mut tx, &Granter::Machine, new).await?;
            let id = ADMIN_USER.encode(account.id);
            if no_invitation {
                id
            } else {
                let (_, invitation) =
                    access::invite(&mut tx, &Granter::Machine, account.id, email.as_deref()).await?;
                format!("{id}\n{}", link(config, &invitation))
            }
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
                expires_at: expires.map(|text| when::expiry("--expires", &text, now)).transpose()?,
            };
            let row = access::assign(&mut tx, &Granter::Machine, new).await?;
            ROLE_ASSIGNMENT.encode(row.id)
        }
        Command::Invite { account, email } => {
            let id = access::named_account(&tx, &account).await?;
            let (_, invitation) = access::invite(&mut tx, &Granter::Machine, id, email.as_deref()).await?;
            invitation.token.expose().to_owned()
        }
        Command::Password { account, email } => {
            let (new, text) = new_password.ok_or("no password was made")?;
            access::set_password(&mut tx, id(ADMIN_USER, &account)?, &email, new).await?;
            text.expose_secret().to_owned()
        }
        Command::ResetMfa { account } => {
            access::reset_mfa(&mut tx, &Granter::Machine, id(ADMIN_USER, &account)?).await?;
            account
        }
    };
    tx.finish().await?;
    output::print(format_args!("{made}\n"))
}

/// Where whoever was invited begins.
fn link(config: &Config, invitation: &Invitation) -> String {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let url = config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", config.listen));
    format!("{url}/graphql#invitation={}", invitation.token.expose())
}
