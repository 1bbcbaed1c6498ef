//! The operations of one connection.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Request, Response, Value, parser::types::OperationType};
use axum::extract::ws::Message;
use futures_util::{
    StreamExt,
    future::AbortHandle,
    stream::{self, Abortable, BoxStream, SelectAll},
};

use super::{Gateway, protocol::Envelope};
use crate::kernel::{
    error::Error,
    request::Origin,
    stream::{Delivery, Session, operation_type, server_error},
};

/// Operations that may have been stopped and still be there, however few may run.
const SLACK: usize = 16;

/// A message of an operation on its way out.
struct Output {
    id: Arc<str>,
    message: Message,
    is_last: bool,
}

/// Every operation that runs, by its id.
#[derive(Default)]
pub(super) struct Operations {
    running: HashMap<Arc<str>, Running>,
    outputs: SelectAll<Abortable<BoxStream<'static, Output>>>,
}

struct Running {
    abort: AbortHandle,
    has_one_answer: bool,
}

impl Operations {
    /// Whether there is no room for another one beside `most`. Those that were stopped count too while their streams
    /// are there, which is until they are next asked for messages: a client that doesn't read can't pile them up.
    pub fn is_full(&self, most: usize) -> bool {
        self.running.len() >= most || self.outputs.len() >= 2 * most + SLACK
    }

    /// Whether `id` runs.
    pub fn contains(&self, id: &str) -> bool {
        self.running.contains_key(id)
    }

    /// Whether a query or mutation runs.
    pub fn awaits_answers(&self) -> bool {
        self.running.values().any(|running| running.has_one_answer)
    }

    /// Starts the operation `id`.
    pub fn start<G: Gateway>(
        &mut self,
        gateway: &G,
        session: &Session,
        origin: Origin,
        id: &str,
        mut request: Request,
    ) {
        let envelope = Envelope::new(id);
        let id: Arc<str> = id.into();
        let ty = operation_type(&mut request);
        let has_one_answer = !matches!(ty, Ok(OperationType::Subscription));
        let messages = match ty {
            Ok(OperationType::Subscription) => subscription(gateway, session, origin, request, envelope),
            Ok(ty) => answer(gateway, session, origin, request, envelope, ty),
            Err(mut error) => {
                Error::complete(&mut error, "GRAPHQL_VALIDATION_FAILED", &origin.request_id);
                stream::iter([(envelope.error(&[error]), true)]).boxed()
            }
        };
        let own = id.clone();
        let outputs = messages.map(move |(message, is_last)| Output { id: own.clone(), message, is_last });
        let (abort, registration) = AbortHandle::new_pair();
        self.outputs.push(Abortable::new(outputs.boxed(), registration));
        self.running.insert(id, Running { abort, has_one_answer });
    }

    /// Ends the operation `id`, where it runs.
    pub fn stop(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            running.abort.abort();
        }
    }

    /// The next message of any of them; none while nothing runs.
    pub async fn next(&mut self) -> Option<Message> {
        let output = self.outputs.next().await?;
        if output.is_last {
            self.stop(&output.id);
        }
        Some(output.message)
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        // A socket that goes takes its operations along at once, not when their wakers are gone.
        self.outputs.clear();
    }
}

/// Messages, each with whether it is the last.
type Messages = BoxStream<'static, (Message, bool)>;

fn subscription<G: Gateway>(
    gateway: &G,
    session: &Session,
    origin: Origin,
    request: Request,
    envelope: Envelope,
) -> Messages {
    let deliveries = gateway.streams().subscribe(session, origin, request);
    deliveries
        .map(move |delivery| match delivery {
            Delivery::Next { payload, .. } => (envelope.next(&payload), false),
            Delivery::Error(errors) => (envelope.error(&errors), true),
            Delivery::Complete => (envelope.complete(), true),
        })
        .boxed()
}

/// A query runs as long as somebody waits for it. A mutation runs in a task of its own: the client's going can't cut it
/// in half.
fn answer<G: Gateway>(
    gateway: &G,
    session: &Session,
    origin: Origin,
    request: Request,
    envelope: Envelope,
    ty: OperationType,
) -> Messages {
    let (gateway, caller) = (gateway.clone(), (*session.caller()).clone());
    let request_id = origin.request_id.clone();
    // The caller is as the rights were known last; where they can't be read, nobody is answered.
    let rights = gateway.kernel().rights().current().map(|_| ());
    let executing = async move {
        match rights {
            Ok(()) => gateway.execute(caller, origin, request).await,
            Err(error) => refused(error, &origin.request_id),
        }
    };
    let answered = async move {
        let broken = |error: &dyn std::error::Error| refused(Error::internal(error.to_string()), &request_id);
        let response = match ty {
            OperationType::Mutation => tokio::spawn(executing).await.unwrap_or_else(|error| broken(&error)),
            _ => executing.await,
        };
        let is_refused = response.data == Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(|error| error.path.is_empty());
        if is_refused {
            return stream::iter(vec![(envelope.error(&response.errors), true)]);
        }
        match serde_json::to_string(&response) {
            Ok(payload) => stream::iter(vec![(envelope.next(&payload), false), (envelope.complete(), true)]),
            Err(error) => stream::iter(vec![(envelope.error(&broken(&error).errors), true)]),
        }
    };
    stream::once(answered).flatten().boxed()
}

/// The answer where nothing was executed, or execution itself broke.
fn refused(error: Error, request_id: &str) -> Response {
    Response::from_errors(vec![server_error(error, request_id)])
}
