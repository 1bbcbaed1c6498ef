//! An open stream.

use std::{convert::Infallible, time::Duration};

use axum::body::Bytes;
use futures_util::{FutureExt, Stream, future::BoxFuture, stream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{
    Limits,
    frame::{self, COMMENT, Reason},
    reservation::{Command, Opened},
};
use crate::{
    http::{
        Open,
        gateway::Gateway,
        operations::{Events, Operations},
    },
    kernel::stream::{Ended, Session},
};

/// How long a process that stops waits for the answers of what was begun.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// One stream and what runs on it. It is asked for its next frame when the client has taken the last one.
pub(super) struct Connection {
    phase: Phase,
    shutdown: CancellationToken,
    /// Ready when the session is over.
    ended: BoxFuture<'static, Ended>,
    operations: Operations<Bytes>,
    /// Where further operations come from; none: there is the one, and then the stream is over.
    opened: Option<Opened>,
    keep_alive: Interval,
    _open: Open,
}

/// Where a stream is in its life.
#[derive(Clone, Copy)]
enum Phase {
    /// Its first frame tells proxies and browsers that it is there.
    New,
    Open,
    /// The process stops; the time until which answers are waited for.
    Stopping(Instant),
    Over,
}

impl Connection {
    /// One for one operation.
    pub fn distinct(
        gateway: &impl Gateway,
        session: Session,
        limits: Limits,
        events: Events,
        open: Open,
    ) -> Self {
        let mut connection = Self::new(gateway, session, limits, None, open);
        connection.operations.start("", events, |event| frame::of(None, event));
        connection
    }

    /// One that was reserved.
    pub fn reserved(gateway: &impl Gateway, opened: Opened, limits: Limits, open: Open) -> Self {
        let session = opened.reservation.session().clone();
        Self::new(gateway, session, limits, Some(opened), open)
    }

    fn new(
        gateway: &impl Gateway,
        session: Session,
        limits: Limits,
        opened: Option<Opened>,
        open: Open,
    ) -> Self {
        let mut keep_alive = interval_at(Instant::now() + limits.keep_alive, limits.keep_alive);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            phase: Phase::New,
            shutdown: gateway.kernel().shutdown().clone(),
            ended: session.ended().boxed(),
            operations: Operations::default(),
            opened,
            keep_alive,
            _open: open,
        }
    }

    /// What is written, until it is over.
    pub fn frames(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, |mut connection| async move {
            let frame = connection.next().await?;
            Some((Ok(frame), connection))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.phase {
                Phase::New => {
                    self.phase = Phase::Open;
                    return Some(COMMENT);
                }
                Phase::Open if self.opened.is_none() && self.operations.is_empty() => return None,
                Phase::Open => {
                    if let Some(frame) = self.run().await {
                        return Some(frame);
                    }
                }
                Phase::Stopping(deadline) => return Some(self.last_answer(deadline).await),
                Phase::Over => return None,
            }
        }
    }

    /// The next frame of an open stream; none where something else has happened.
    async fn run(&mut self) -> Option<Bytes> {
        let commands = async {
            match &mut self.opened {
                Some(opened) => opened.commands.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // In this order: whether there may be deliveries at all is known before there is one.
            biased;
            () = self.shutdown.cancelled() => {
                self.phase = Phase::Stopping(Instant::now() + LAST_ANSWERS);
                None
            }
            ended = &mut self.ended => Some(self.farewell(match ended {
                Ended::Revoked => Reason::Revoked,
                Ended::Expired => Reason::Expired,
            })),
            Some(command) = commands => {
                self.obey(command);
                None
            }
            Some((frame, is_over)) = self.operations.next() => {
                if let (Some(id), Some(opened)) = (is_over, &self.opened) {
                    opened.reservation.forget(&id);
                }
                self.keep_alive.reset();
                Some(frame)
            }
            _ = self.keep_alive.tick() => Some(COMMENT),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start(id, events) => {
                let own = id.clone();
                self.operations.start(&id, events, move |event| frame::of(Some(&own), event));
            }
            Command::Stop(id) => {
                self.operations.stop(&id);
                if let Some(opened) = &self.opened {
                    opened.reservation.forget(&id);
                }
            }
        }
    }

    /// What was executed goes out, and queries and mutations are waited for, before a stopping process says goodbye.
    async fn last_answer(&mut self, deadline: Instant) -> Bytes {
        if let Some(Some((frame, _))) = self.operations.next().now_or_never() {
            return frame;
        }
        if self.operations.awaits_answers()
            && let Ok(Some((frame, _))) = timeout_at(deadline, self.operations.next()).await
        {
            return frame;
        }
        self.farewell(Reason::Restarting)
    }

    /// Ends whatever runs, and the stream.
    fn farewell(&mut self, reason: Reason) -> Bytes {
        self.phase = Phase::Over;
        let is_reserved = self.opened.is_some();
        let ids = self.operations.ids().map(|id| frame::ended(is_reserved.then_some(id), reason));
        let frames = ids.collect::<Vec<_>>().concat();
        self.operations = Operations::default();
        frames.into()
    }
}
