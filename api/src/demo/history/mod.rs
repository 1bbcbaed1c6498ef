//! The thirty days: what happened is put in order ([`schedule`]), and a clock goes through it. Whatever happens at a time
//! is done at that time by the operations that always do it; nothing is written past them.

mod schedule;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use rand::{rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

use self::schedule::Act;
use super::{
    Plan,
    cast::ACCOUNTS,
    content::{
        people::{Organization, ROLES},
        services::{SERVICES, Service},
    },
    feed::Feed,
    stage::{Stage, Telling},
    weather::{Spell, Weather},
};
use crate::{
    directory,
    incidents::AlertFollower,
    kernel::{
        error::{Error, Result},
        event::LogEvent,
        log,
        reactor::Reactor,
        tx::Tx,
    },
    monitoring::{self, Asked, Found, Run},
};

/// In whose name the queue's task writes what a probe found.
const PROBER: &str = "monitoring.probe";

/// The trouble that there is at the end of `plan`.
pub fn last_spells(plan: &Plan) -> impl Iterator<Item = Spell> {
    schedule::spells(plan).into_iter().filter(|spell| spell.until.is_none())
}

/// The days, as far as they have come.
#[derive(Debug)]
pub struct History {
    stage: Stage,
    reactors: Vec<Arc<dyn Reactor>>,
    rng: StdRng,
    feed: Feed,
    weather: Weather,
    /// Those whom the register held in the beginning.
    people: Vec<Uuid>,
    runs: HashMap<&'static str, Run>,
    tellings: HashMap<usize, Telling>,
    alerts: HashMap<usize, Uuid>,
}

impl History {
    /// Days of which nothing has happened yet.
    pub fn new(stage: Stage, plan: &Plan) -> Self {
        Self {
            stage,
            reactors: vec![Arc::new(AlertFollower)],
            rng: plan.rng("choices"),
            feed: Feed::new(plan.rng("people")),
            weather: Weather::new(plan.rng("weather"), schedule::spells(plan)),
            people: Vec::new(),
            runs: HashMap::new(),
            tellings: HashMap::new(),
            alerts: HashMap::new(),
        }
    }

    /// Has everything happen, each thing at its time.
    ///
    /// # Errors
    /// Where an operation can't.
    pub async fn unfold(mut self, plan: &Plan) -> Result<()> {
        for (at, act) in schedule::acts(plan, plan.rng("schedule")) {
            self.stage.kernel().clock().set(at);
            self.perform(act, at).await?;
        }
        for (_, run) in self.runs.drain() {
            write(run, &self.stage).await?;
        }
        Ok(())
    }

    async fn perform(&mut self, act: Act, at: DateTime<Utc>) -> Result<()> {
        match act {
            Act::Everybody => {
                let records = self.feed.everybody(schedule::AT_ONCE);
                let people = self.send(records).await?;
                self.people.extend(people);
                Ok(())
            }
            Act::News => {
                let records = self.feed.news(at);
                self.send(records).await.map(|_| ())
            }
            Act::Members(organization) => self.add_members(organization).await,
            Act::Probes => {
                for service in SERVICES {
                    let found = self.weather.found(service, at);
                    self.probe(service, at, found).await?;
                }
                Ok(())
            }
            Act::Begin(number, story) => {
                let place = self.place().await?;
                let telling = self.stage.begin(story).await?;
                self.tellings.insert(number, telling);
                self.follow(place).await
            }
            Act::Step(number, by, does) => {
                let place = self.place().await?;
                if let Some(telling) = self.tellings.get(&number) {
                    self.stage.act(telling, by, does).await?;
                }
                self.follow(place).await
            }
            Act::Alert(number, raised) => {
                let place = self.place().await?;
                let alert = self.stage.raise(raised).await?;
                self.alerts.insert(number, alert);
                self.follow(place).await
            }
            Act::Seen(number, by) => match self.alerts.get(&number) {
                Some(alert) => unless_done(self.stage.acknowledge(by, *alert).await),
                None => Ok(()),
            },
            Act::Passed(number, raised) => {
                let place = self.place().await?;
                if let Some(alert) = self.alerts.remove(&number) {
                    unless_done(self.stage.pass(raised.source, alert).await)?;
                }
                self.follow(place).await
            }
            Act::Suspend(person, by, why) => self.suspend(person, by, why).await,
            Act::Reinstate(person, by, why) => self.reinstate(person, by, why).await,
        }
    }

