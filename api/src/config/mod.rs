//! Configuration: every setting in one place.
//!
//! A *setting* has a name, a default and a description, all in one table ([`settings`]). Its value comes from
//! the command line, else from the environment, else from the configuration file, else from the default.
//! [`Config`] is the outcome: plain typed fields that are right by construction. Whatever is wrong (a value,
//! a misspelled name in the file or in the environment) stops the start with an error that names the setting,
//! the place where it stands and what it takes; a gateway never runs on a guess.
//!
//! Secrets (the database's password, the JWT secret) are never printed: not by `Debug`, not by an error.

mod error;
mod flags;
mod networks;
mod settings;
mod sources;
mod values;

#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{AsyncSmtpTransport, Tokio1Executor};
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use self::sources::Sources;
pub use self::{
    error::ConfigError,
    flags::Overrides,
    networks::Networks,
    settings::{Accepts, Initially, PREFIX, SETTINGS, Setting},
    values::{CorsOrigins, DatabaseUrl, JwksSource, LogFormat, MailSettings, SqliteSynchronous, TlsFiles},
};

/// The file that is read where none is named and this one exists.
const DEFAULT_FILE: &str = "opsgate.toml";

/// The fewest bytes of a key for HS256 (RFC 7518, section 3.2).
const JWT_SECRET_BYTES: usize = 32;

/// Every setting with its value. What each means stands in [`SETTINGS`] under the same name.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the gateway serves GraphQL.
    pub listen: SocketAddr,
    /// The certificate that it serves with, and its key; `None` means plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The pages of other origins that may ask it; `None` means none.
    pub cors_origins: Option<CorsOrigins>,
    /// The proxies whose word counts on whom they ask for.
    pub trusted_proxies: Networks,
    /// Where it serves its metrics.
    pub metrics_listen: SocketAddr,
    /// The directory of keys and, by default, of the SQLite file.
    pub data_dir: PathBuf,
    /// The installation's name in audit entries.
    pub environment: String,
    /// The database.
    pub database_url: DatabaseUrl,
    /// The most connections to PostgreSQL that write.
    pub database_writers: u32,
    /// The most connections that requests read on.
    pub database_readers: u32,
    /// When SQLite hands a commit to the disk.
    pub sqlite_synchronous: SqliteSynchronous,
    /// The longest time of one statement.
    pub statement_timeout: Duration,
    /// The key of JWTs; `None` means the key file in `data_dir`.
    pub jwt_secret: Option<SecretString>,
    /// Where an issuer's public keys are; `None` means that there is no issuer.
    pub jwt_jwks: Option<JwksSource>,
    /// The `iss` of every JWT.
    pub jwt_issuer: Option<String>,
    /// The `aud` of every JWT.
    pub jwt_audience: Option<String>,
    /// Where people reach the gateway.
    pub public_url: Option<String>,
    /// How mail is sent; `None`: it isn't.
    pub mail: Option<MailSettings>,
    /// Background tasks at the same time.
    pub workers: usize,
    /// Connections at the same time.
    pub max_connections: usize,
    /// The longest time until a new connection has asked.
    pub header_timeout: Duration,
    /// The longest rest of a connection.
    pub idle_timeout: Duration,
    /// The longest time of one request.
    pub request_timeout: Duration,
    /// The largest body of a request, in bytes.
    pub body_limit_bytes: usize,
    /// The most bytes of all bodies that are being read.
    pub bodies_limit_bytes: usize,
    /// The longest time until a request's body is there.
    pub body_timeout: Duration,
    /// The longest document, in bytes.
    pub document_max_bytes: usize,
    /// Tokens in a document.
    pub document_max_tokens: usize,
    /// Brackets within each other.
    pub document_max_nesting: usize,
    /// Fields within each other.
    pub document_max_depth: usize,
    /// Aliases in an operation.
    pub document_max_aliases: usize,
    /// Root fields in an operation.
    pub document_max_root_fields: usize,
    /// Directives in an operation.
    pub document_max_directives: usize,
    /// Fields within each other in an introspection.
    pub introspection_max_depth: usize,
    /// Values that an introspection may ask for.
    pub introspection_max_values: usize,
    /// Values in the variables of a request.
    pub variables_max_values: usize,
    /// Points that a request may cost.
    pub request_max_cost: u64,
    /// Points that a caller may spend at once.
    pub caller_cost_bucket: u64,
    /// Points that come back to a caller each second.
    pub caller_cost_per_second: u64,
    /// Subscriptions of one caller.
    pub caller_max_subscriptions: usize,
    /// Whether documents may be named by their hash.
    pub persisted_queries: bool,
    /// The memory for those, in bytes.
    pub persisted_queries_max_bytes: usize,
    /// The longest wait for `connection_init`.
    pub websocket_init_timeout: Duration,
    /// Operations on one connection.
    pub max_subscriptions_per_connection: usize,
    /// The time between two pings of a WebSocket.
    pub websocket_ping_interval: Duration,
    /// The longest silence of an event stream.
    pub stream_keep_alive: Duration,
    /// Whether browsers get GraphiQL.
    pub graphiql: bool,
    /// What is logged: a filter that [`EnvFilter`] has accepted.
    pub log: String,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// The collector of spans.
    pub otlp_endpoint: Option<SecretString>,
    /// How many requests begin a trace.
    pub otlp_sample_percent: u8,
}

