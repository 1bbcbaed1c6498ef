//! `/graphql/stream`: GraphQL over server-sent events, as the protocol of [graphql-sse] has it.
//!
//! In *distinct connections mode* a request, by POST or in the URL of a GET, is answered with a stream of its own: a
//! `next` for each result, and `complete`. In *single connection mode* a client reserves a stream (PUT) and gets a
//! token, opens it with that (GET), and then sends operations (POST) and stops them (DELETE); the one stream carries
//! them all, each under its `operationId`. A reservation is this process's: behind a balancer it needs the client to
//! come back to the same one, which distinct connections don't.
//!
//! | file | what |
//! | --- | --- |
//! | `frame.rs` | what is written |
//! | `connection.rs` | an open stream: operations, keep-alive, and how it ends |
//! | `reservation.rs` | streams that are reserved, and who may use them |
//!
//! The `id` of a `next` is the place in the event log after it: `Last-Event-ID` resumes there. When the credential is
//! revoked or expires, or the process stops, what runs ends with a `complete` that says so: its data has `extensions`
//! with a `reason`, as the close of a WebSocket has.
//!
//! [graphql-sse]: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md

mod connection;
mod frame;
mod reservation;

use std::{net::SocketAddr, time::Duration};

use async_graphql::Value;
use axum::{
    body::Body,
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response as HttpResponse,
};

use self::{connection::Connection, reservation::Command};
use super::{
    Face, Open,
    exchange::{Exchange, Source},
    gateway::Gateway,
    metrics,
    operations::{Beginning, Events, begin},
    pipeline::{Accept, Media, Operation, Refusal, answer, named, one},
};
use crate::{
    config::Config,
    kernel::{actor::Caller, error::Error, log::EventCursor, rights::UNKNOWN, stream::Session},
};

pub(super) use reservation::Reservations;

/// The header with a reservation's token; in a URL it is `token`.
const TOKEN: &str = "x-graphql-event-stream-token";

/// The bounds of a stream.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Operations at the same time.
    max_operations: usize,
    /// The longest silence.
    keep_alive: Duration,
}

impl Limits {
    fn of(config: &Config) -> Self {
        Self { max_operations: config.max_subscriptions_per_connection, keep_alive: config.stream_keep_alive }
    }
}

