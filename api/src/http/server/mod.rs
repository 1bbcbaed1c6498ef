//! The server: connections, from the listener to the router.
//!
//! A connection speaks HTTP/1.1 or HTTP/2, over TLS where a certificate is set ([`tls`]). It has a place among those that
//! may be open at once ([`places`]), and a time for everything ([`life`]): for its first request, and between things that
//! move on it. Nobody holds a place by saying nothing, by saying it slowly, or by not taking what is answered.

mod bytes;
mod connection;
mod life;
mod places;
mod service;
mod tls;

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use self::{
    connection::Connection,
    life::Patience,
    places::{Place, Places},
};
use crate::config::Config;

pub use service::Acquaintance;
pub use tls::{Tls, TlsError};

/// The longest head of a request: its line and its headers, for each of which HTTP/2 counts 32 bytes more.
const HEAD_BYTES: u32 = 64 * 1024;
/// Requests at the same time on one connection of HTTP/2.
const STREAMS: u32 = 100;
/// How often a connection of HTTP/2 is asked whether anybody is there, and how long that may take to answer.
const PING: Duration = Duration::from_secs(20);
/// How long to wait after no connection could be accepted: what is missing is missing for a while.
const BREATH: Duration = Duration::from_millis(100);

/// What serves a router.
pub struct Server {
    tls: Option<Arc<Tls>>,
    places: Arc<Places>,
    patience: Patience,
    http: Builder<TokioExecutor>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    /// One by these settings. The certificate is read.
    ///
    /// # Errors
    /// Where it can't be used.
    pub fn open(config: &Config) -> Result<Self, TlsError> {
        let tls = config.tls.as_ref().map(|files| Tls::open(files).map(Arc::new)).transpose()?;
        let mut http = Builder::new(TokioExecutor::new());
        http.http1().max_buf_size(HEAD_BYTES as usize);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEAD_BYTES);
        Ok(Self {
            tls,
            places: Arc::new(Places::new(places::bounded(config.max_connections))),
            patience: Patience::of(config),
            http,
        })
    }

    /// The certificate, where there is one.
    pub fn tls(&self) -> Option<&Arc<Tls>> {
        self.tls.as_ref()
    }

    /// Serves until `stop` is cancelled, then takes no more connections, lets those that are open end what they do, and
    /// returns when the last is gone. Dropped before that, it cuts them.
    pub async fn serve(self, listener: TcpListener, router: Router, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        Arc::new(self).take(&mut connections, &listener, router, stop).await;
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    /// Serves what comes, until `stop` is cancelled.
    async fn take(
        self: Arc<Self>,
        connections: &mut JoinSet<()>,
        listener: &TcpListener,
        router: Router,
        stop: CancellationToken,
    ) {
        let mut next = pin!(self.next(listener));
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(_) = connections.join_next() => {}
                (stream, peer, place) = &mut next => {
                    let (server, router, stop) = (self.clone(), router.clone(), stop.clone());
                    connections.spawn(Connection { server, router, peer, place, stop }.serve(stream));
                    next.set(self.next(listener));
                }
            }
        }
    }

    /// The next connection, when there is a place for it.
    async fn next(&self, listener: &TcpListener) -> (TcpStream, SocketAddr, Place) {
        let mut is_failing = false;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, self.places.take().await),
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    // Of files, mostly: somebody's makes room.
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(%error, "connections can't be accepted");
                    }
                    self.places.vacate();
                    sleep(BREATH).await;
                }
            }
        }
    }
}

/// Whether the peer was gone before it was accepted.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
