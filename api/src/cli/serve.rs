//! `opsgate serve`

use std::net::SocketAddr;

use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use super::output::print;
use crate::{
    app::{App, Claim, StartError},
    config::Config,
    demo::{self, Demo, MONTH, Plan},
    kernel::clock::Clock,
};

/// How it is served.
#[derive(Args, Debug)]
pub struct Options {
    /// Show a demo: thirty days of a platform that doesn't exist, on which something happens about once a minute.
    /// It has a directory of its own, `demo` in the data directory, and with it a SQLite file; OPSGATE_DATABASE_URL can
    /// name another database, which must be empty or a demo's. Each start begins anew.
    #[arg(long)]
    demo: bool,
    /// How many days have passed in the demo.
    #[arg(long, value_name = "DAYS", default_value_t = MONTH, requires = "demo",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MONTH)))]
    demo_days: u32,
    /// How many times as fast things happen in the demo.
    #[arg(long, value_name = "TIMES", default_value_t = 1, requires = "demo",
          value_parser = clap::value_parser!(u16).range(1..=20))]
    demo_speed: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { demo: false, demo_days: MONTH, demo_speed: 1 }
    }
}

/// Serves until SIGTERM or Ctrl-C.
pub async fn run(config: Config, options: Options) -> Result<(), Box<dyn std::error::Error>> {
    open_many_files();
    let config = if options.demo { demo::configure(config) } else { config };
    // Before the database is touched: a port that is taken says that another gateway is running.
    let listener = listen("listen", config.listen).await?;
    let metrics = listen("metrics_listen", config.metrics_listen).await?;
    let address = listener.local_addr()?;
    let claim = Claim::take(&config)?;
    let clock = Clock::system();
    let demo = match options.demo {
        true => {
            print("Loading the demo: some days of a platform that doesn't exist.\n\n")?;
            let plan = Plan { days: options.demo_days, ..Plan::month(clock.now()) };
            Some(Demo::load(&config, plan).await?)
        }
        false => None,
    };
    let public_url = config.public_url.clone();
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let app = App::open_claimed(claim, config, clock).await?;
    tracing::info!(address = %metrics.local_addr()?, "metrics are served");
    app.serve_metrics(metrics);
    if let Some(invitation) = app.bootstrap().await? {
        let url = public_url.unwrap_or_else(|| format!("{scheme}://{address}"));
        print(format_args!(
            "This is the first start. Set the owner's password and second factor here, within three days. The link is \
             shown this once:\n\n    {url}/graphql#invitation={}\n\n",
            invitation.token.expose()
        ))?;
    }
    // Heard from here on: whoever reads the address may end it at once.
    let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    if let Some(demo) = demo {
        print(&demo)?;
        demo.go_on(app.kernel(), options.demo_speed);
    }
    print(format_args!("Opsgate listens on {scheme}://{address}/graphql\n"))?;
    let shutdown = app.kernel().shutdown().clone();
    tokio::spawn(async move {
        stopped(terminate, interrupt).await;
        tracing::info!("stopping");
        shutdown.cancel();
    });
    Ok(app.serve(listener).await?)
}

/// Takes as many files as the system lets the process have: each connection is one, and shells give it a thousand.
fn open_many_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { setting, address, source })
}

/// Returns at SIGTERM or Ctrl-C.
async fn stopped(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
