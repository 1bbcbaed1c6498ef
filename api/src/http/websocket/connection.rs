//! One connection: a socket, a caller, and the operations between them.

use std::{ops::ControlFlow, pin::pin, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, OptionFuture},
    stream::SplitStream,
};
use serde_json::{Map, Value};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use super::{
    Limits,
    protocol::{ClientMessage, Close, Envelope, ack, pong},
    writer::Writer,
};
use crate::{
    http::{
        gateway::Gateway,
        observed::{refused, turned_away},
        operations::{Beginning, Operations, begin, too_many},
        pipeline::{Params, amend, complete, new_request_id},
    },
    kernel::{
        error::Error,
        request::Origin,
        rights::EXPIRED,
        stream::{Ended, Session},
    },
};

/// How long a client may take to read our last words.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a process that stops waits for the answers of what was begun.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

struct Connection<G, K> {
    gateway: G,
    limits: Limits,
    origin: Origin,
    authorization: Option<String>,
    /// To be called once it is known who the client is.
    known: Option<K>,
    session: Option<Session>,
    /// Ready when the session is over.
    ended: Option<BoxFuture<'static, Ended>>,
    operations: Operations<Message>,
    writer: Writer,
}

/// Serves a connection until it ends.
pub(super) async fn serve<G: Gateway, K: FnOnce()>(
    gateway: G,
    limits: Limits,
    origin: Origin,
    authorization: Option<String>,
    known: K,
    socket: WebSocket,
) {
    let is_ours = socket.protocol().is_some();
    let (sink, mut incoming) = socket.split();
    let mut connection = Connection {
        gateway,
        limits,
        origin,
        authorization,
        known: Some(known),
        session: None,
        ended: None,
        operations: Operations::default(),
        writer: Writer::new(sink),
    };
    let close = if is_ours { connection.run(&mut incoming).await } else { Some(Close::SUBPROTOCOL) };
    connection.close(close, &mut incoming).await;
}

