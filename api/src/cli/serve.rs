//! `opsgate serve`

use std::net::SocketAddr;

use tokio::{net::TcpListener, signal};

use crate::{
    app::{App, StartError},
    config::Config,
    kernel::clock::Clock,
};

/// Serves until SIGTERM or Ctrl-C.
pub async fn run(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    // Before the database is touched: a port that is taken says that another gateway is running.
    let listener = listen("listen", config.listen).await?;
    let metrics = listen("metrics_listen", config.metrics_listen).await?;
    tracing::info!(address = %metrics.local_addr()?, "metrics are served");
    let address = listener.local_addr()?;
    let app = App::open(config, Clock::system()).await?;
    app.serve_metrics(metrics);
    if let Some(token) = app.bootstrap().await? {
        println!("This is the first start. The owner's token, shown this once:\n\n    {}\n", token.expose());
    }
    println!("Opsgate listens on http://{address}/graphql");
    let shutdown = app.kernel().shutdown().clone();
    tokio::spawn(async move {
        match stopped().await {
            Ok(()) => tracing::info!("stopping"),
            Err(error) => tracing::error!(%error, "signals can't be heard: stopping"),
        }
        shutdown.cancel();
    });
    Ok(app.serve(listener).await?)
}

async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { setting, address, source })
}

/// Returns at SIGTERM or Ctrl-C.
async fn stopped() -> std::io::Result<()> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
