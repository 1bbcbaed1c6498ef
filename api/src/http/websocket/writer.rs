//! The writing half of a socket.

use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll, ready},
};

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, stream::SplitSink};

/// Holds back asking for more from here on, in bytes.
const FULL: usize = 16 * 1024;
/// Answers to a client that asks without reading; from here on it isn't listened to.
const MANY: usize = 64;

/// What goes out, in order.
pub(super) struct Writer {
    sink: SplitSink<WebSocket, Message>,
    waiting: VecDeque<Message>,
    bytes: usize,
    is_flushed: bool,
}

impl Writer {
    pub fn new(sink: SplitSink<WebSocket, Message>) -> Self {
        Self { sink, waiting: VecDeque::new(), bytes: 0, is_flushed: true }
    }

    /// Puts a message into the line.
    pub fn push(&mut self, message: Message) {
        self.bytes += match &message {
            Message::Text(text) => text.len(),
            _ => 0,
        };
        self.waiting.push_back(message);
    }

    /// Whether everything is with the socket.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.is_flushed
    }

    /// Whether what waits is enough for one go.
    pub fn is_full(&self) -> bool {
        self.bytes >= FULL || self.waiting.len() >= MANY
    }

    /// Drops what waits.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
    }

    /// Hands everything to the socket and waits until it has taken it. Dropped in between, it goes on the next time.
    pub async fn flush(&mut self) -> Result<(), axum::Error> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.is_flushed = false;
        while !self.waiting.is_empty() {
            ready!(self.sink.poll_ready_unpin(cx))?;
            if let Some(message) = self.waiting.pop_front() {
                self.sink.start_send_unpin(message)?;
            }
        }
        self.bytes = 0;
        ready!(self.sink.poll_flush_unpin(cx))?;
        self.is_flushed = true;
        Poll::Ready(Ok(()))
    }
}
