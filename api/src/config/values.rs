//! The types of values that the standard library doesn't have.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use lettre::message::Mailbox;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

/// The database. Its `Debug` and `Display` never show a password.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// The path of a SQLite file.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database, which may hold a password.
    Postgres(SecretString),
}

impl DatabaseUrl {
    /// The SQLite file that is used where no database is named.
    pub fn within(data_dir: &Path) -> Self {
        Self::Sqlite(data_dir.join("opsgate.db"))
    }

    /// Reads `sqlite:PATH` or a `postgres://` URL.
    ///
    /// `sqlite::memory:` and options after a `?` are refused: writer and readers are pools of their own and
    /// would each see another database in memory, and the options are the gateway's to set.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let is_file = !path.is_empty() && !path.starts_with(':') && !path.contains('?');
            return is_file.then(|| Self::Sqlite(path.into()));
        }
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        (is_postgres && PgConnectOptions::from_str(text).is_ok()).then(|| Self::Postgres(text.into()))
    }

    /// The same, for what can be made again: PostgreSQL acknowledges a commit before it is on the disk.
    pub fn hasty(&self) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(path.clone()),
            Self::Postgres(url) => {
                let url = url.expose_secret();
                let separator = if url.contains('?') { '&' } else { '?' };
                Self::Postgres(format!("{url}{separator}options[synchronous_commit]=off").into())
            }
        }
    }
}

/// What an operator may see: the file, or host, port and database.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let options = PgConnectOptions::from_str(url.expose_secret()).map_err(|_| fmt::Error)?;
                let database = options.get_database().unwrap_or_default();
                write!(f, "postgres://{}:{}/{database}", options.get_host(), options.get_port())
            }
        }
    }
}

/// Where an issuer's public keys are.
#[derive(Clone, Debug)]
pub enum JwksSource {
    /// The path of a file.
    File(PathBuf),
    /// A URL of HTTP or HTTPS.
    Url(String),
}

impl JwksSource {
    /// Reads a path, or a URL without a password: what is asked for are public keys.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.contains("://") {
            return (!text.is_empty()).then(|| Self::File(text.into()));
        }
        let url = reqwest::Url::parse(text).ok()?;
        let is_plain = url.has_host() && url.username().is_empty() && url.password().is_none();
        (is_plain && matches!(url.scheme(), "http" | "https")).then(|| Self::Url(text.to_owned()))
    }
}

/// Whose pages may ask the gateway from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Everybody's.
    Any,
    /// These origins', each as a browser writes it.
    These(Vec<String>),
}

impl CorsOrigins {
    /// Reads `*`, or origins with commas between them. One that no browser would send is refused: nobody waits for a page
    /// that a slash at the end keeps out.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::Any);
        }
        let origin = |text: &str| {
            let url = reqwest::Url::parse(text).ok()?;
            // A star in a name is no pattern here, and nobody shall wait for it to be one.
            let is_exact = url.origin().ascii_serialization() == text && !text.contains('*');
            (is_exact && matches!(url.scheme(), "http" | "https")).then(|| text.to_owned())
        };
        text.split(',').map(|text| origin(text.trim())).collect::<Option<_>>().map(Self::These)
    }
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The file of the certificate, and of those between it and its root.
    pub certificate: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
}

/// When SQLite hands a commit to the disk (`PRAGMA synchronous`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqliteSynchronous {
    /// At each commit.
    Full,
    /// At each checkpoint.
    Normal,
}

impl SqliteSynchronous {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "full" => Some(Self::Full),
            "normal" => Some(Self::Normal),
            _ => None,
        }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line, for collectors.
    Json,
}

impl LogFormat {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "pretty" => Some(Self::Pretty),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server, with user and password where it wants them.
    pub url: SecretString,
    /// Who mail is from.
    pub from: Mailbox,
    /// Where people reach the gateway, without a slash at its end: what links begin with.
    pub public_url: String,
}