/// `GET`: opens a reserved stream, or one for the operation in the URL.
pub(super) async fn get(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> HttpResponse {
    let mut call = Call::new(face, peer, headers, query);
    let answer = match call.token() {
        Ok(Some(token)) => call.open(&token).await,
        Ok(None) => call.stream(None).await,
        Err(refusal) => Err(refusal),
    };
    call.finish(answer)
}

/// `POST`: an operation, on a reserved stream or with one of its own.
pub(super) async fn post(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Body,
) -> HttpResponse {
    let mut call = Call::new(face, peer, headers, query);
    let answer = match call.token() {
        Ok(Some(token)) => call.start(&token, body).await,
        Ok(None) => call.stream(Some(body)).await,
        Err(refusal) => Err(refusal),
    };
    call.finish(answer)
}

/// `PUT`: reserves a stream.
pub(super) async fn put(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> HttpResponse {
    let mut call = Call::new(face, peer, headers, None);
    let answer = call.reserve().await;
    call.finish(answer)
}

/// `DELETE`: ends an operation of a reserved stream.
pub(super) async fn delete(
    State(face): State<Face>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> HttpResponse {
    let mut call = Call::new(face, peer, headers, query);
    let answer = call.stop().await;
    call.finish(answer)
}

/// One request to the path.
struct Call {
    exchange: Exchange,
    query: Option<String>,
    limits: Limits,
}

impl Call {
    fn new(face: Face, peer: SocketAddr, headers: HeaderMap, query: Option<String>) -> Self {
        Self { limits: Limits::of(face.config()), exchange: Exchange::new(face, peer, headers), query }
    }

    /// Opens a stream for one operation.
    async fn stream(&mut self, body: Option<Body>) -> Result<HttpResponse, Refusal> {
        self.takes_events()?;
        let resume = self.last_event_id()?;
        let source = body.map_or_else(|| Source::Url(self.query.take()), Source::Body);
        let (caller, admitted) = match self.exchange.admit(source).await {
            Ok((caller, operation)) => (caller, Ok(operation)),
            // The protocol has it that what is wrong with a document is told on the stream.
            Err(refusal) if refusal.is_about_document => (Caller::anonymous(), Err(refusal)),
            Err(refusal) => return Err(refusal),
        };
        let session = Session::new(self.face().kernel(), caller, self.exchange.origin.ip_address);
        let events = self.events(&session, resume, admitted);
        let open = Open::stream(self.face());
        Ok(self.opened(Connection::distinct(self.face(), session, self.limits, events, open)))
    }

    /// Reserves a stream for who asks.
    async fn reserve(&self) -> Result<HttpResponse, Refusal> {
        if !Accept::of(&self.exchange.headers).takes("text", "plain") {
            let message = "the token of a reservation is text/plain";
            return Err(Refusal::http(StatusCode::NOT_ACCEPTABLE, message));
        }
        let caller = self.exchange.authenticate().await?;
        caller.identity()?;
        let session = Session::new(self.face().kernel(), caller, self.exchange.origin.ip_address);
        let token = self.face().reservations().reserve(session, self.limits.max_operations)?;
        Ok(self.plain(StatusCode::CREATED, token))
    }

    /// Opens a reserved stream. A browser's `EventSource` can send no more than the token, which is random and works
    /// once; where a credential comes along, it has to be that of the reservation.
    async fn open(&self, token: &str) -> Result<HttpResponse, Refusal> {
        self.takes_events()?;
        let reservation = self.face().reservations().find(token)?;
        if self.exchange.headers.contains_key(header::AUTHORIZATION) {
            reservation.belongs_to(&self.exchange.authenticate().await?)?;
        }
        if !reservation.session().caller().may_come_from(self.exchange.origin.ip_address) {
            return Err(Error::Unauthenticated(UNKNOWN).into());
        }
        let opened = self.face().reservations().open(token, reservation)?;
        let open = Open::stream(self.face());
        Ok(self.opened(Connection::reserved(self.face(), opened, self.limits, open)))
    }

    /// Starts an operation on a reserved stream.
    async fn start(&mut self, token: &str, body: Body) -> Result<HttpResponse, Refusal> {
        Media::of(&self.exchange.headers)?;
        let resume = self.last_event_id()?;
        let (caller, operation) = self.exchange.admit(Source::Body(body)).await?;
        let reservation = self.face().reservations().find(token)?;
        reservation.belongs_to(&caller)?;
        let id = match operation.extensions.get("operationId") {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            _ => return Err(Refusal::malformed("`operationId` in `extensions` names the operation")),
        };
        let events = self.events(reservation.session(), resume, Ok(operation));
        reservation.start(&id, events)?;
        Ok(self.plain(StatusCode::ACCEPTED, String::new()))
    }

    /// Ends an operation of a reserved stream.
    async fn stop(&self) -> Result<HttpResponse, Refusal> {
        let token =
            self.token()?.ok_or_else(|| Refusal::malformed("the token of a reservation is missing"))?;
        let caller = self.exchange.authenticate().await?;
        let reservation = self.face().reservations().find(&token)?;
        reservation.belongs_to(&caller)?;
        let id = named(self.query.as_deref(), "operationId")?;
        let id = id.ok_or_else(|| Refusal::malformed("`operationId` in the URL names the operation"))?;
        reservation.send(Command::Stop(id.as_str().into()))?;
        Ok(self.plain(StatusCode::OK, String::new()))
    }

    fn face(&self) -> &Face {
        &self.exchange.face
    }

    fn events(
        &self,
        session: &Session,
        resume: Option<EventCursor>,
        admitted: Result<Operation, Refusal>,
    ) -> Events {
        let beginning = Beginning::here(self.face(), session, self.exchange.origin.clone()).resuming(resume);
        begin(self.face().clone(), beginning, std::future::ready(admitted))
    }

    /// The token of a reservation, from the header or the URL.
    fn token(&self) -> Result<Option<String>, Refusal> {
        match one(&self.exchange.headers, TOKEN)? {
            Some(token) => Ok(Some(token.to_owned())),
            None => named(self.query.as_deref(), "token"),
        }
    }

    /// Where the client stopped reading.
    fn last_event_id(&self) -> Result<Option<EventCursor>, Refusal> {
        match one(&self.exchange.headers, "last-event-id")?.filter(|id| !id.is_empty()) {
            None => Ok(None),
            Some(id) => id
                .parse()
                .map(Some)
                .map_err(|_| Refusal::malformed("`Last-Event-ID` is the id of a `next` that came from here")),
        }
    }

    fn takes_events(&self) -> Result<(), Refusal> {
        if Accept::of(&self.exchange.headers).takes("text", "event-stream") {
            return Ok(());
        }
        let message = "operations are answered here by text/event-stream";
        Err(Refusal::http(StatusCode::NOT_ACCEPTABLE, message))
    }

    /// The head of a stream.
    fn opened(&self, connection: Connection) -> HttpResponse {
        let mut response = self.exchange.response(StatusCode::OK, Body::from_stream(connection.frames()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
        // Proxies that gather answers would keep the events.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }

    fn plain(&self, status: StatusCode, text: String) -> HttpResponse {
        let mut response = self.exchange.response(status, Body::from(text));
        let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    }

    /// Refusals are JSON.
    fn finish(&mut self, outcome: Result<HttpResponse, Refusal>) -> HttpResponse {
        self.exchange.observed.leave_untold();
        let response = outcome.unwrap_or_else(|refusal| {
            self.exchange.observed.ended(Err(&refusal));
            let media = Media::of(&self.exchange.headers).unwrap_or(Media::GraphqlResponse);
            answer(media, &self.exchange.origin, Err(refusal))
        });
        metrics::answered(response.status().as_u16());
        response
    }
}
