//! Trouble that lasts: what is tried again and again, and fails each time, is told once, and so is its end. While the
//! database is away the log says that it is, and not four times a second from each corner.

use std::{
    fmt::Display,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often [`Seldom`] is.
const SELDOM: Duration = Duration::from_secs(10);

/// The trouble that something has which goes on whatever happens.
#[derive(Debug)]
pub(super) struct Trouble {
    what: &'static str,
    since: Option<Instant>,
}

impl Trouble {
    /// None yet, with `what`.
    pub fn with(what: &'static str) -> Self {
        Self { what, since: None }
    }

    /// Notes how an attempt ended: the first that fails is a line of the log, and then the first that doesn't.
    pub fn note<T, E: Display>(&mut self, outcome: &Result<T, E>) {
        let what = self.what;
        match (outcome, self.since) {
            (Ok(_), None) => {}
            (Ok(_), Some(since)) => {
                self.since = None;
                tracing::info!(what, seconds = since.elapsed().as_secs(), "it works again");
            }
            (Err(error), None) => {
                self.since = Some(Instant::now());
                tracing::warn!(what, %error, "it fails, and is tried until it works");
            }
            (Err(error), Some(_)) => tracing::debug!(what, %error, "it still fails"),
        }
    }
}

/// What is told at most every ten seconds, whoever comes upon it.
#[derive(Debug)]
pub(super) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Not told yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether it is time to tell it; it has been told then.
    pub fn is_due(&self) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.is_none_or(|at| at.elapsed() >= SELDOM);
        if is_due {
            *told = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_from_the_first_failure_to_the_first_success() {
        let mut trouble = Trouble::with("testing");
        let (works, fails) = (Ok::<_, &str>(()), Err::<(), _>("no"));
        trouble.note(&works);
        assert!(trouble.since.is_none());
        trouble.note(&fails);
        let since = trouble.since;
        trouble.note(&fails);
        assert!(since.is_some() && trouble.since == since);
        trouble.note(&works);
        assert!(trouble.since.is_none());
    }

    #[test]
    fn once_told_it_is_not_due() {
        let told = Seldom::new();
        assert_eq!([told.is_due(), told.is_due()], [true, false]);
    }
}
