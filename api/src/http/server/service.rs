//! From HTTP to the router: what every request carries, and every answer.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderValue, Request, Response, header},
};
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    service::{self, service_fn},
};
use tower::Service;

use super::life::{Arriving, Asked, Life};

/// A browser takes an answer for what it says it is.
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
/// A browser that has come over TLS once comes over TLS for a year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The service of a connection of `peer`.
pub(super) fn of(
    router: Router,
    peer: SocketAddr,
    life: Arc<Life>,
    is_tls: bool,
) -> impl service::Service<
    Request<Incoming>,
    Response = Response<Taken>,
    Error = Infallible,
    Future: Send + 'static,
> + Send {
    service_fn(move |request: Request<Incoming>| {
        let mut asked = life.ask();
        let mut request = request.map(|body| Body::new(Given::of(body, &life)));
        request.extensions_mut().insert(ConnectInfo(peer));
        if request.headers().contains_key(header::UPGRADE) {
            request.extensions_mut().insert(Acquaintance(life.clone()));
        }
        let answer = router.clone().call(request);
        async move {
            let mut answer: Response<Body> = answer.await?;
            asked.answered();
            let headers = answer.headers_mut();
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
            if is_tls {
                headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
            }
            Ok(answer.map(|body| Taken { body, asked }))
        }
    })
}

/// Tells the connection, once it isn't HTTP's any more, that its client is no stranger.
#[derive(Clone, Debug)]
pub struct Acquaintance(Arc<Life>);

impl Acquaintance {
    /// It is known who the client is.
    pub fn make(&self) {
        self.0.know();
    }
}

/// A request's body until it is there.
struct Given {
    body: Incoming,
    arriving: Option<Arriving>,
}

impl Given {
    fn of(body: Incoming, life: &Arc<Life>) -> Self {
        let arriving = (!body.is_end_stream()).then(|| life.receive());
        Self { body, arriving }
    }
}

impl HttpBody for Given {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if self.body.is_end_stream() || matches!(frame, Poll::Ready(None)) {
            self.arriving = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body while it is being taken: its request is open until then.
pub(super) struct Taken {
    body: Body,
    asked: Asked,
}

impl HttpBody for Taken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.asked.moved();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
