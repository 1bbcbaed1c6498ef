//! Subscriptions: how clients follow the log, executed once and shared.
//!
//! A domain's subscription field says which events it shows and as what ([`follow`]). Everything else happens here, so
//! that ten thousand who watch the same thing cost little more than one:
//!
//! - An *execution* (`execution.rs`) is one run of a subscription document that is handed events one at a time, through
//!   its *feed* (`feed.rs`), and answers each with a payload or with nothing.
//! - A *group* (`group.rs`) is everybody with the same document, variables (but for `after`) and scope. It has one
//!   execution, which follows the log at its head; the payloads go as shared text into a ring that all members read.
//! - A *member* (`member.rs`) is one subscription of one connection: a position in the log. It reads the ring. Where it
//!   is behind what the ring holds, because it resumes with `after` or its client is slow, it reads the log from the
//!   table with an execution of its own, a bounded batch at a time, until it has caught up. So nothing is buffered for
//!   anybody, and nothing is lost.
//! - A *session* ([`Session`]) is the caller of a connection for as long as it lasts. It follows the rights: a
//!   revoked or expired credential ends it, a changed one moves its members to the group of their new scope.
//!
//! A fault of the moment delays an event, and an outage of the database delays them all; only a fault that doesn't pass
//! within two seconds is shown in an event's place.
//!
//! What a change shows may depend on the caller's scope (permissions and boundary) and on nothing else of theirs: the
//! other members of the group see the same.

mod document;
mod execution;
mod feed;
mod group;
mod member;
mod session;
mod tail;

#[cfg(test)]
pub(crate) mod tests;

use std::{sync::Arc, time::Duration};

use async_graphql::{Executor, Response, ServerError};
use futures_util::stream::{BoxStream, Stream};
use tokio::sync::{Semaphore, SemaphorePermit};

use self::group::Groups;
use super::{
    Kernel,
    error::{Error, Result},
    log::EventCursor,
    request::Origin,
    throttle::Throttle,
};

pub use document::choose;
pub use feed::follow;
pub use session::{Ended, Session};

/// How many read the log from the table at the same time, in one process; the others wait their turn.
const READERS: usize = 4;
/// How often whoever waits for the database looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a subscription tells its client.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// A result.
    Next {
        /// The place to resume from after this one.
        cursor: EventCursor,
        /// The response as JSON, shared by everybody who gets the same.
        payload: Arc<str>,
    },
    /// It can't begin, or can't go on. The last one.
    Error(Vec<ServerError>),
    /// It has ended by itself. The last one.
    Complete,
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    position: i64,
    resume: Option<EventCursor>,
}

impl Place {
    /// The same, but what comes after `cursor`, whatever the document says; none: as before.
    #[must_use]
    pub fn resuming(self, cursor: Option<EventCursor>) -> Self {
        Self { resume: cursor, ..self }
    }
}

/// The subscriptions of this process. Cheap to clone.
#[derive(Clone)]
pub struct Streams(Arc<Inner>);

struct Inner {
    kernel: Kernel,
    execute: Box<dyn Fn(async_graphql::Request) -> BoxStream<'static, Response> + Send + Sync>,
    groups: Arc<Groups>,
    readers: Semaphore,
    throttle: Throttle,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Streams")
    }
}

impl Streams {
    /// Subscriptions of `schema`, which follow the log of `kernel`, for callers within the allowance of `throttle`.
    pub fn new(kernel: Kernel, schema: impl Executor, throttle: Throttle) -> Self {
        Self(Arc::new(Inner {
            kernel,
            execute: Box::new(move |request| schema.execute_stream(request, None)),
            groups: Arc::default(),
            readers: Semaphore::new(READERS),
            throttle,
        }))
    }

    /// Where a subscription begins that is asked for now.
    pub fn here(&self) -> Place {
        Place { position: self.kernel().hub().position(), resume: None }
    }

    /// Subscribes the caller of `session` to the subscription operation `request`, from `place` on or from its `after`.
    ///
    /// Events that are published after the place was taken are delivered, even where the stream is polled later. Nothing
    /// runs ahead of who polls: the stream of a slow client costs as little as that of a fast one.
    ///
    /// An event that has to be read again costs the caller `cost` points where it is shown. It waits until they have them.
    pub fn subscribe(
        &self,
        session: &Session,
        origin: Origin,
        request: async_graphql::Request,
        place: Place,
        cost: u64,
    ) -> impl Stream<Item = Delivery> + Send + use<> {
        member::deliveries(self.clone(), session, origin, request, place, cost)
    }

    /// How many groups there are, for the operator.
    pub fn groups(&self) -> usize {
        self.0.groups.len()
    }

    fn kernel(&self) -> &Kernel {
        &self.0.kernel
    }

    /// Waits for a turn to read the log from the table.
    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.0.readers.acquire().await.map_err(|_| Error::internal("nobody may read the log any more"))
    }
}

/// An error as GraphQL has it, complete with its code.
pub(crate) fn server_error(error: Error, request_id: &str) -> ServerError {
    let mut error = async_graphql::Error::from(error).into_server_error(async_graphql::Pos::default());
    error.locations.clear();
    Error::complete(&mut error, "INTERNAL_SERVER_ERROR", request_id);
    error
}

/// Waits until rights are known for sure. While they aren't, nothing is delivered to anybody: a revocation may have
/// been missed.
async fn until_fresh(kernel: &Kernel) {
    while !kernel.rights().is_fresh() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
