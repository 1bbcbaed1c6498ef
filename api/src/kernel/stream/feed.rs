//! How events get into a subscription that executes.
//!
//! A feed is a slot for one event. Whoever drives the execution puts an event in; the stream that [`follow`] made takes
//! it out and either makes an item of it, which async-graphql then resolves, or asks for the next, which says that the
//! event isn't shown. async-graphql resolves the items of a stream strictly one after another, so what comes out
//! belongs to what was put in last.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context as TaskContext, Poll, Waker},
};

use async_graphql::Context;
use futures_util::stream::{self, Stream};

use crate::kernel::{
    error::{Error, Result},
    event::LogEvent,
    log::EventCursor,
    request::{Request, RequestExt},
};

/// The slot, shared by the driver and the execution.
#[derive(Clone, Debug, Default)]
pub(super) struct Feed(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    after: Option<EventCursor>,
    stage: Stage,
    waker: Option<Waker>,
}

/// What the execution is at.
#[derive(Debug, Default)]
enum Stage {
    /// Guards and arguments; the stream isn't there yet.
    #[default]
    Opening,
    /// It wants an event.
    Idle,
    /// One waits for it.
    Offered(Arc<LogEvent>),
    /// It resolves one.
    Busy,
}

impl Feed {
    /// Whether everything that was offered has been dealt with. False until the stream is there.
    pub fn is_idle(&self) -> bool {
        matches!(self.state().stage, Stage::Idle)
    }

    /// What the client gave as `after`.
    pub fn after(&self) -> Option<EventCursor> {
        self.state().after
    }

    /// Offers the next event.
    pub fn offer(&self, event: Arc<LogEvent>) {
        let mut state = self.state();
        state.stage = Stage::Offered(event);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// The stream wants an event.
    fn poll(&self, cx: &TaskContext<'_>) -> Poll<Arc<LogEvent>> {
        let mut state = self.state();
        match std::mem::replace(&mut state.stage, Stage::Idle) {
            Stage::Offered(event) => {
                state.stage = Stage::Busy;
                Poll::Ready(event)
            }
            _ => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream of a subscription field: of the events within the caller's boundary, those that `select` makes an item
/// of, in the order of the log, each once.
///
/// `after` is the field's argument of that name: a client resumes there. `select` looks at the event alone (its type,
/// its entity, its state before and after) and is quick; what it returns is resolved with the event's own loaders in
/// force, which are shared by everybody who is shown the same event.
///
/// ```text
/// async fn incident_changed(
///     &self,
///     ctx: &Context<'_>,
///     after: Option<EventCursor>,
///     filter: Option<IncidentFilter>,
/// ) -> Result<impl Stream<Item = IncidentChange>> {
///     stream::follow(ctx, after, move |event| {
///         (event.row.entity_type == "Incident" && filter.matches(event)).then(|| IncidentChange::of(event.clone()))
///     })
/// }
/// ```
///
/// # Errors
/// Where the field isn't executed by [`Streams`](super::Streams): a mistake of ours.
pub fn follow<T, F>(
    ctx: &Context<'_>,
    after: Option<EventCursor>,
    select: F,
) -> Result<impl Stream<Item = T> + Send + use<T, F>>
where
    F: Fn(&Arc<LogEvent>) -> Option<T> + Send,
{
    let feed = ctx.data_opt::<Feed>().ok_or_else(|| Error::internal("a subscription needs a feed"))?.clone();
    let request = ctx.data_unchecked::<Arc<Request>>().clone();
    let boundary = ctx.request().caller().boundary.clone();
    feed.state().after = after;
    Ok(stream::poll_fn(move |cx| {
        loop {
            let Poll::Ready(event) = feed.poll(cx) else { return Poll::Pending };
            if !boundary.contains(event.row.organization_id) {
                continue;
            }
            if let Some(item) = select(&event) {
                request.use_loaders(event.loaders.clone());
                return Poll::Ready(Some(item));
            }
        }
    }))
}
