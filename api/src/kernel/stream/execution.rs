//! One run of a subscription document, driven event by event.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use async_graphql::{Response, ServerError};
use futures_util::{StreamExt, stream::BoxStream};

use super::{Streams, document::Document, feed::Feed, until_fresh};
use crate::kernel::{
    Kernel,
    actor::Caller,
    error::Error,
    event::LogEvent,
    log::EventCursor,
    request::{Options, Origin, Request},
    turn::in_turns,
};

/// How often an event is executed again where the fault is one of the moment, in the first pause's powers of two. An
/// outage of the whole database isn't counted: nothing is delivered while rights can't be read either.
const RETRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A subscription that executes.
pub(super) struct Execution {
    kernel: Kernel,
    responses: BoxStream<'static, Response>,
    feed: Feed,
    request_id: String,
}

/// What became of an event.
pub(super) enum Outcome {
    /// This is what the client sees.
    Shown(Arc<str>),
    /// The field doesn't show it.
    Hidden,
    /// The field shows no more.
    Ended,
}

impl Execution {
    /// Validates the document, checks guards and arguments, and stops where it wants its first event.
    ///
    /// # Errors
    /// Those of the response, complete.
    pub async fn open(
        streams: &Streams,
        caller: Caller,
        origin: Origin,
        document: &Document,
    ) -> Result<Self, Vec<ServerError>> {
        let kernel = streams.kernel().clone();
        let (feed, request_id) = (Feed::default(), origin.request_id.clone());
        let request = Arc::new(Request::new(&kernel, caller, origin, Options::default()));
        let mut responses = (streams.0.execute)(document.request().data(request.clone()).data(feed.clone()));
        let refusal = poll_fn(|cx| match responses.poll_next_unpin(cx) {
            Poll::Ready(response) => Poll::Ready(Some(response.unwrap_or_default())),
            Poll::Pending if feed.is_idle() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        match refusal.await {
            None => {
                request.share();
                Ok(Self { kernel, responses, feed, request_id })
            }
            Some(mut response) => {
                if response.errors.is_empty() {
                    response.errors.push(ServerError::new("this subscription has nothing to show", None));
                }
                complete(&mut response, &request_id);
                Err(response.errors)
            }
        }
    }

    /// What the client gave as `after`.
    pub fn after(&self) -> Option<EventCursor> {
        self.feed.after()
    }

    /// Executes one event.
    pub async fn run(&mut self, event: &Arc<LogEvent>) -> Outcome {
        let mut retries = 0;
        loop {
            let mut response = match self.once(event.clone()).await {
                Some(Some(response)) => response,
                Some(None) => return Outcome::Hidden,
                None => return Outcome::Ended,
            };
            if retries < RETRIES && response.errors.iter().any(is_transient) {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(retries)).await;
                // While the whole database is away, that isn't the fault of this event.
                if self.kernel.rights().is_fresh() {
                    retries += 1;
                }
                until_fresh(&self.kernel).await;
                continue;
            }
            complete(&mut response, &self.request_id);
            return match serde_json::to_string(&response) {
                Ok(payload) => Outcome::Shown(payload.into()),
                Err(error) => {
                    tracing::error!(%error, position = event.position, "a response has no JSON");
                    Outcome::Ended
                }
            };
        }
    }

    /// One attempt: a response, nothing to show, or the end of the stream.
    async fn once(&mut self, event: Arc<LogEvent>) -> Option<Option<Response>> {
        self.feed.offer(event);
        in_turns(poll_fn(|cx| match self.responses.poll_next_unpin(cx) {
            Poll::Ready(response) => Poll::Ready(response.map(Some)),
            Poll::Pending if self.feed.is_idle() => Poll::Ready(Some(None)),
            Poll::Pending => Poll::Pending,
        }))
        .await
    }
}

fn is_transient(error: &ServerError) -> bool {
    error.source::<Error>().is_some_and(Error::is_transient)
}

/// Gives every error its code. One without a path came before execution: the document isn't valid. Of the others,
/// those that aren't ours are async-graphql's about arguments.
fn complete(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        let fallback = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_USER_INPUT" };
        Error::complete(error, fallback, request_id);
    }
}
