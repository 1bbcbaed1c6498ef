//! What the gateway writes into its log.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber, set_default},
};
use tracing_subscriber::{EnvFilter, fmt};

/// Everything of the gateway's own, from now on and on this thread.
#[derive(Debug)]
pub struct Log {
    text: Sink,
    _listening: DefaultGuard,
    /// While there is only one, whether anybody listens is asked of whichever thread comes first, and that one's test
    /// may not.
    _another: Dispatch,
}

#[derive(Clone, Debug, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Listens.
    pub fn listen() -> Self {
        let another = Dispatch::new(NoSubscriber::new());
        let text = Sink::default();
        let sink = text.clone();
        let subscriber = fmt()
            .with_env_filter(EnvFilter::new("opsgate=trace"))
            .with_ansi(false)
            .with_writer(move || sink.clone())
            .finish();
        Self { text, _listening: set_default(subscriber), _another: another }
    }

    /// What was written so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.text.0.lock().unwrap().clone()).unwrap()
    }
}
