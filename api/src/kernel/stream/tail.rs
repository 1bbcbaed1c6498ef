//! Reading the log in order, without a gap: from the hub while that is near enough, else from the table.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{LOOK_AGAIN, Streams};
use crate::kernel::{
    Kernel,
    db::Conn,
    error::{Error, Result},
    event::LogEvent,
    loader::Loaders,
    log::{self, EventCursor},
};

/// Events that are read from the table at once.
pub(super) const BATCH: u64 = 64;

/// The log from the head on.
pub(super) struct Tail {
    streams: Streams,
    position: i64,
    live: Receiver<Arc<LogEvent>>,
    /// Read from the table, after the hub went ahead of us.
    missed: VecDeque<Arc<LogEvent>>,
}

impl Tail {
    /// Begins with what is published next.
    pub fn new(streams: &Streams) -> Self {
        let (position, live) = streams.kernel().hub().follow();
        Self { streams: streams.clone(), position, live, missed: VecDeque::new() }
    }

    /// The position of the last event that it gave; at first, the one before the first.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// The next event.
    ///
    /// # Errors
    /// CURSOR_EXPIRED where the events that were missed have been pruned meanwhile.
    pub async fn next(&mut self) -> Result<Arc<LogEvent>> {
        loop {
            if let Some(event) = self.missed.pop_front() {
                self.position = event.position;
                return Ok(event);
            }
            let head = match self.live.recv().await {
                Ok(event) if event.position <= self.position => continue,
                Ok(event) if event.position == self.position + 1 => {
                    self.position = event.position;
                    return Ok(event);
                }
                Ok(event) => event.position,
                Err(RecvError::Lagged(_)) => self.streams.kernel().hub().position(),
                // The hub lives as long as the kernel, which we hold.
                Err(RecvError::Closed) => return Err(Error::internal("the log has ended")),
            };
            let _turn = self.streams.turn().await?;
            self.missed = read(self.streams.kernel(), self.position, head, BATCH).await?.into();
        }
    }
}

/// The next events after `after`, up to `until` and `most` at once; waits while the database can't answer. At least one
/// where `until` is beyond `after`.
///
/// # Errors
/// CURSOR_EXPIRED where they have been pruned.
pub(super) async fn read(kernel: &Kernel, after: i64, until: i64, most: u64) -> Result<Vec<Arc<LogEvent>>> {
    let conn = kernel.db().readers();
    loop {
        match attempt(&conn, after, until, most).await {
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, after, "reading missed events");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            done => return done,
        }
    }
}

async fn attempt(conn: &Conn, after: i64, until: i64, most: u64) -> Result<Vec<Arc<LogEvent>>> {
    let rows = log::read(conn, after, until, most).await?;
    if rows.is_empty() && after < until {
        let head = log::head(conn).await?;
        EventCursor::new(head.log_id, after).resume(&head)?;
        return Err(Error::internal(format!("the log ends at {after}, and its head says that it goes on")));
    }
    let event =
        |(position, row)| Arc::new(LogEvent { position, row, loaders: Arc::new(Loaders::new(conn.clone())) });
    Ok(rows.into_iter().map(event).collect())
}
