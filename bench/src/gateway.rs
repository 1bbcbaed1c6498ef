//! The gateway as a process: started, looked at, stopped.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{
    Result,
    http::Client,
    postgres::{Postgres, output},
};

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database that is filled, and what it takes to start a gateway on it.
pub struct Setup {
    opsgate: PathBuf,
    scratch: PathBuf,
    database: String,
    token: String,
}

impl Setup {
    /// Makes the databases and the first account, where an earlier run hasn't left them in `scratch`.
    pub async fn prepare(opsgate: &Path, postgres: &Postgres, scratch: &Path) -> Result<Self> {
        let mut setup = Self {
            // It is started from another directory.
            opsgate: opsgate.canonicalize()?,
            scratch: scratch.to_owned(),
            database: postgres.gateway(),
            token: String::new(),
        };
        let kept = scratch.join("token");
        if let Ok(token) = std::fs::read_to_string(&kept) {
            setup.token = token;
            return Ok(setup);
        }
        eprintln!("preparing two databases");
        postgres.create().await?;
        // The first start makes the tables and the owner's account.
        setup.start().await?.stop().await?;
        setup.token = setup.owner_token().await?;
        postgres.seed().await?;
        std::fs::write(kept, &setup.token)?;
        Ok(setup)
    }

    /// The same on SQLite, and the URL of its database: without any rows but the first account's.
    pub async fn on_sqlite(opsgate: &Path, scratch: &Path) -> Result<(Self, String)> {
        let scratch = scratch.join("sqlite");
        std::fs::create_dir_all(&scratch)?;
        let database = format!("sqlite:{}", scratch.join("opsgate.db").display());
        let mut setup = Self {
            opsgate: opsgate.canonicalize()?,
            scratch,
            database: database.clone(),
            token: String::new(),
        };
        setup.start().await?.stop().await?;
        setup.token = setup.owner_token().await?;
        Ok((setup, database))
    }

    /// A token that acts as the owner.
    async fn owner_token(&self) -> Result<String> {
        let made = self
            .opsgate()
            .args(["token", "create", "--name", "bench", "--as", "owner@localhost", "--permission", "*"])
            .output()
            .await?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into());
        }
        Ok(String::from_utf8(made.stdout)?.trim().to_owned())
    }

    /// The command, on the prepared database.
    fn opsgate(&self) -> Command {
        let mut command = Command::new(&self.opsgate);
        command
            .current_dir(&self.scratch)
            .env("OPSGATE_DATABASE_URL", &self.database)
            .env("OPSGATE_DATA_DIR", self.scratch.join("data"));
        command
    }

    /// Starts a gateway and waits until it is ready.
    pub async fn start(&self) -> Result<Gateway> {
        let started = Instant::now();
        let log = File::options().create(true).append(true).open(self.scratch.join("gateway.log"))?;
        let mut child = self
            .opsgate()
            .env("OPSGATE_LISTEN", "127.0.0.1:0")
            .env("OPSGATE_METRICS_LISTEN", "127.0.0.1:0")
            // One caller stands for many: every limit is checked and charged, but this one isn't for it to reach.
            .env("OPSGATE_CALLER_COST_BUCKET", "1000000000")
            .env("OPSGATE_CALLER_COST_PER_SECOND", "1000000000")
            .env("OPSGATE_CALLER_MAX_SUBSCRIPTIONS", "1000000")
            // Ten thousand subscriptions, and whoever changes something.
            .env("OPSGATE_MAX_CONNECTIONS", "20000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the gateway's output is nowhere")?;
        let ready = timeout(PATIENCE, async {
            let address = greeting(BufReader::new(stdout)).await?;
            loop {
                let mut client = Client::connect(address, "").await?;
                if client.is_ready().await? {
                    break Ok::<_, crate::Error>(address);
                }
                sleep(Duration::from_millis(1)).await;
            }
        });
        let address = ready.await.map_err(|_| "the gateway doesn't get ready")??;
        Ok(Gateway { child, address, token: self.token.clone(), ready_after: started.elapsed() })
    }
}

/// The address that the gateway prints when it listens.
async fn greeting(stdout: impl tokio::io::AsyncBufRead + Unpin) -> Result<SocketAddr> {
    let mut lines = stdout.lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, url)) = line.split_once("listens on http://") {
            return Ok(url.trim_end_matches("/graphql").parse()?);
        }
    }
    Err("the gateway ended before it listened: see its log".into())
}

/// A running gateway.
pub struct Gateway {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// A token that acts as the owner.
    pub token: String,
    /// From its start until it said that it was ready.
    pub ready_after: Duration,
}

/// The memory of a process, in KiB.
pub struct Memory {
    /// What is resident.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
}

impl Gateway {
    /// Its memory.
    pub fn memory(&self) -> Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let find = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
            Ok(line.trim().trim_end_matches(" kB").parse()?)
        };
        Ok(Memory { resident: find("VmRSS:")?, peak: find("VmHWM:")? })
    }

    /// Stops it as an operator does.
    pub async fn stop(mut self) -> Result<()> {
        output(Command::new("kill").args(["-TERM", &self.pid()?.to_string()])).await?;
        timeout(PATIENCE, self.child.wait()).await.map_err(|_| "the gateway doesn't stop")??;
        Ok(())
    }

    /// Its process.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| "the gateway has ended: see its log".into())
    }
}
