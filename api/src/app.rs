//! The gateway as a whole: what is opened at the start, what runs, and how it stops.

use std::{
    fs::{self, File, TryLockError},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::{
    net::TcpListener,
    time::{Instant, timeout_at},
};

use crate::{
    access::{self, Invitation},
    config::{Config, DatabaseUrl},
    http::{self, Authenticator, Face, JwksError, Server, TlsError},
    kernel::{
        Kernel, Parts,
        clock::Clock,
        db::{Conn, Db},
        error::Error,
        mail::Mailer,
        secret::{KeyFileError, KeyRing, load_or_create_secret, sealed},
        tx::{Author, Tx},
        workers::Workers,
    },
    platform::{self, DEMO},
    schema, workers,
};

/// How long whoever is connected has after the shutdown: a little longer than a WebSocket takes.
const CONNECTIONS: Duration = Duration::from_secs(7);
/// How long a stop may take in all, connections and workers and database: ten seconds, with a little to spare.
const STOP: Duration = Duration::from_secs(9);

/// Why the gateway doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory can't be made or used.
    #[error("the data directory {path} can't be used: {source}\nMake it writable, or set OPSGATE_DATA_DIR.")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another gateway runs on the same SQLite file.
    #[error(
        "another gateway runs on the data directory {0}: SQLite has one writer.\nStop it, or use PostgreSQL."
    )]
    Running(PathBuf),
    /// A key can't be read or made.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// There are no sealing keys, and the database holds what is sealed.
    #[error(
        "there is no {path}, and the database holds what is sealed under the keys {keys}.\n\
         Restore the file from a backup, or set OPSGATE_DATA_DIR to where it is. Where it is lost for good, \
         `opsgate keys rotate` begins another one, and docs/keys.md says what that means."
    )]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// The keys.
        keys: String,
    },
    /// The issuer's key set can't be used.
    #[error(transparent)]
    Jwks(#[from] JwksError),
    /// There is no database, and none is to be made.
    #[error("there is no database {0}.\nThe first start makes it, and so does `opsgate migrate`.")]
    NoDatabase(PathBuf),
    /// The certificate can't be used.
    #[error("{0}.\nSee OPSGATE_TLS_CERTIFICATE and OPSGATE_TLS_KEY.")]
    Tls(#[from] TlsError),
    /// What the database holds is made up.
    #[error(
        "the database {0} holds a demo, and the next `opsgate serve --demo` empties it.\n\
         Name another database by OPSGATE_DATABASE_URL, or go on with the demo by OPSGATE_ENVIRONMENT={DEMO}."
    )]
    Demo(String),
    /// The database can't be opened or migrated.
    #[error("the database {url} can't be used. See OPSGATE_DATABASE_URL.")]
    Database {
        /// Which, without its password.
        url: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An address can't be listened on.
    #[error("{setting} {address} can't be listened on: {source}\nStop what uses it, or set another address.")]
    Listen {
        /// The setting.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Something else.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// A gateway that is open and not serving yet.
#[derive(Debug)]
pub struct App {
    kernel: Kernel,
    face: Face,
    server: Server,
    workers: Workers,
    /// Held as long as the process serves.
    _claim: Claim,
}

impl App {
    /// Opens the data directory, its keys and the database, and brings the tables up to date.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        let claim = Claim::take(&config)?;
        Self::open_claimed(claim, config, clock).await
    }

    /// The same, in a data directory that is this process's already.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_claimed(claim: Claim, config: Config, clock: Clock) -> Result<Self, StartError> {
        let server = Server::open(&config)?;
        let kernel = open_kernel(&config, clock).await?;
        for key in missing_keys(kernel.keys(), kernel.db()).await? {
            tracing::error!(
                key,
                "a sealing key is missing: what is sealed under it can't be read (see `opsgate doctor`)"
            );
        }
        let authenticator =
            Authenticator::open(&config, &jwt_secret(&config)?, kernel.clock().clone()).await?;
        let workers = workers::all(config.workers);
        let face = Face::new(kernel.clone(), schema::build(), authenticator, config);
        Ok(Self { kernel, face, server, workers, _claim: claim })
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Makes the first account where there is none, and answers the invitation to it.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn bootstrap(&self) -> Result<Option<Invitation>, StartError> {
        let author =
            Author { surface: ::entity::audit_log::AuditSurface::Cli, ..Author::system("bootstrap") };
        let mut tx = Tx::begin(&self.kernel, author).await?;
        match access::bootstrap(&mut tx).await? {
            Some(invitation) => {
                tx.commit().await?;
                // It works from the first request on.
                let control = Conn::Pool(self.kernel.db().control().clone());
                self.kernel.rights().refresh(&control).await?;
                Ok(Some(invitation))
            }
            None => {
                tx.rollback().await?;
                Ok(None)
            }
        }
    }

    /// Serves the gateway's own numbers on `listener`, as long as it runs.
    pub fn serve_metrics(&self, listener: TcpListener) {
        self.kernel.background(http::metrics::keep_up());
        let router = http::metrics::router(self.kernel.clone());
        self.kernel.background(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "metrics can't be served");
            }
        });
    }

    /// Serves on `listener` until [`Inner::shutdown`](crate::kernel::Inner::shutdown) is cancelled, then stops: takes
    /// no more work, ends streams so that they can be resumed, gives back leased tasks, within ten seconds.
    ///
    /// # Errors
    /// Where serving fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        self.kernel.start(self.workers).await.map_err(std::io::Error::other)?;
        if let Some(jwks) = self.face.authenticator().jwks() {
            self.kernel.background(jwks.clone().follow());
        }
        if let Some(tls) = self.server.tls() {
            self.kernel.background(tls.clone().follow(self.kernel.clock().clone()));
        }
        let shutdown = self.kernel.shutdown().clone();
        let serving = self.server.serve(listener, self.face.clone().router(), shutdown.clone());
        let mut connections = Box::pin(async {
            serving.await;
            self.face.closed().await;
        });
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = &mut connections => {}
        }
        let asked_at = Instant::now();
        if timeout_at(asked_at + CONNECTIONS, connections).await.is_err() {
            tracing::warn!("some connections didn't end in time and were cut");
        }
        let rest = async {
            self.kernel.stop().await;
            self.kernel.db().close().await;
        };
        if timeout_at(asked_at + STOP, rest).await.is_err() {
            tracing::warn!(
                "some work didn't end in time: another process takes it over when its lease lapses"
            );
        }
        Ok(())
    }
}

