//! Acting a story: what its people do becomes operations of the domains, in their names.

use ::entity::incident_timeline::Visibility;
use uuid::Uuid;

use super::{
    cast::Cast,
    content::{Does, Opening, Raised, Story},
};
use crate::{
    incidents::{self, AffectedService, NewIncident},
    kernel::{
        Kernel,
        error::{Error, Result},
        event::LogEvent,
        tx::Tx,
    },
    monitoring::{self, AlertFact, NewAlert, Transition},
};

/// A story that is being told.
#[derive(Debug)]
pub struct Telling {
    /// Which.
    pub story: &'static Story,
    /// What it is about, once it is open.
    pub incident: Option<Uuid>,
    /// The alert that another system raised.
    alert: Option<Uuid>,
}

/// Where stories are acted: a kernel, and those who act.
#[derive(Clone, Debug)]
pub struct Stage {
    kernel: Kernel,
    cast: Cast,
}

impl Stage {
    /// A stage for `cast`.
    pub fn new(kernel: &Kernel, cast: Cast) -> Self {
        Self { kernel: kernel.clone(), cast }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Those who act.
    pub fn cast(&self) -> &Cast {
        &self.cast
    }

    /// Begins a story. What the probes find, and what follows from an alert, [shows in the log](Telling::hears).
    ///
    /// # Errors
    /// Where an operation can't.
    pub async fn begin(&self, story: &'static Story) -> Result<Telling> {
        let mut telling = Telling { story, incident: None, alert: None };
        match &story.opening {
            Opening::Probe => {}
            Opening::Alert(raised) => telling.alert = Some(self.raise(raised).await?),
            Opening::Report { by, title, description, impact, urgency, services, organization } => {
                let mut tx = Tx::begin(&self.kernel, self.cast.person(by)?).await?;
                let services =
                    services.iter().map(|name| AffectedService { name: (*name).to_owned(), impact: None });
                let new = NewIncident {
                    title: (*title).to_owned(),
                    description: Some((*description).to_owned()),
                    impact: Some(*impact),
                    urgency: Some(*urgency),
                    services: services.collect(),
                    organization_id: organization.map(|slug| self.cast.organization(slug)).transpose()?,
                    ..NewIncident::default()
                };
                telling.incident = Some(incidents::create(&mut tx, new).await?.id);
                tx.commit().await?;
            }
        }
        Ok(telling)
    }

    /// Raises an alert in the name of the system that found it. Answers which.
    ///
    /// # Errors
    /// Where the operation can't.
    pub async fn raise(&self, raised: &Raised) -> Result<Uuid> {
        let mut tx = Tx::begin(&self.kernel, self.cast.system(raised.source)?).await?;
        let new = NewAlert {
            source: raised.source.to_owned(),
            dedup_key: raised.key.to_owned(),
            severity: raised.severity,
            title: raised.title.to_owned(),
            description: Some(raised.description.to_owned()),
            labels: None,
            service_id: raised.service.map(|name| self.cast.service(name)).transpose()?,
            organization_id: raised.organization.map(|slug| self.cast.organization(slug)).transpose()?,
        };
        let alert = monitoring::trigger(&mut tx, new).await?.id;
        tx.commit().await?;
        Ok(alert)
    }

    /// Somebody is on an alert.
    ///
    /// # Errors
    /// Where the operation can't.
    pub async fn acknowledge(&self, by: &str, alert: Uuid) -> Result<()> {
        let mut tx = Tx::begin(&self.kernel, self.cast.person(by)?).await?;
        monitoring::transition(&mut tx, alert, Transition::Acknowledge, None).await?;
        tx.commit().await.map(|_| ())
    }

    /// The system that raised an alert says that it is over.
    ///
    /// # Errors
    /// Where the operation can't.
    pub async fn pass(&self, source: &str, alert: Uuid) -> Result<()> {
        let mut tx = Tx::begin(&self.kernel, self.cast.system(source)?).await?;
        monitoring::transition(&mut tx, alert, Transition::Resolve, None).await?;
        tx.commit().await.map(|_| ())
    }

    /// Has somebody do the next thing.
    ///
    /// # Errors
    /// Where the operation can't: its incident isn't open yet, or somebody else has dealt with it.
    pub async fn act(&self, telling: &Telling, by: &str, what: &Does) -> Result<()> {
        if let Does::Mend = what {
            return match (telling.alert, &telling.story.opening) {
                (Some(alert), Opening::Alert(raised)) => self.pass(raised.source, alert).await,
                // The probes will find that out.
                _ => Ok(()),
            };
        }
        let id = telling.incident.ok_or_else(|| Error::internal("the story's incident isn't open yet"))?;
        let mut tx = Tx::begin(&self.kernel, self.cast.person(by)?).await?;
        let words = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match what {
            Does::Acknowledge(note) => incidents::acknowledge(&mut tx, id, words(note), None).await?,
            Does::Rename(title) => {
                let title = Some((*title).to_owned());
                incidents::update(&mut tx, id, incidents::Changes { title, ..Default::default() }, None)
                    .await?
            }
            Does::Note(text) => incidents::add_note(&mut tx, id, text, Visibility::Internal).await?,
            Does::Tell(text) => incidents::add_note(&mut tx, id, text, Visibility::Public).await?,
            Does::Move(to, note) => incidents::transition(&mut tx, id, *to, words(note), None).await?,
            Does::Assign(whom) => {
                let assignee = Some(Some(self.cast.account(whom)?));
                incidents::assign(&mut tx, id, assignee, None, None).await?
            }
            Does::Resolve(cause, fix) => incidents::resolve(&mut tx, id, cause, fix, None).await?,
            Does::Reopen(reason) => incidents::reopen(&mut tx, id, reason, None).await?,
            Does::Close => {
                incidents::transition(&mut tx, id, ::entity::incident::IncidentStatus::Closed, None, None)
                    .await?
            }
            Does::Mend => return Ok(()),
        };
        tx.finish().await
    }
}

impl Telling {
    /// Takes note of the incident where `event` says that the story's alert has become part of one.
    ///
    /// # Errors
    /// INTERNAL where an event isn't what it says.
    pub fn hears(&mut self, service: Option<Uuid>, event: &LogEvent) -> Result<()> {
        if let Some(fact) = AlertFact::of(event)?
            && fact.incident_id.is_some()
            && (Some(fact.alert_id) == self.alert || self.alert.is_none() && fact.service_id == service)
        {
            self.incident = fact.incident_id;
        }
        Ok(())
    }

    /// Whether `event` says that the story's alert is over.
    ///
    /// # Errors
    /// INTERNAL where an event isn't what it says.
    pub fn is_over(&self, service: Option<Uuid>, event: &LogEvent) -> Result<bool> {
        let fact = AlertFact::of(event)?.filter(|_| event.row.event_type == monitoring::ALERT_RESOLVED);
        Ok(fact.is_some_and(|fact| Some(fact.alert_id) == self.alert || fact.service_id == service))
    }
}
