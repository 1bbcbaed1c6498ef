//! How the services answered within the thirty days: mostly well, a little slower by day, now and then not at all, and
//! as bad as the stories have it while these last.

use ::entity::probe_result::ProbeOutcome;
use chrono::{DateTime, Utc};
use rand::{RngExt, rngs::StdRng};

use super::{
    content::{Trouble, services::Service},
    feed::busyness,
    platform,
};
use crate::monitoring::Found;

/// Of a million answers, how many never come, and how many come late, without a story.
const LOST: u32 = 500;
const LATE: u32 = 250;

/// Trouble with a service, from its beginning until it is mended.
#[derive(Debug)]
pub struct Spell {
    /// The service.
    pub service: &'static str,
    /// What is wrong.
    pub trouble: Trouble,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when; `None`: it still is.
    pub until: Option<DateTime<Utc>>,
}

/// The weather.
#[derive(Debug)]
pub struct Weather {
    rng: StdRng,
    spells: Vec<Spell>,
}

impl Weather {
    /// One with these spells.
    pub fn new(rng: StdRng, spells: Vec<Spell>) -> Self {
        Self { rng, spells }
    }

    /// What a probe of `service` found at `at`.
    pub fn found(&mut self, service: &Service, at: DateTime<Utc>) -> Found {
        let lasting = self.spells.iter().find(|spell| {
            spell.service == service.name && spell.from <= at && spell.until.is_none_or(|until| at < until)
        });
        let trouble = match lasting {
            Some(spell) => Some(spell.trouble),
            None => match self.rng.random_range(0..1_000_000) {
                0..LOST => Some(Trouble::Down),
                x if x < LOST + LATE => Some(Trouble::Slow),
                _ => None,
            },
        };
        // Drawn whatever the weather, so that a story that changes leaves the others' numbers as they were.
        let luck = self.rng.random_range(0.8..1.6);
        let usual = f64::from(service.usual_ms) * (0.7 + 0.3 * busyness(at)) * luck;
        answer(trouble, usual as i32)
    }
}

/// What a probe finds that takes `usual` milliseconds where nothing is wrong.
fn answer(trouble: Option<Trouble>, usual: i32) -> Found {
    match trouble {
        None => Found {
            outcome: ProbeOutcome::Healthy,
            response_time_ms: Some(usual),
            status_code: Some(200),
            error: None,
        },
        Some(Trouble::Slow) => {
            let time_ms = platform::SLOW_MS + usual;
            let limit = platform::LATE_MS;
            Found {
                outcome: ProbeOutcome::Degraded,
                response_time_ms: Some(time_ms),
                status_code: Some(200),
                error: Some(format!("the answer took {time_ms} ms, more than {limit} ms")),
            }
        }
        Some(Trouble::Errors) => Found {
            outcome: ProbeOutcome::Degraded,
            response_time_ms: Some(usual),
            status_code: Some(503),
            error: Some("it answered with the status 503".to_owned()),
        },
        Some(Trouble::Down) => Found {
            outcome: ProbeOutcome::Failed,
            response_time_ms: None,
            status_code: None,
            error: Some(format!("no answer within {} ms", platform::PATIENCE_MS)),
        },
    }
}
