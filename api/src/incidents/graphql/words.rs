//! The enums of incidents: the same words as the stored ones, described for clients.

use ::entity::{incident, incident_timeline};
use async_graphql::Enum;

use crate::kernel::page::Word;

/// How bad an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "incident::IncidentSeverity")]
pub enum IncidentSeverity {
    /// A nuisance.
    Low,
    /// Some are hindered.
    Medium,
    /// Many are hindered, or some can't work.
    High,
    /// The platform, or what matters most of it, doesn't work.
    Critical,
}

/// How many are affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "incident::IncidentImpact")]
pub enum IncidentImpact {
    /// Everybody.
    All,
    /// Many.
    Many,
    /// A few.
    Few,
}

/// How soon it must be dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "incident::IncidentUrgency")]
pub enum IncidentUrgency {
    /// At once.
    Critical,
    /// Today.
    High,
    /// When there is time.
    Low,
}

/// Where an incident stands. Steps forward may be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "incident::IncidentStatus")]
pub enum IncidentStatus {
    /// Nobody is on it yet.
    Open,
    /// Somebody is on it.
    Acknowledged,
    /// The cause is being looked for.
    Investigating,
    /// The cause is known.
    Identified,
    /// It is mended, and watched.
    Monitoring,
    /// It is over; cause and resolution are written down.
    Resolved,
    /// Nothing is left to do, or it went into another one.
    Closed,
}

/// What an entry of a timeline tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "incident_timeline::TimelineKind")]
pub enum IncidentTimelineKind {
    /// It was opened.
    Created,
    /// Somebody wrote something.
    Note,
    /// Somebody is on it.
    Acknowledged,
    /// Who works on it changed.
    Assigned,
    /// It moved forward.
    StatusChanged,
    /// It is worse or better than it was.
    SeverityChanged,
    /// What it says changed.
    Updated,
    /// It took others in, or went into another one.
    Merged,
    /// It ended.
    Resolved,
    /// It goes on.
    Reopened,
    /// An alert joined it.
    AlertLinked,
    /// An alert of it is over.
    AlertResolved,
}

/// Who may read an entry of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "incident_timeline::Visibility")]
pub enum Visibility {
    /// Those who work on it.
    Internal,
    /// Everybody who may see the incident.
    Public,
}

impl Word for IncidentStatus {
    type Stored = incident::IncidentStatus;
}

impl Word for IncidentSeverity {
    type Stored = incident::IncidentSeverity;
}

impl Word for IncidentTimelineKind {
    type Stored = incident_timeline::TimelineKind;
}

impl Word for Visibility {
    type Stored = incident_timeline::Visibility;
}