/// Makes the data directory where there is none, for the owner alone.
fn prepare(path: &Path) -> Result<(), StartError> {
    let failed = |source| StartError::DataDir { path: path.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)
}

/// That the data directory is this process's, as long as this is held. Where the database is SQLite, nobody else gets it.
#[derive(Debug)]
pub struct Claim {
    _lock: Option<File>,
}

impl Claim {
    /// Makes the data directory where there is none, and takes it.
    ///
    /// # Errors
    /// Where it can't be used, or another gateway has it.
    pub fn take(config: &Config) -> Result<Self, StartError> {
        prepare(&config.data_dir)?;
        Ok(Self { _lock: lock(config)? })
    }
}

/// Takes the lock of the data directory where the database is SQLite.
fn lock(config: &Config) -> Result<Option<File>, StartError> {
    let DatabaseUrl::Sqlite(database) = &config.database_url else { return Ok(None) };
    let path = database.with_extension("lock");
    let failed = |source| unusable(config, source);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(StartError::Running(config.data_dir.clone())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Opens the database, brings its tables up to date, and the kernel over it.
///
/// # Errors
/// What is wrong, and what to do.
pub async fn open_kernel(config: &Config, clock: Clock) -> Result<Kernel, StartError> {
    prepare(&config.data_dir)?;
    let path = ring_path(config);
    // A bad one is told of before anything is done.
    let ring = KeyRing::load(&path)?;
    let db = open_database(config).await?;
    // Whoever writes into a demo's database says that it is one: so nothing real is ever among what is made up.
    if config.environment != DEMO && platform::is_demo(db.reader()).await? {
        db.close().await;
        return Err(StartError::Demo(config.database_url.to_string()));
    }
    let keys = match ring {
        Some(ring) => ring,
        None => {
            let declared = sealed::declared(db.reader()).await?;
            if !declared.is_empty() {
                db.close().await;
                return Err(StartError::NoKeys { path, keys: declared.join(", ") });
            }
            KeyRing::load_or_create(&path)?
        }
    };
    let parts = Parts {
        db,
        clock,
        keys,
        catalogue: schema::catalogue(),
        load_rights: access::load_rights,
        environment: config.environment.clone(),
        mailer: config.mail.clone().map(Mailer::new).transpose()?,
    };
    let kernel = Kernel::open(parts).await?;
    sealed::declare(&kernel).await?;
    Ok(kernel)
}

/// Where the ring of sealing keys is.
pub fn ring_path(config: &Config) -> PathBuf {
    config.data_dir.join("sealing.key")
}

/// The keys that something in the database may be sealed under, and that the ring doesn't have.
///
/// # Errors
/// Where the database can't be read.
pub async fn missing_keys(ring: &KeyRing, db: &Db) -> Result<Vec<String>, Error> {
    let mut keys = sealed::declared(db.reader()).await?;
    keys.retain(|id| ring.with(id, |_| ()).is_none());
    Ok(keys)
}

/// Opens the database and brings its tables up to date.
///
/// # Errors
/// What is wrong, and what to do.
pub async fn open_database(config: &Config) -> Result<Db, StartError> {
    prepare(&config.data_dir)?;
    let db = Db::open(config).await.map_err(|source| unusable(config, source))?;
    migration::up(db.writer()).await.map_err(|source| unusable(config, source))?;
    Ok(db)
}

/// Opens the database as it stands, and makes none.
///
/// # Errors
/// What is wrong, and what to do.
pub async fn connect(config: &Config) -> Result<Db, StartError> {
    expect_database(config)?;
    Db::open(config).await.map_err(|source| unusable(config, source))
}

/// That there is a database, for a command that makes none: a mistyped directory would get one that nobody serves.
///
/// # Errors
/// [`StartError::NoDatabase`]
pub fn expect_database(config: &Config) -> Result<(), StartError> {
    match &config.database_url {
        DatabaseUrl::Sqlite(path) if !path.exists() => Err(StartError::NoDatabase(path.clone())),
        _ => Ok(()),
    }
}

fn unusable(config: &Config, source: impl std::error::Error + Send + Sync + 'static) -> StartError {
    StartError::Database { url: config.database_url.to_string(), source: Box::new(source) }
}

/// The secret of HS256 tokens: the setting, else the key file.
fn jwt_secret(config: &Config) -> Result<Vec<u8>, StartError> {
    match &config.jwt_secret {
        Some(secret) => Ok(secret.expose_secret().as_bytes().to_vec()),
        None => Ok(load_or_create_secret(&config.data_dir.join("jwt.key"))?.to_vec()),
    }
}
