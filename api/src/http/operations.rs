//! The operations of one connection that carries many, WebSocket or event stream: each under an id of the client's.
//!
//! Nothing runs ahead of who reads: an operation is asked for its next message when the connection has taken the last
//! one, and a subscription then goes on from where it is in the log.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use async_graphql::{ServerError, parser::types::OperationType};
use axum::http::{StatusCode, header};
use futures_util::{
    StreamExt,
    future::AbortHandle,
    stream::{self, Abortable, BoxStream, SelectAll},
};
use tracing::Instrument;

use super::{
    gateway::Gateway,
    observed::{self, Observed},
    pipeline::{Operation, Refusal, complete, payload},
};
use crate::kernel::{
    log::EventCursor,
    request::Origin,
    stream::{Delivery, Place, Session},
    trace,
};

/// When it may be worth trying again: there is room as soon as an operation ends.
const RETRY_AFTER_MS: u64 = 1000;
/// Operations that may have been stopped and still be there, however few may run.
const SLACK: usize = 16;

/// What an operation has to say.
#[derive(Debug)]
pub(super) enum Event {
    /// A result, as JSON; one of a subscription with the place to resume from.
    Next(Arc<str>, Option<EventCursor>),
    /// It isn't executed, or can't go on. The last one.
    Refused(Vec<ServerError>),
    /// There is no more. The last one.
    Complete,
}

impl Event {
    /// Whether nothing comes after it.
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Next(..))
    }
}

/// What an operation has to say, until it is over.
pub(super) struct Events {
    stream: BoxStream<'static, Event>,
    /// Of which kind it is, once that is known.
    kind: Arc<OnceLock<OperationType>>,
}

/// The refusal of an operation where `most` run already.
pub(super) fn too_many(whose: &str, most: usize) -> Refusal {
    let message = format!("{whose} {most} operations already: complete one first");
    Refusal::http(StatusCode::TOO_MANY_REQUESTS, &message)
        .recoded("THROTTLED")
        .extended("retryAfterMs", RETRY_AFTER_MS)
        .with(header::RETRY_AFTER, RETRY_AFTER_MS.div_ceil(1000))
}

/// An operation that begins.
pub(super) struct Beginning {
    /// Who began it.
    pub session: Session,
    /// As part of what.
    pub origin: Origin,
    /// Where, if it is a subscription.
    pub place: Place,
}

impl Beginning {
    /// One that begins here and now.
    pub fn here<G: Gateway>(gateway: &G, session: &Session, origin: Origin) -> Self {
        let place = gateway.streams().here();
        Self { session: session.clone(), origin, place }
    }

    /// The same, but what comes after `cursor`.
    pub fn resuming(self, cursor: Option<EventCursor>) -> Self {
        Self { place: self.place.resuming(cursor), ..self }
    }
}

/// Begins an operation that is `admitted` or refused.
pub(super) fn begin<G: Gateway>(
    gateway: G,
    beginning: Beginning,
    admitted: impl Future<Output = Result<Operation, Refusal>> + Send + 'static,
) -> Events {
    let kind = Arc::<OnceLock<_>>::default();
    let known = kind.clone();
    let begun = async move {
        let mut observed = Observed::begin();
        let span = observed.trace(&beginning.origin);
        run(gateway, beginning, admitted, &known, &mut observed).instrument(span).await
    };
    Events { stream: stream::once(begun).flatten().boxed(), kind }
}

async fn run<G: Gateway>(
    gateway: G,
    beginning: Beginning,
    admitted: impl Future<Output = Result<Operation, Refusal>>,
    known: &OnceLock<OperationType>,
    observed: &mut Observed,
) -> BoxStream<'static, Event> {
    let Beginning { session, origin, place } = beginning;
    let operation = match admitted.instrument(trace::step("admit")).await {
        Ok(operation) => operation,
        Err(refusal) => return refused(observed, refusal, &origin),
    };
    observed.is(operation.ty);
    match *known.get_or_init(|| operation.ty) {
        OperationType::Subscription => {
            observed.leave_untold();
            subscription(gateway, &session, origin, place, operation)
        }
        _ => answer(gateway, session, origin, operation, observed).await,
    }
}

