//! The keys of an issuer, followed: read from a file or a URL at the start and again and again, so that an issuer may
//! change its keys without anybody's help.
//!
//! One task asks, in the background; requests only look at what it found. A token by a key that nobody has seen makes it
//! ask at once, but a URL isn't asked twice within a minute, whatever strangers send. While asking fails, the keys stay
//! as they are; an answer replaces them all, so that a key which the issuer withdrew counts no longer.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, StatusCode, header, redirect};
use tokio::{
    fs::File,
    io::AsyncReadExt,
    sync::{Notify, watch},
    time::timeout,
};

use super::{jwt::Rules, keys::Keys};
use crate::{config::JwksSource, kernel::clock::Clock};

/// The largest set.
const MAX_BYTES: usize = 256 * 1024;
/// How long one answer may take, body and all.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a request may be held up for a key.
const HOLD_UP: Duration = Duration::from_secs(2);
/// The least time between two looks for unknown keys.
const AGAIN: TimeDelta = TimeDelta::minutes(1);
/// How often a URL is asked anyway: how long a key that was withdrawn may still count.
const URL_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How often a file is read anyway.
const FILE_EVERY: TimeDelta = TimeDelta::seconds(5);

/// Why the gateway doesn't start with a key set.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The file isn't there, or isn't a key set.
    #[error("the key set {path} can't be used: {why}.\nSee OPSGATE_JWT_JWKS.")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Nobody can be asked over HTTP.
    #[error("no HTTP client for the key set of OPSGATE_JWT_JWKS")]
    Client(#[source] reqwest::Error),
}

/// The keys of an issuer. Cheap to clone.
#[derive(Clone)]
pub struct Jwks(Arc<Inner>);

struct Inner {
    source: Source,
    rules: Rules,
    clock: Clock,
    state: watch::Sender<State>,
    wanted: Notify,
}

#[derive(Default)]
struct State {
    keys: Arc<Keys>,
    /// When asking last began.
    asked_at: Option<DateTime<Utc>>,
    is_asking: bool,
    /// How often asking has ended, well or not.
    answers: u64,
}

impl State {
    /// Whether it may be asked again. A clock that was set back must not keep anybody out.
    fn may_ask(&self, now: DateTime<Utc>) -> bool {
        !self.is_asking && self.asked_at.is_none_or(|at| now < at || now >= at + AGAIN)
    }
}

impl std::fmt::Debug for Jwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jwks")
    }
}

impl Jwks {
    /// Reads a file, which must be there. A URL is asked by [`Jwks::follow`]: no issuer keeps the gateway from starting.
    pub(super) async fn open(from: JwksSource, rules: Rules, clock: Clock) -> Result<Self, JwksError> {
        let source = Source::open(from)?;
        let mut state = State::default();
        if let Source::File(path) = &source {
            let failed = |why| JwksError::File { path: path.clone(), why };
            let text = source.read().await.map_err(failed)?;
            state.keys = Arc::new(Keys::parse(&text, &rules).map_err(|why| failed(why.to_owned()))?);
        }
        Ok(Self(Arc::new(Inner {
            source,
            rules,
            clock,
            state: watch::Sender::new(state),
            wanted: Notify::new(),
        })))
    }

    /// How many keys of use the source has, asked once.
    ///
    /// # Errors
    /// Why it can't be used, without the URL, which may hold a secret.
    pub async fn look(from: &JwksSource) -> Result<usize, String> {
        let source = Source::open(from.clone()).map_err(|error| error.to_string())?;
        Ok(Keys::parse(&source.read().await?, &Rules::default())?.len())
    }

    /// The keys now. Where the one called `id` isn't among them, and the source may be asked or is being asked, those
    /// after its answer; or those from before, where that takes longer than a request may be held up.
    pub(super) async fn that_may_have(&self, id: Option<&str>) -> Arc<Keys> {
        let seen = {
            let state = self.0.state.borrow();
            let may_ask = state.may_ask(self.0.clock.now());
            if state.keys.has(id) || !(state.is_asking || may_ask) {
                return state.keys.clone();
            }
            if may_ask {
                self.0.wanted.notify_one();
            }
            state.answers
        };
        let mut answers = self.0.state.subscribe();
        let _ = timeout(HOLD_UP, answers.wait_for(|state| state.answers > seen)).await;
        self.0.state.borrow().keys.clone()
    }

