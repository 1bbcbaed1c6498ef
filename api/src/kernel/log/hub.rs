//! The fan-out in memory: one tailer publishes, everybody in the process who follows the log listens.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};

use crate::kernel::event::LogEvent;

/// How many events a follower may lag behind before it reads from the table instead. They are shared, so this bounds
/// the memory of all followers together.
const BUFFER: usize = 1024;

/// Where the tailer publishes.
#[derive(Debug)]
pub struct Hub {
    events: broadcast::Sender<Arc<LogEvent>>,
    position: watch::Sender<i64>,
}

impl Hub {
    /// A hub that has published everything up to `position`.
    pub(in crate::kernel) fn new(position: i64) -> Self {
        Self { events: broadcast::Sender::new(BUFFER), position: watch::Sender::new(position) }
    }

    /// Starts following: every event beyond the position will arrive, and perhaps the one at it.
    pub fn follow(&self) -> (i64, broadcast::Receiver<Arc<LogEvent>>) {
        let receiver = self.events.subscribe();
        let position = *self.position.borrow();
        (position, receiver)
    }

    /// The last position that was published in this process.
    pub fn position(&self) -> i64 {
        *self.position.borrow()
    }

    /// Wakes whenever the position moves.
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.position.subscribe()
    }

    /// Hands on the next event.
    pub(super) fn publish(&self, event: Arc<LogEvent>) {
        // The position first: who subscribes in between counts the event as seen and skips it when it arrives. The
        // other way round they would wait for one that was sent before they came.
        self.position.send_replace(event.position);
        // An error only says that nobody listens.
        let _ = self.events.send(event);
    }
}
