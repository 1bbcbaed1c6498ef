//! One connection, from its first byte to its end.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::{either::Either, sync::CancellationToken};

use super::{
    Server,
    bytes::{Bytes, Stream},
    places::Place,
    service,
};

/// How long a connection that rests has to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection, and what it needs.
pub(super) struct Connection {
    pub server: Arc<Server>,
    pub router: Router,
    pub peer: SocketAddr,
    pub place: Place,
    /// Cancelled when the process stops.
    pub stop: CancellationToken,
}

impl Connection {
    /// Serves it to its end.
    pub async fn serve(self, stream: TcpStream) {
        let Self { server, router, peer, place, stop } = self;
        let life = place.life().clone();
        let patience = server.patience;
        let stream = tokio::select! {
            stream = begin(&server, stream) => stream,
            () = life.stale(patience) => return,
            () = life.vacated() => return,
            () = stop.cancelled() => return,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, "a connection failed before it began");
                return;
            }
        };
        let service = service::of(router, peer, life.clone(), server.tls.is_some());
        let bytes = TokioIo::new(Bytes { stream, place });
        let mut connection = pin!(server.http.serve_connection_with_upgrades(bytes, service));
        let is_stopping = tokio::select! {
            ended = connection.as_mut() => {
                match ended {
                    Ok(()) => life.hand_over(),
                    Err(error) => tracing::debug!(error, "a connection broke"),
                }
                return;
            }
            () = life.vacated() => return,
            () = stop.cancelled() => true,
            () = life.stale(patience) => false,
        };
        connection.as_mut().graceful_shutdown();
        if is_stopping {
            // For as long as it takes: the process says when it is too long.
            let _ = connection.await;
            life.hand_over();
        } else {
            if let Ok(Ok(())) = timeout(GOODBYE, connection).await {
                life.hand_over();
            }
        }
    }
}

/// Over TLS where there is a certificate.
async fn begin(server: &Server, stream: TcpStream) -> std::io::Result<Stream> {
    // Answers are whole when they are written: nothing is gained by waiting for more.
    stream.set_nodelay(true)?;
    match &server.tls {
        None => Ok(Either::Left(stream)),
        Some(tls) => Ok(Either::Right(Box::new(TlsAcceptor::from(tls.config()).accept(stream).await?))),
    }
}
