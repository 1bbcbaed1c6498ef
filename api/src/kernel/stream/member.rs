//! One subscription of one connection.

use std::{collections::VecDeque, sync::Arc};

use async_graphql::{Request, ServerError};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Delivery, Place, Session, Streams,
    document::Document,
    execution::{Execution, Outcome},
    group::{Found, Group, Key},
    server_error, tail, until_fresh,
};
use crate::kernel::{
    actor::Caller,
    error::{Error, Result},
    guard::Access,
    log::{self, EventCursor},
    persisted::DocumentHash,
    request::Origin,
    throttle::{OpenSubscription, Who},
};

/// Bytes of payloads that a member holds at most while it catches up; one payload alone may have more.
const REPLAY_BYTES: usize = 256 * 1024;

/// A position in the log, and how it gets on from there.
struct Member {
    streams: Streams,
    origin: Origin,
    /// Held so that its callers go on being told.
    _session: Session,
    callers: watch::Receiver<Arc<Caller>>,
    caller: Arc<Caller>,
    document: Arc<Document>,
    /// By which the caller's own document is trusted.
    hash: DocumentHash,
    /// The root field's declaration.
    access: Access,
    /// Everything up to here was delivered, or isn't shown.
    position: i64,
    /// Where it goes on from instead of the document's `after`.
    resume: Option<EventCursor>,
    /// The group of the caller's present scope. `None`: still to be joined.
    joined: Option<Joined>,
    /// What was read and executed on its own, to be delivered before anything from the group.
    replayed: Replayed,
    /// Its own execution, while it is behind.
    replay: Option<Box<Execution>>,
    has_begun: bool,
    /// Who pays for what is read again.
    who: Who,
    /// What they pay for an event.
    cost: u64,
    /// Counts it among the open ones of the process.
    _open: Arc<()>,
    /// Counts it among the open ones of its caller.
    _own: OpenSubscription,
}

struct Joined {
    group: Arc<Group>,
    news: watch::Receiver<()>,
}

/// The deliveries of a subscription.
pub(super) fn deliveries(
    streams: Streams,
    session: &Session,
    origin: Origin,
    request: Request,
    place: Place,
    cost: u64,
) -> impl Stream<Item = Delivery> + Send + use<> {
    let request_id = origin.request_id.clone();
    let log_id = streams.kernel().log_id();
    let member = Member::new(streams, session, origin, request, place, cost);
    stream::unfold(Some(member), move |member| {
        let request_id = request_id.clone();
        async move {
            let mut member = match member? {
                Ok(member) => member,
                Err(error) => return Some((Delivery::Error(vec![refused(error, &request_id)]), None)),
            };
            match member.next().await {
                Ok(Some(payload)) => {
                    let cursor = EventCursor::new(log_id, member.position);
                    Some((Delivery::Next { cursor, payload }, Some(Ok(member))))
                }
                Ok(None) => Some((Delivery::Complete, None)),
                Err(Stop::Error(error)) => {
                    Some((Delivery::Error(vec![server_error(error, &request_id)]), None))
                }
                Err(Stop::Refused(errors)) => Some((Delivery::Error(errors), None)),
            }
        }
    })
}

/// An error about the document, which has its code already.
fn refused(mut error: ServerError, request_id: &str) -> ServerError {
    Error::complete(&mut error, "GRAPHQL_VALIDATION_FAILED", request_id);
    error
}

/// An error about how many subscriptions the caller has.
fn too_many(most: usize) -> ServerError {
    let message =
        format!("at most {most} subscriptions of one caller (the setting caller_max_subscriptions)");
    let mut error = ServerError::new(message, None);
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", "THROTTLED");
    extensions.set("retryAfterMs", 1000);
    error
}

