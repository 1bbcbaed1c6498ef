//! `opsgate token`

mod documents;

use std::path::PathBuf;

use ::entity::audit_log::AuditSurface;
use async_graphql::parser::parse_query;
use clap::Subcommand;
use uuid::Uuid;

use super::output;
use crate::{
    access::{self, NewToken, Rotation},
    app,
    cli::when,
    config::Config,
    http::Judge,
    kernel::{
        Kernel,
        actor::{API_TOKEN, ORGANIZATION, PLATFORM},
        clock::Clock,
        throttle::Budget,
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
        /// Have it act as an account, of which it is good for these permissions at most: its id (adm_…), or the address
        /// of the person. Without it, the token acts as itself.
        #[arg(long = "as", value_name = "ACCOUNT")]
        account: Option<String>,
        /// Limit it to the rows of an organization (its id).
        #[arg(long, value_name = "ID")]
        organization: Option<String>,
        /// When it ends: a point in time (2027-01-01T00:00:00Z) or a while from now (12h, 30d).
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        /// Have it run these documents and nothing else: manifests of persisted documents (.json), files of GraphQL, or
        /// directories of those. Each has to be valid.
        #[arg(long, value_name = "FILE_OR_DIR", num_args = 1..)]
        documents: Vec<PathBuf>,
        /// Accept it from this network (203.0.113.0/24) and nowhere else. Repeat it for several.
        #[arg(long = "network", value_name = "CIDR")]
        networks: Vec<String>,
        /// The points that it may spend at once.
        #[arg(long, value_name = "POINTS", requires = "cost_per_second")]
        cost_bucket: Option<u32>,
        /// The points that come back to it each second.
        #[arg(long, value_name = "POINTS", requires = "cost_bucket")]
        cost_per_second: Option<u32>,
    },
    /// Give a token another text and print it, alone, on standard output. Works beside a running gateway.
    Rotate {
        /// The token's id.
        #[arg(value_name = "TOKEN_ID")]
        token: String,
        /// Until when the old text is good, too, 30d at most: a point in time or a while from now. Without, no longer.
        #[arg(long, value_name = "WHEN")]
        overlap: Option<String>,
        /// When it ends from now on. Without, as before.
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
    /// Revoke a token for good: within a second it is turned away. Works beside a running gateway.
    Revoke {
        /// The token's id.
        #[arg(value_name = "TOKEN_ID")]
        token: String,
    },
    /// Print the documents that a token runs, or exchange them. Works beside a running gateway.
    Documents {
        /// The token's id, which `viewer { actor { id } }` answers.
        #[arg(value_name = "TOKEN_ID")]
        token: String,
        /// From now on it runs these and nothing else: as `--documents` of `create`.
        #[arg(value_name = "FILE_OR_DIR")]
        documents: Vec<PathBuf>,
        /// From now on it runs any document.
        #[arg(long, conflicts_with = "documents")]
        any: bool,
    },
}

/// What went wrong, for the one who called.
type Failure = Box<dyn std::error::Error>;

/// Runs the command.
pub async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    app::expect_database(config)?;
    let clock = Clock::system();
    match command {
        Command::Create {
            name,
            permissions,
            account,
            organization,
            expires,
            networks,
            documents,
            cost_bucket,
            cost_per_second,
        } => {
            let organization_id = boundary(organization)?;
            let expires_at = expires.map(|text| when::expiry("--expires", &text, clock.now())).transpose()?;
            let documents = read(config, &clock, &documents).await?;
            let networks = (!networks.is_empty()).then_some(networks);
            let budget = cost_bucket.zip(cost_per_second);
            let budget = budget.map(|(bucket, per_second)| Budget { bucket, per_second });
            let new = NewToken {
                name,
                scopes: permissions,
                organization_id,
                expires_at,
                admin_user_id: None,
                networks,
                documents,
                budget,
            };
            create(&app::open_kernel(config, clock).await?, new, account).await
        }
        Command::Rotate { token, overlap, expires } => {
            let id = token_id(&token)?;
            let end = |flag, text: Option<String>| {
                text.map(|text| when::expiry(flag, &text, clock.now())).transpose()
            };
            let rotation = Rotation {
                previous_until: end("--overlap", overlap)?,
                expires_at: end("--expires", expires)?,
            };
            let mut tx = begin(&app::open_kernel(config, clock.clone()).await?).await?;
            let (_, text) = access::rotate(&mut tx, id, rotation).await?;
            tx.commit().await?;
            output::print(format_args!("{}\n", text.expose()))
        }
        Command::Revoke { token } => {
            let id = token_id(&token)?;
            let mut tx = begin(&app::open_kernel(config, clock).await?).await?;
            access::revoke_token(&mut tx, id, None).await?;
            tx.commit().await?;
            eprintln!("{token} is revoked");
            Ok(())
        }
        Command::Documents { token, documents, any } => {
            let id = token_id(&token)?;
            let trusted = read(config, &clock, &documents).await?;
            let kernel = app::open_kernel(config, clock).await?;
            if any || trusted.is_some() {
                let mut tx = begin(&kernel).await?;
                access::trust(&mut tx, id, trusted).await?;
                tx.commit().await?;
            }
            print(&kernel, id).await
        }
    }
}