impl Config {
    /// Reads the file, the environment of this process and the flags.
    ///
    /// The file is `path`, else the one that `OPSGATE_CONFIG` names, else `./opsgate.toml` where that exists;
    /// one that was named must exist.
    ///
    /// # Errors
    ///
    /// Where the file can't be read, a name isn't a setting's, or a value isn't one that its setting takes.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let environment = own_variables(std::env::vars_os())?;
        let named = environment.iter().find(|(name, value)| name == "OPSGATE_CONFIG" && !value.is_empty());
        let file = match path.or(named.map(|(_, path)| Path::new(path))) {
            Some(path) => Some((path, read_file(path)?)),
            None => match read_file(Path::new(DEFAULT_FILE)) {
                Ok(text) => Some((Path::new(DEFAULT_FILE), text)),
                Err(ConfigError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    None
                }
                Err(error) => return Err(error),
            },
        };
        let file = file.as_ref().map(|(path, text)| (*path, text.as_str()));
        Self::assemble(file, environment.clone(), overrides)
    }

    /// The same from a file's path and text, and an environment of the caller's: nothing else is read.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn assemble(
        file: Option<(&Path, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, ConfigError> {
        Self::from_sources(&Sources::merge(file, environment, overrides)?)
    }

    /// The annotated example file: every setting with its default, commented out.
    pub fn example() -> String {
        settings::example()
    }

    /// The reference, in Markdown: docs/configuration.md.
    pub fn reference() -> String {
        settings::reference()
    }

    fn from_sources(from: &Sources) -> Result<Self, ConfigError> {
        let data_dir = from.text("data_dir", path)?;
        let database_url = from.optional_text("database_url", DatabaseUrl::parse)?;
        Ok(Self {
            listen: from.text("listen", |text| text.parse().ok())?,
            tls: tls(from)?,
            cors_origins: from.optional_text("cors_origins", CorsOrigins::parse)?,
            trusted_proxies: from.optional_text("trusted_proxies", networks)?.unwrap_or_default(),
            metrics_listen: from.text("metrics_listen", |text| text.parse().ok())?,
            environment: from.text("environment", label)?,
            database_url: database_url.unwrap_or_else(|| DatabaseUrl::within(&data_dir)),
            data_dir,
            database_writers: from.whole("database_writers")?,
            database_readers: from.whole("database_readers")?,
            sqlite_synchronous: from.text("sqlite_synchronous", SqliteSynchronous::parse)?,
            statement_timeout: from.whole("statement_timeout_ms").map(Duration::from_millis)?,
            jwt_secret: from.optional_text("jwt_secret", jwt_secret)?,
            jwt_jwks: from.optional_text("jwt_jwks", JwksSource::parse)?,
            jwt_issuer: from.optional_text("jwt_issuer", words)?,
            jwt_audience: from.optional_text("jwt_audience", words)?,
            public_url: from.optional_text("public_url", public_url)?,
            mail: mail(from)?,
            workers: from.whole("workers")?,
            max_connections: from.whole("max_connections")?,
            header_timeout: from.whole("header_timeout_ms").map(Duration::from_millis)?,
            idle_timeout: from.whole("idle_timeout_ms").map(Duration::from_millis)?,
            request_timeout: from.whole("request_timeout_ms").map(Duration::from_millis)?,
            body_limit_bytes: from.whole("body_limit_bytes")?,
            bodies_limit_bytes: from.whole("bodies_limit_bytes")?,
            body_timeout: from.whole("body_timeout_ms").map(Duration::from_millis)?,
            document_max_bytes: from.whole("document_max_bytes")?,
            document_max_tokens: from.whole("document_max_tokens")?,
            document_max_nesting: from.whole("document_max_nesting")?,
            document_max_depth: from.whole("document_max_depth")?,
            document_max_aliases: from.whole("document_max_aliases")?,
            document_max_root_fields: from.whole("document_max_root_fields")?,
            document_max_directives: from.whole("document_max_directives")?,
            introspection_max_depth: from.whole("introspection_max_depth")?,
            introspection_max_values: from.whole("introspection_max_values")?,
            variables_max_values: from.whole("variables_max_values")?,
            request_max_cost: from.whole("request_max_cost")?,
            caller_cost_bucket: from.whole("caller_cost_bucket")?,
            caller_cost_per_second: from.whole("caller_cost_per_second")?,
            caller_max_subscriptions: from.whole("caller_max_subscriptions")?,
            persisted_queries: from.switch("persisted_queries")?,
            persisted_queries_max_bytes: from.whole("persisted_queries_max_bytes")?,
            websocket_init_timeout: from.whole("websocket_init_timeout_ms").map(Duration::from_millis)?,
            max_subscriptions_per_connection: from.whole("max_subscriptions_per_connection")?,
            websocket_ping_interval: from.whole("websocket_ping_interval_ms").map(Duration::from_millis)?,
            stream_keep_alive: from.whole("stream_keep_alive_ms").map(Duration::from_millis)?,
            graphiql: from.switch("graphiql")?,
            log: from.text("log", |text| EnvFilter::try_new(text).is_ok().then(|| text.to_owned()))?,
            log_format: from.text("log_format", LogFormat::parse)?,
            otlp_endpoint: from.optional_text("otlp_endpoint", otlp_endpoint)?,
            otlp_sample_percent: from.whole("otlp_sample_percent")?,
        })
    }
}