fn refused(observed: &mut Observed, mut refusal: Refusal, origin: &Origin) -> BoxStream<'static, Event> {
    observed.ended(Err(&refusal));
    complete(&mut refusal.errors, origin);
    stream::iter([Event::Refused(refusal.errors)]).boxed()
}

fn subscription<G: Gateway>(
    gateway: G,
    session: &Session,
    origin: Origin,
    place: Place,
    operation: Operation,
) -> BoxStream<'static, Event> {
    let cost = operation.admission.cost();
    let deliveries = gateway.streams().subscribe(session, origin, operation.request, place, cost);
    deliveries
        .map(move |delivery| match delivery {
            Delivery::Next { cursor, payload } => Event::Next(payload, Some(cursor)),
            Delivery::Error(mut errors) => {
                gateway.pipeline().tidy(&mut errors);
                observed::refused(&errors);
                Event::Refused(errors)
            }
            Delivery::Complete => Event::Complete,
        })
        .boxed()
}

async fn answer<G: Gateway>(
    gateway: G,
    session: Session,
    origin: Origin,
    operation: Operation,
    observed: &mut Observed,
) -> BoxStream<'static, Event> {
    // The caller is as the rights were known last; where they can't be read, nobody is answered.
    if let Err(error) = gateway.kernel().rights().confirmed().await {
        return refused(observed, error.into(), &origin);
    }
    let caller = (*session.caller()).clone();
    match gateway.execute(caller, origin.clone(), operation).await {
        Ok(response) => {
            observed.ended(Ok(&response));
            stream::iter([Event::Next(payload(&response).into(), None), Event::Complete]).boxed()
        }
        Err(refusal) => refused(observed, refusal, &origin),
    }
}

/// A message of an operation on its way out.
struct Output<M> {
    id: Arc<str>,
    message: M,
    is_last: bool,
}

/// Every operation that runs, by its id. Its messages are `M`.
pub(super) struct Operations<M> {
    running: HashMap<Arc<str>, Running>,
    outputs: SelectAll<Abortable<BoxStream<'static, Output<M>>>>,
}

struct Running {
    abort: AbortHandle,
    kind: Arc<OnceLock<OperationType>>,
}

impl<M> Default for Operations<M> {
    fn default() -> Self {
        Self { running: HashMap::new(), outputs: SelectAll::new() }
    }
}

impl<M: 'static> Operations<M> {
    /// Whether there is no room for another one beside `most`. Those that were stopped count too while their streams
    /// are there, which is until they are next asked for messages: a client that doesn't read can't pile them up.
    pub fn is_full(&self, most: usize) -> bool {
        self.running.len() >= most || self.outputs.len() >= 2 * most + SLACK
    }

    /// Whether `id` runs.
    pub fn contains(&self, id: &str) -> bool {
        self.running.contains_key(id)
    }

    /// The ids of all that run.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.running.keys().map(|id| &**id)
    }

    /// Whether nothing runs.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Whether anything runs that isn't a subscription: there will be an answer.
    pub fn awaits_answers(&self) -> bool {
        self.running.values().any(|running| running.kind.get() != Some(&OperationType::Subscription))
    }

    /// Starts the operation `id`, which says `events`; each becomes a message by `encode`.
    pub fn start(&mut self, id: &str, events: Events, mut encode: impl FnMut(Event) -> M + Send + 'static) {
        let id: Arc<str> = id.into();
        let own = id.clone();
        let Events { stream, kind } = events;
        let outputs = stream.map(move |event| {
            let is_last = event.is_last();
            Output { id: own.clone(), message: encode(event), is_last }
        });
        let (abort, registration) = AbortHandle::new_pair();
        self.outputs.push(Abortable::new(outputs.boxed(), registration));
        self.running.insert(id, Running { abort, kind });
    }

    /// Ends the operation `id`, where it runs.
    pub fn stop(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            running.abort.abort();
        }
    }

    /// The next message of any of them, with the id of an operation that is over by it; none while nothing runs.
    pub async fn next(&mut self) -> Option<(M, Option<Arc<str>>)> {
        let output = self.outputs.next().await?;
        if output.is_last {
            self.stop(&output.id);
        }
        Some((output.message, output.is_last.then_some(output.id)))
    }
}

impl<M> Drop for Operations<M> {
    fn drop(&mut self) {
        // A connection that goes takes its operations along at once, not when their wakers are gone.
        self.outputs.clear();
    }
}