    /// Keeps the keys as the source has them, for good.
    pub async fn follow(self) {
        let mut last = None;
        loop {
            let found = self.refresh().await;
            if last.as_ref() != Some(&found) {
                match &found {
                    Ok((_, keys)) => tracing::info!(keys, "the issuer's keys are read"),
                    Err(why) => {
                        tracing::warn!(%why, "the issuer's keys can't be read; those from before count")
                    }
                }
                last = Some(found);
            }
            tokio::select! {
                () = self.0.clock.sleep(self.0.source.every()) => {}
                () = self.wanted() => {}
            }
        }
    }

    /// Waits until somebody wants a key and may.
    async fn wanted(&self) {
        loop {
            self.0.wanted.notified().await;
            if self.0.state.borrow().may_ask(self.0.clock.now()) {
                return;
            }
        }
    }

    /// Asks once, and answers what was read and how many keys are in it.
    async fn refresh(&self) -> Result<(Vec<u8>, usize), String> {
        let Inner { source, rules, clock, state, .. } = &*self.0;
        state.send_modify(|state| {
            state.is_asking = true;
            state.asked_at = Some(clock.now());
        });
        let found = match source.read().await {
            Ok(text) => Keys::parse(&text, rules).map(|keys| (text, keys)).map_err(str::to_owned),
            Err(why) => Err(why),
        };
        let (outcome, keys) = match found {
            Ok((text, keys)) => (Ok((text, keys.len())), Some(Arc::new(keys))),
            Err(why) => (Err(why), None),
        };
        state.send_modify(|state| {
            state.is_asking = false;
            state.answers += 1;
            if let Some(keys) = keys {
                state.keys = keys;
            }
        });
        outcome
    }
}

/// Where a key set is.
enum Source {
    File(PathBuf),
    Url(Client, String),
}

impl Source {
    fn open(from: JwksSource) -> Result<Self, JwksError> {
        Ok(match from {
            JwksSource::File(path) => Self::File(path),
            JwksSource::Url(url) => {
                // As for probes: no proxy in between, and nobody else than who was named.
                let client = Client::builder()
                    .user_agent(concat!("opsgate/", env!("CARGO_PKG_VERSION")))
                    .redirect(redirect::Policy::none())
                    .timeout(ANSWER)
                    .no_proxy()
                    .build();
                Self::Url(client.map_err(JwksError::Client)?, url)
            }
        })
    }

    fn every(&self) -> TimeDelta {
        match self {
            Self::File(_) => FILE_EVERY,
            Self::Url(..) => URL_EVERY,
        }
    }

    async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => {
                let mut text = Vec::new();
                let file = File::open(path).await.map_err(|error| error.to_string())?;
                // One byte more tells a set that is too large.
                let mut file = file.take(MAX_BYTES as u64 + 1);
                file.read_to_end(&mut text).await.map_err(|error| error.to_string())?;
                within_bounds(text)
            }
            Self::Url(client, url) => {
                // The URL may hold a secret.
                let failed = |error: reqwest::Error| error.without_url().to_string();
                let accept = (header::ACCEPT, "application/jwk-set+json, application/json");
                let asked = client.get(url).header(accept.0, accept.1).send().await;
                let mut answer = asked.map_err(failed)?;
                if answer.status() != StatusCode::OK {
                    return Err(format!("the issuer answers with the status {}", answer.status().as_u16()));
                }
                let mut text = Vec::new();
                while text.len() <= MAX_BYTES
                    && let Some(chunk) = answer.chunk().await.map_err(failed)?
                {
                    text.extend_from_slice(&chunk);
                }
                within_bounds(text)
            }
        }
    }
}

fn within_bounds(text: Vec<u8>) -> Result<Vec<u8>, String> {
    if text.len() > MAX_BYTES { Err(format!("it is larger than {MAX_BYTES} bytes")) } else { Ok(text) }
}
