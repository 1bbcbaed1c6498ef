//! While somebody watches: one story after the other is told, by the same operations and through the same probes, queue
//! and reactors as anything else. Nothing is made up here but the trouble itself.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::time::timeout;

use super::{
    content::{Does, Opening, Story, now::STORIES},
    platform::Troubles,
    stage::{Stage, Telling},
};
use crate::kernel::{
    error::{Error, Result},
    event::LogEvent,
    log::{self, Follower},
};

/// A minute of a story.
const MINUTE: TimeDelta = TimeDelta::seconds(10);
/// Until the first story begins, and from one to the next, in minutes of theirs.
const FIRST: i32 = 1;
const PAUSE: i32 = 3;
/// How long the probes may take to find something, before the story is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells the stories for good; `speed` times as fast.
pub async fn run(stage: Stage, troubles: Troubles, speed: u16) {
    let minute = MINUTE / i32::from(speed.max(1));
    let theater = Theater { stage, troubles, minute };
    theater.wait(FIRST).await;
    loop {
        for story in STORIES {
            if let Err(error) = theater.tell(story).await {
                tracing::warn!(%error, "a story of the demo broke off");
            }
            theater.calm(story);
            theater.wait(PAUSE).await;
        }
    }
}

struct Theater {
    stage: Stage,
    troubles: Troubles,
    minute: TimeDelta,
}

impl Theater {
    async fn tell(&self, story: &'static Story) -> Result<()> {
        let kernel = self.stage.kernel();
        let mut log = Follower::new(kernel, log::head(kernel.db().reader()).await?.position);
        if let Some((service, trouble)) = story.trouble {
            self.troubles.set(service, Some(trouble));
        }
        let mut telling = self.stage.begin(story).await?;
        let service = story.trouble.map(|(name, _)| self.stage.cast().service(name)).transpose()?;
        while telling.incident.is_none() {
            let event = next(&mut log).await?;
            telling.hears(service, &event)?;
        }
        let mut told = 0;
        for (minute, by, does) in story.steps {
            self.wait(i32::try_from(minute - told).unwrap_or_default()).await;
            told = *minute;
            if let Does::Mend = does {
                self.mend(&telling, by, &mut log).await?;
                continue;
            }
            match self.stage.act(&telling, by, does).await {
                // Somebody who watches was faster: it is theirs now.
                Err(Error::Invalid(refused)) => {
                    tracing::debug!(?refused, "a story of the demo is somebody's")
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// The trouble ends, and what the probes found of it.
    async fn mend(&self, telling: &Telling, by: &str, log: &mut Follower) -> Result<()> {
        self.calm(telling.story);
        let service = telling.story.trouble.map(|(name, _)| self.stage.cast().service(name)).transpose()?;
        match self.stage.act(telling, by, &Does::Mend).await {
            Err(Error::Invalid(_)) => return Ok(()),
            outcome => outcome?,
        }
        if matches!(telling.story.opening, Opening::Probe) {
            loop {
                let event = next(log).await?;
                if telling.is_over(service, &event)? {
                    break;
                }
            }
        }
        Ok(())
    }

    fn calm(&self, story: &Story) {
        if let Some((service, _)) = story.trouble {
            self.troubles.set(service, None);
        }
    }

    async fn wait(&self, minutes: i32) {
        self.stage.kernel().clock().sleep(self.minute * minutes).await;
    }
}

/// What happens next.
async fn next(log: &mut Follower) -> Result<Arc<LogEvent>> {
    timeout(PATIENCE, log.next())
        .await
        .unwrap_or_else(|_| Err(Error::unavailable("nothing happens in the demo")))
}