async fn begin(kernel: &Kernel) -> Result<Tx, Failure> {
    let author = Author { surface: AuditSurface::Cli, ..Author::system("opsgate token") };
    Ok(Tx::begin(kernel, author).await?)
}

async fn create(kernel: &Kernel, mut new: NewToken, account: Option<String>) -> Result<(), Failure> {
    let mut tx = begin(kernel).await?;
    if let Some(account) = account {
        new.admin_user_id = Some(access::named_account(&tx, &account).await?);
    }
    let (row, token) = access::issue_token_at_machine(&mut tx, new).await?;
    tx.commit().await?;
    if row.documents.is_some() {
        eprintln!("{} runs its documents and nothing else", API_TOKEN.encode(row.id));
    }
    output::print(format_args!("{}\n", token.expose()))
}

fn token_id(text: &str) -> Result<Uuid, String> {
    API_TOKEN.parse(text).map_err(|error| format!("{text}: {error}"))
}

/// Prints what the token runs: a line for each document, its hash and the names of its operations.
async fn print(kernel: &Kernel, id: Uuid) -> Result<(), Failure> {
    let tx = begin(kernel).await?;
    let trusted = access::trusted(&tx, id).await?;
    tx.rollback().await?;
    match trusted {
        Some(documents) => {
            for (hash, text) in documents {
                output::print(format_args!("sha256:{hash} {}\n", operations(&text)))?;
            }
        }
        None => eprintln!("{} runs any document", API_TOKEN.encode(id)),
    }
    Ok(())
}

/// The names of the operations of a document.
fn operations(text: &str) -> String {
    let Ok(document) = parse_query(text) else { return String::new() };
    let names = document.operations.iter().filter_map(|(name, _)| name);
    names.map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
}

/// The documents in files, each of which is valid; none where no file is named.
async fn read(config: &Config, clock: &Clock, paths: &[PathBuf]) -> Result<Option<Vec<String>>, String> {
    if paths.is_empty() {
        return Ok(None);
    }
    let found = documents::read(paths)?;
    let judge = Judge::new(config, clock.clone());
    let mut faults = Vec::new();
    for document in &found {
        if let Err(reasons) = judge.check(&document.text).await {
            faults.push(format!("{}: {}", document.place, reasons.join("; ")));
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    Ok(Some(found.into_iter().map(|document| document.text).collect()))
}

/// Whose rows a token is limited to.
fn boundary(organization: Option<String>) -> Result<Uuid, String> {
    match organization {
        Some(id) => match ORGANIZATION.parse(&id) {
            // The nil id means no limit at all, which nobody gets by naming an organization.
            Ok(PLATFORM) => Err(format!("--organization {id}: there is no such organization")),
            Ok(organization_id) => Ok(organization_id),
            Err(error) => Err(format!("--organization {id}: {error}")),
        },
        None => Ok(PLATFORM),
    }
}
