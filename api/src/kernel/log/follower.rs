//! Following the log from a place of one's own.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::broadcast;

use super::{EventCursor, head, read};
use crate::kernel::{
    Kernel,
    error::{Error, Result},
    event::LogEvent,
};

/// Events a statement, while it is behind.
const BATCH: u64 = 100;

/// Reads the log from a position on: from the table while it is behind, from the hub (at no cost to the database) once
/// it has caught up. A follower that lags further than the hub remembers goes back to the table: it misses nothing.
#[derive(Debug)]
pub struct Follower {
    kernel: Kernel,
    position: i64,
    behind: VecDeque<Arc<LogEvent>>,
    live: Option<broadcast::Receiver<Arc<LogEvent>>>,
}

impl Follower {
    /// Follows from the event after the position `after` on.
    pub fn new(kernel: &Kernel, after: i64) -> Self {
        Self { kernel: kernel.clone(), position: after, behind: VecDeque::new(), live: None }
    }

    /// The next event, when there is one. Dropping the future loses nothing.
    ///
    /// # Errors
    /// CURSOR_EXPIRED where the next events were pruned; where the database can't be read.
    pub async fn next(&mut self) -> Result<Arc<LogEvent>> {
        loop {
            if let Some(event) = self.behind.pop_front() {
                self.position = event.position;
                return Ok(event);
            }
            match &mut self.live {
                Some(live) => match live.recv().await {
                    Ok(event) if event.position <= self.position => {}
                    Ok(event) if event.position == self.position + 1 => {
                        self.position = event.position;
                        return Ok(event);
                    }
                    // It lags, and has lost events: they are in the table.
                    Ok(_) | Err(_) => self.live = None,
                },
                None => {
                    let (published, live) = self.kernel.hub().follow();
                    if published > self.position {
                        self.catch_up(published).await?;
                    } else {
                        self.live = Some(live);
                    }
                }
            }
        }
    }

    async fn catch_up(&mut self, published: i64) -> Result<()> {
        let readers = self.kernel.db().readers();
        let events = read(&readers, self.position, published, BATCH).await?;
        if events.is_empty() {
            let head = head(&readers).await?;
            return Err(Error::CursorExpired {
                oldest: EventCursor::new(head.log_id, head.horizon).to_string(),
            });
        }
        let events = events.into_iter().map(|(position, row)| LogEvent::new(&self.kernel, position, row));
        self.behind.extend(events.map(Arc::new));
        Ok(())
    }
}