/// Why a member can't go on.
enum Stop {
    /// For a reason of ours.
    Error(Error),
    /// Its document was refused.
    Refused(Vec<ServerError>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Member {
    fn new(
        streams: Streams,
        session: &Session,
        origin: Origin,
        request: Request,
        place: Place,
        cost: u64,
    ) -> Result<Self, ServerError> {
        let who = Who::of(&session.caller(), &origin);
        let throttle = &streams.0.throttle;
        let own = throttle.subscribe(&who).ok_or_else(|| too_many(throttle.allowance(&who).subscriptions))?;
        let hash = DocumentHash::of(&request.query);
        let document = Arc::new(Document::read(request)?);
        // A field that nobody declares doesn't exist, which validation will say.
        let access =
            streams.kernel().catalogue().field(document.field()).map_or(Access::Public, |field| field.access);
        let mut callers = session.watch();
        let caller = callers.borrow_and_update().clone();
        let open = streams.0.kernel.subscriptions.clone();
        Ok(Self {
            streams,
            origin,
            _session: session.clone(),
            callers,
            caller,
            document,
            hash,
            access,
            position: place.position,
            resume: place.resume,
            joined: None,
            replayed: Replayed::new(),
            replay: None,
            has_begun: false,
            who,
            cost,
            _open: open,
            _own: own,
        })
    }

    /// The next payload; none where the subscription has ended by itself.
    async fn next(&mut self) -> Result<Option<Arc<str>>, Stop> {
        loop {
            until_fresh(self.streams.kernel()).await;
            self.recheck()?;
            let Some(joined) = &mut self.joined else {
                Box::pin(self.join()).await?;
                continue;
            };
            if let Some((position, payload)) = self.replayed.pop_front() {
                self.position = position;
                match payload {
                    Some(payload) => return Ok(Some(payload)),
                    None => continue,
                }
            }
            match joined.group.ring().after(self.position) {
                Found::Payload(position, payload) => {
                    self.position = position;
                    self.replay = None;
                    return Ok(Some(payload));
                }
                Found::Nothing(position) => {
                    // It may have started beyond what the group has executed yet.
                    self.position = self.position.max(position);
                    self.replay = None;
                    tokio::select! {
                        // We hold both senders.
                        _ = joined.news.changed() => {}
                        _ = self.callers.changed() => self.callers.mark_changed(),
                    }
                }
                Found::Behind(floor) => Box::pin(self.read_log(floor)).await?,
                Found::Ended(end) => return Ok(end.map(|()| None)?),
            }
        }
    }

    /// Before anything is delivered: may they still, and is it still the same that they see?
    fn recheck(&mut self) -> Result<()> {
        if self.callers.has_changed().unwrap_or(false) {
            let caller = self.callers.borrow_and_update().clone();
            caller.check(&self.access, self.streams.kernel().clock().now())?;
            caller.check_document(&self.hash)?;
            if caller.scope() != self.caller.scope() {
                // What was executed for the old scope isn't theirs any more.
                self.joined = None;
                self.replayed.clear();
                self.replay = None;
            }
            self.caller = caller;
        }
        Ok(())
    }

    /// Joins the group of the caller's scope. The document is executed in the caller's own name first, as far as its
    /// first event: that validates it and runs its guards.
    async fn join(&mut self) -> Result<(), Stop> {
        let execution = self.open().await?;
        if !self.has_begun
            && let Some(after) = self.resume.or(execution.after())
        {
            let head = log::head(&self.streams.kernel().db().readers()).await?;
            self.position = after.resume(&head)?;
        }
        self.has_begun = true;
        let key = Key { shape: self.document.shape(), scope: self.caller.scope() };
        let (group, spare) = self.streams.0.groups.join(&self.streams, key, &self.document, execution);
        self.document = group.document().clone();
        self.replay = spare.map(Box::new);
        self.joined = Some(Joined { news: group.ring().news(), group });
        Ok(())
    }

    /// Reads the next batch of what the group's ring doesn't hold, as much as the caller has points for.
    async fn read_log(&mut self, until: i64) -> Result<(), Stop> {
        let throttle = self.streams.0.throttle.clone();
        let paid = tokio::select! {
            paid = throttle.take_in_turn(&self.who, self.cost, tail::BATCH) => paid,
            _ = self.callers.changed() => {
                self.callers.mark_changed();
                return Ok(());
            }
        };
        let execution = match self.replay.take() {
            Some(execution) => execution,
            None => Box::new(self.open().await?),
        };
        // A task of its own: this stream isn't polled while its client doesn't read, and a turn has to end nevertheless.
        let batch = tokio::spawn(replay(self.streams.clone(), execution, self.position, until, paid));
        let (execution, replayed) = AbortOnDropHandle::new(batch)
            .await
            .map_err(|error| Error::internal(format!("events that are read again: {error}")))??;
        let shown = replayed.iter().filter(|(_, payload)| payload.is_some()).count() as u64;
        throttle.settle(&self.who, paid * self.cost, shown * self.cost);
        self.replayed = replayed;
        self.replay = Some(execution);
        Ok(())
    }

    async fn open(&mut self) -> Result<Execution, Stop> {
        Execution::open(&self.streams, (*self.caller).clone(), self.origin.clone(), &self.document)
            .await
            .map_err(Stop::Refused)
    }
}

/// What was executed: positions, and what there is to see at them.
type Replayed = VecDeque<(i64, Option<Arc<str>>)>;

/// Executes the next events after `position`, up to `until` and `most` of them, when it is our turn.
async fn replay(
    streams: Streams,
    mut execution: Box<Execution>,
    position: i64,
    until: i64,
    most: u64,
) -> Result<(Box<Execution>, Replayed)> {
    let _turn = streams.turn().await?;
    let (mut replayed, mut bytes) = (Replayed::new(), 0);
    for event in tail::read(streams.kernel(), position, until, most).await? {
        let payload = match execution.run(&event).await {
            Outcome::Shown(payload) => Some(payload),
            Outcome::Hidden => None,
            Outcome::Ended => return Err(Error::internal("a subscription ended while it was read again")),
        };
        bytes += payload.as_ref().map_or(0, |payload| payload.len());
        replayed.push_back((event.position, payload));
        if bytes >= REPLAY_BYTES {
            break;
        }
    }
    Ok((execution, replayed))
}