    async fn send(&self, records: Vec<directory::UserRecord>) -> Result<Vec<Uuid>> {
        let mut tx = Tx::begin(self.stage.kernel(), self.stage.cast().system(ACCOUNTS)?).await?;
        let people = directory::upsert_users(&mut tx, records).await?;
        tx.finish().await?;
        Ok(people.into_iter().map(|person| person.id).collect())
    }

    async fn add_members(&mut self, organization: &Organization) -> Result<()> {
        let people: Vec<Uuid> = self.people.sample(&mut self.rng, organization.members).copied().collect();
        let roles = people.into_iter().enumerate().map(|(i, person)| {
            let role = if i == 0 { ROLES.first() } else { ROLES[1..].choose(&mut self.rng) };
            (person, role.copied().unwrap_or_default())
        });
        let members: Vec<_> = roles.collect();
        let mut tx = Tx::begin(self.stage.kernel(), self.stage.cast().system(ACCOUNTS)?).await?;
        let id = self.stage.cast().organization(organization.slug)?;
        directory::add_members(&mut tx, id, &members).await?;
        tx.commit().await.map(|_| ())
    }

    async fn suspend(&self, person: usize, by: &str, why: &str) -> Result<()> {
        let Some(person) = self.people.get(person) else { return Ok(()) };
        let mut tx = Tx::begin(self.stage.kernel(), self.stage.cast().person(by)?).await?;
        match directory::suspend_user(&mut tx, *person, why, None, None).await {
            Ok(_) => tx.commit().await.map(|_| ()),
            outcome => unless_done(outcome.map(|_| ())),
        }
    }

    async fn reinstate(&self, person: usize, by: &str, why: &str) -> Result<()> {
        let Some(person) = self.people.get(person) else { return Ok(()) };
        let mut tx = Tx::begin(self.stage.kernel(), self.stage.cast().person(by)?).await?;
        match directory::reinstate_user(&mut tx, *person, why, None).await {
            Ok(_) => tx.commit().await.map(|_| ()),
            outcome => unless_done(outcome.map(|_| ())),
        }
    }

    /// Writes down what a probe found: with others later where it changes nothing, at once where it does.
    async fn probe(&mut self, service: &'static Service, at: DateTime<Utc>, found: Found) -> Result<()> {
        let kernel = self.stage.kernel().clone();
        let service_id = self.stage.cast().service(service.name)?;
        let mut run = match self.runs.remove(service.name) {
            Some(run) => run,
            None => {
                let run = Run::of(&kernel, service_id).await?;
                run.ok_or_else(|| Error::internal("a service of the demo isn't watched"))?
            }
        };
        if run.take(&kernel, at, found.clone()).await? {
            self.runs.insert(service.name, run);
            return Ok(());
        }
        let probe = run.probe().clone();
        write(run, &self.stage).await?;
        let place = self.place().await?;
        let mut tx = Tx::system(&kernel, PROBER).await?;
        monitoring::settle(&mut tx, &Asked { service_id, probe, found }).await?;
        tx.commit().await?;
        self.follow(place).await
    }

    /// The place in the log up to which everything has happened.
    async fn place(&self) -> Result<i64> {
        let kernel = self.stage.kernel();
        kernel.catch_up(&[]).await?;
        Ok(log::head(kernel.db().reader()).await?.position)
    }

    /// Lets the gateway react to what happened after `place`, and the stories hear of it.
    async fn follow(&mut self, place: i64) -> Result<()> {
        let kernel = self.stage.kernel();
        kernel.catch_up(&self.reactors).await?;
        for (position, row) in log::read(kernel.db().reader(), place, i64::MAX, 100).await? {
            let event = LogEvent::new(kernel, position, row);
            for telling in self.tellings.values_mut() {
                let service =
                    telling.story.trouble.map(|(name, _)| self.stage.cast().service(name)).transpose()?;
                telling.hears(service, &event)?;
            }
        }
        Ok(())
    }
}

/// Writes results down together.
async fn write(run: Run, stage: &Stage) -> Result<()> {
    if run.write(stage.kernel()).await? {
        return Ok(());
    }
    Err(Error::internal("somebody else probes the services of the demo"))
}

/// That somebody was faster, or that it has passed already, is part of an ordinary day.
fn unless_done(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(Error::Invalid(_)) => Ok(()),
        other => other,
    }
}