impl<G: Gateway, K: FnOnce()> Connection<G, K> {
    /// Runs until there is a reason to close; without one of ours where the client closes, or is gone.
    async fn run(&mut self, incoming: &mut SplitStream<WebSocket>) -> Option<Close> {
        let shutdown = self.gateway.kernel().shutdown().clone();
        let mut init = pin!(sleep(self.limits.init_timeout));
        let mut pings = interval_at(Instant::now() + self.limits.ping_interval, self.limits.ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                // In this order: whether there may be deliveries at all is known before there is one.
                biased;
                () = shutdown.cancelled() => {
                    self.answer_what_was_begun().await;
                    return Some(Close::RESTARTING);
                }
                Some(ended) = OptionFuture::from(self.ended.as_mut()) => {
                    self.writer.clear();
                    return Some(match ended {
                        Ended::Revoked => Close::REVOKED,
                        Ended::Expired => Close::EXPIRED,
                    });
                }
                () = &mut init, if self.session.is_none() => return Some(Close::INIT_TIMEOUT),
                flushed = self.writer.flush(), if !self.writer.is_idle() => flushed.ok()?,
                message = incoming.next(), if !self.writer.is_full() => {
                    heard = Instant::now();
                    match message? {
                        Ok(message) => {
                            if let ControlFlow::Break(close) = self.receive(message).await {
                                return close;
                            }
                        }
                        Err(error) => {
                            tracing::debug!(%error, "reading from a WebSocket");
                            return Some(Close::invalid("this can't be read, or is longer than a message may be"));
                        }
                    }
                }
                _ = pings.tick() => {
                    if !self.writer.is_idle() {
                        // It doesn't read, so it can't have seen a ping. That isn't silence: TCP knows that it is there.
                        heard = Instant::now();
                    } else if heard.elapsed() >= 2 * self.limits.ping_interval {
                        return Some(Close::SILENT);
                    } else {
                        self.writer.push(Message::Ping(axum::body::Bytes::new()));
                    }
                }
                Some((message, _)) = self.operations.next(), if self.writer.is_idle() => {
                    self.writer.push(message);
                    // What else is there goes along.
                    while !self.writer.is_full()
                        && let Some(Some((message, _))) = self.operations.next().now_or_never()
                    {
                        self.writer.push(message);
                    }
                }
            }
        }
    }

    async fn receive(&mut self, message: Message) -> ControlFlow<Option<Close>> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                return ControlFlow::Break(Some(Close::invalid("messages are text, not binary")));
            }
            Message::Ping(_) | Message::Pong(_) => return ControlFlow::Continue(()),
            // The library has the answer ready; it goes out with the last flush.
            Message::Close(_) => return ControlFlow::Break(None),
        };
        let handled = match ClientMessage::parse(&text) {
            Ok(message) => self.handle(message).await,
            Err(close) => Err(close),
        };
        match handled {
            Ok(()) => ControlFlow::Continue(()),
            Err(close) => ControlFlow::Break(Some(close)),
        }
    }

    async fn handle(&mut self, message: ClientMessage) -> Result<(), Close> {
        match message {
            ClientMessage::Init(payload) => self.init(&payload).await?,
            ClientMessage::Ping(payload) => self.writer.push(pong(payload)),
            ClientMessage::Pong => {}
            ClientMessage::Subscribe { id, params } => self.subscribe(&id, *params)?,
            ClientMessage::Complete { id } => self.operations.stop(&id),
        }
        Ok(())
    }

    async fn init(&mut self, payload: &Map<String, Value>) -> Result<(), Close> {
        if self.session.is_some() {
            return Err(Close::SECOND_INIT);
        }
        let authorization = match payload.get("authorization").or_else(|| payload.get("Authorization")) {
            Some(Value::String(text)) => Some(text.as_str()),
            None | Some(Value::Null) => self.authorization.as_deref(),
            Some(_) => return Err(Close::invalid("`authorization` in connection_init is a string")),
        };
        let caller = self.gateway.authenticate(authorization, &self.origin).await;
        let caller =
            caller.inspect_err(|error| turned_away(&self.origin, error)).map_err(|error| match error {
                Error::Unavailable { .. } => Close::UNAVAILABLE,
                Error::Unauthenticated(EXPIRED) => Close::EXPIRED,
                _ => Close::FORBIDDEN,
            })?;
        self.authorization = None;
        if caller.identity().is_ok()
            && let Some(known) = self.known.take()
        {
            known();
        }
        let session = Session::new(self.gateway.kernel(), caller, self.origin.ip_address);
        self.ended = Some(session.clone().ended().boxed());
        self.session = Some(session);
        self.writer.push(ack());
        Ok(())
    }

    fn subscribe(&mut self, id: &str, params: Params) -> Result<(), Close> {
        let Some(session) = &self.session else { return Err(Close::TOO_EARLY) };
        if self.operations.contains(id) {
            return Err(Close::duplicate(id));
        }
        // Each operation is a request of its own.
        let mut origin = Origin { request_id: new_request_id(), ..self.origin.clone() };
        amend(&mut origin, &params.extensions);
        let envelope = Envelope::new(id);
        let most = self.limits.max_operations;
        if self.operations.is_full(most) {
            let mut errors = too_many("this connection runs", most).errors;
            refused(&errors);
            complete(&mut errors, &origin);
            self.writer.push(envelope.error(&errors));
            return Ok(());
        }
        let beginning = Beginning::here(&self.gateway, session, origin);
        let (gateway, caller) = (self.gateway.clone(), session.caller());
        let from = beginning.origin.clone();
        let admitted =
            async move { gateway.pipeline().admit(gateway.kernel(), &caller, &from, params).await };
        let events = begin(self.gateway.clone(), beginning, admitted);
        self.operations.start(id, events, move |event| envelope.of(event));
        Ok(())
    }

    /// What was executed goes out, and queries and mutations are waited for, before a stopping process closes.
    async fn answer_what_was_begun(&mut self) {
        let answers = async {
            loop {
                while let Some(Some((message, _))) = self.operations.next().now_or_never() {
                    self.writer.push(message);
                    if self.writer.is_full() {
                        self.writer.flush().await?;
                    }
                }
                self.writer.flush().await?;
                if !self.operations.awaits_answers() {
                    return Ok::<_, axum::Error>(());
                }
                if let Some((message, _)) = self.operations.next().await {
                    self.writer.push(message);
                }
            }
        };
        // Out of time or out of a socket: there is nothing more to be done for it.
        let _ = timeout(LAST_ANSWERS, answers).await;
    }

    /// Says why, and waits a moment until the client has read it.
    async fn close(mut self, close: Option<Close>, incoming: &mut SplitStream<WebSocket>) {
        drop(std::mem::take(&mut self.operations));
        if let Some(close) = close {
            self.writer.push(close.message());
        }
        let farewell = async {
            self.writer.flush().await?;
            while let Some(message) = incoming.next().await {
                message?;
            }
            Ok::<_, axum::Error>(())
        };
        if let Ok(Err(error)) = timeout(FAREWELL, farewell).await {
            tracing::debug!(%error, "closing a WebSocket");
        }
    }
}