/// Where people reach the gateway, without a slash at its end.
fn public_url(text: &str) -> Option<String> {
    let url = text.trim_end_matches('/');
    let (scheme, rest) = url.split_once("://")?;
    let is_one = matches!(scheme, "http" | "https") && !rest.is_empty() && !rest.contains(['?', '#', ' ']);
    is_one.then(|| url.to_owned())
}

/// A server, a sender and what links begin with; or nothing at all.
fn mail(from: &Sources) -> Result<Option<MailSettings>, ConfigError> {
    let is_server = |text: &str| AsyncSmtpTransport::<Tokio1Executor>::from_url(text).is_ok();
    let url = from.optional_text("smtp_url", |text| is_server(text).then(|| SecretString::from(text)))?;
    let sender = from.optional_text("mail_from", |text| text.parse().ok())?;
    let public_url = from.optional_text("public_url", public_url)?;
    match (url, sender, public_url) {
        (Some(url), Some(from), Some(public_url)) => Ok(Some(MailSettings { url, from, public_url })),
        (Some(_), None, _) => Err(ConfigError::Half { set: "smtp_url", missing: "mail_from" }),
        (Some(_), _, None) => Err(ConfigError::Half { set: "smtp_url", missing: "public_url" }),
        (None, Some(_), _) => Err(ConfigError::Half { set: "mail_from", missing: "smtp_url" }),
        (None, None, _) => Ok(None),
    }
}

/// Both files, or neither: nobody gets plain HTTP who has set half of TLS.
fn tls(from: &Sources) -> Result<Option<TlsFiles>, ConfigError> {
    let files = (from.optional_text("tls_certificate", path)?, from.optional_text("tls_key", path)?);
    match files {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::Half { set: "tls_certificate", missing: "tls_key" }),
        (None, Some(_)) => Err(ConfigError::Half { set: "tls_key", missing: "tls_certificate" }),
    }
}

fn networks(text: &str) -> Option<Networks> {
    Networks::parse(text.split(',')).ok()
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

fn words(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn label(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    (is_plain && (1..=64).contains(&text.len())).then(|| text.to_owned())
}

fn jwt_secret(text: &str) -> Option<SecretString> {
    (text.len() >= JWT_SECRET_BYTES).then(|| text.into())
}

fn otlp_endpoint(text: &str) -> Option<SecretString> {
    let url = reqwest::Url::parse(text).ok()?;
    (["http", "https"].contains(&url.scheme()) && url.has_host()).then(|| text.into())
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

/// The variables with our prefix, as text; what else the environment holds needn't be Unicode.
fn own_variables(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(ConfigError::NotUnicode(name)),
        })
        .collect()
}
