//! The demo: `opsgate serve --demo`, for whoever wants to see what Opsgate is before they have anything of their own.
//!
//! Nouns first. A *plan* says how many days are told, up to when, and from which seed. The *cast* are the people, systems,
//! organizations and services of a marketplace for reptiles that doesn't exist ([`content`] has them, and their stories, as
//! data). The *history* has a clock go through thirty days: whatever happens is done, at its time, by the operations that
//! always do it, so every row has its event and its audit entry, and every leaf is that of its body. A *platform* on the
//! loopback plays the services, well or badly, and the gateway's own probes ask it. While somebody watches, *live* stories
//! go on.
//!
//! ```text
//! make room ─► history (a clock of its own, no background) ─► serve: probes, queue, reactors as ever + live stories
//! ```
//!
//! **What is the same each time.** From one seed follow who there is and what they are called, the numbers of incidents,
//! every text, every measurement, and the order and distance in time of everything that happened before now. Not the same are
//! ids (they begin with the time, which goes on), tokens, and the salts of personal values, and by these the leaves.
//!
//! **Where.** In a directory of its own within the data directory, and a database of its own; see [`database`].

mod cast;
mod content;
mod database;
mod feed;
mod history;
mod live;
mod platform;
mod stage;
mod weather;

use std::{fmt, time::Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{SeedableRng, rngs::StdRng};
use sha2::{Digest, Sha256};

use self::{
    cast::{Cast, Pass},
    history::History,
    platform::{Platform, Troubles},
    stage::Stage,
};
use crate::{
    app::{self, StartError},
    config::{Config, SqliteSynchronous},
    kernel::{Kernel, clock::Clock, error::Error, tx::Tx},
    platform::demo_begun,
};

pub use database::configure;

/// The days that there are stories for.
pub const MONTH: u32 = 30;

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where everything follows from.
    pub seed: u64,
    /// How many days.
    pub days: u32,
    /// The end: now.
    pub until: DateTime<Utc>,
}

impl Plan {
    /// Thirty days up to `until`.
    pub fn month(until: DateTime<Utc>) -> Self {
        Self { seed: 2026, days: MONTH, until }
    }

    fn from(&self) -> DateTime<Utc> {
        self.until - TimeDelta::days(self.days.into())
    }

    /// A source of chance for one purpose, which no other purpose disturbs.
    fn rng(&self, purpose: &str) -> StdRng {
        let seed = Sha256::new_with_prefix(self.seed.to_be_bytes()).chain_update(purpose).finalize();
        StdRng::from_seed(seed.into())
    }
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The database isn't the demo's to empty.
    #[error(
        "the database {url} holds {what}, and a demo begins by emptying its own.\n\
         Name an empty one by OPSGATE_DATABASE_URL, or none at all: then it is a file in the data directory."
    )]
    Occupied {
        /// Which, without its password.
        url: String,
        /// What is in it.
        what: &'static str,
    },
    /// It can't be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An operation can't.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// No port is left on the loopback.
    #[error("the demo's services find no port: {0}")]
    Platform(#[from] std::io::Error),
}

/// A demo whose past is written.
#[derive(Debug)]
pub struct Demo {
    platform: Platform,
    cast: Cast,
    passes: Vec<Pass>,
    took: std::time::Duration,
}

impl Demo {
    /// Empties the demo's database and fills it. The gateway isn't running yet.
    ///
    /// # Errors
    /// Where the database isn't the demo's, or can't.
    pub async fn load(config: &Config, plan: Plan) -> Result<Self, DemoError> {
        let began = Instant::now();
        database::make_room(config).await?;
        let platform = Platform::bind().await?;
        // A power cut costs a demo nothing that the next start doesn't make.
        let config = Config {
            database_url: config.database_url.hasty(),
            sqlite_synchronous: SqliteSynchronous::Normal,
            ..config.clone()
        };
        let kernel = app::open_kernel(&config, Clock::manual(plan.from())).await?;
        let told = Self::tell(&kernel, &platform, &plan).await;
        kernel.db().close().await;
        let (cast, passes) = told?;
        for spell in history::last_spells(&plan) {
            platform.troubles().set(spell.service, Some(spell.trouble));
        }
        Ok(Self { platform, cast, passes, took: began.elapsed() })
    }

    async fn tell(kernel: &Kernel, platform: &Platform, plan: &Plan) -> Result<(Cast, Vec<Pass>), Error> {
        let mut tx = Tx::system(kernel, "demo").await?;
        tx.record(demo_begun(plan.seed));
        tx.commit().await?;
        let mut cast = Cast::hire(kernel).await?;
        cast.sign_up(kernel).await?;
        cast.watch(kernel, platform).await?;
        let stage = Stage::new(kernel, cast.clone());
        History::new(stage, plan).unfold(plan).await?;
        cast.watch_closely(kernel).await?;
        let passes = cast.passes(kernel).await?;
        kernel.catch_up(&[]).await?;
        Ok((cast, passes))
    }

    /// The tokens that are printed.
    pub fn passes(&self) -> &[Pass] {
        &self.passes
    }

    /// Goes on in the background of a gateway that serves, `speed` times as fast as usual.
    pub fn go_on(self, kernel: &Kernel, speed: u16) {
        let troubles: Troubles = self.platform.troubles().clone();
        self.platform.serve(kernel);
        kernel.background(live::run(Stage::new(kernel, self.cast), troubles, speed));
    }
}

/// What is printed: the tokens, and whose they are.
impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        writeln!(
            f,
            "It is ready, after {seconds:.1} s. Open the address below in a browser and paste one of these tokens:\n"
        )?;
        for Pass { role, name, token } in &self.passes {
            writeln!(f, "    {role:<12} {name:<16} {}", token.expose())?;
        }
        writeln!(
            f,
            "\nSomething happens about once a minute. Ctrl-C ends it, and the next start begins anew.\n"
        )
    }
}
