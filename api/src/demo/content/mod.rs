//! What the demo is about, as data: a marketplace for keepers and breeders of reptiles, its services, its people, and
//! what happened to them. Nobody in it exists; addresses are of domains that never will (RFC 2606).

pub mod alerts;
pub mod now;
pub mod people;
pub mod services;
pub mod stories;

use ::entity::{
    alert::AlertSeverity,
    incident::{IncidentImpact, IncidentStatus, IncidentUrgency},
};

/// Something that goes wrong, and what people do about it.
#[derive(Debug)]
pub struct Story {
    /// How long before now it begins: days and minutes. Without meaning where it happens live.
    pub ago: (i64, i64),
    /// What the probes see of it, from its beginning until somebody [mends](Does::Mend) it.
    pub trouble: Option<(&'static str, Trouble)>,
    /// How it comes to light.
    pub opening: Opening,
    /// What happens then: after so many minutes from the beginning, who, and what.
    pub steps: &'static [(i64, &'static str, Does)],
}

/// What is wrong with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It answers, but slowly.
    Slow,
    /// It answers that it can't.
    Errors,
    /// It doesn't answer.
    Down,
}

/// How something comes to light.
#[derive(Debug)]
pub enum Opening {
    /// A probe finds a service down: the incident opens by itself.
    Probe,
    /// Another system raises an alert: a critical one of a service opens an incident.
    Alert(&'static Raised),
    /// Somebody opens an incident.
    Report {
        /// Who.
        by: &'static str,
        /// What it is about.
        title: &'static str,
        /// What is known.
        description: &'static str,
        /// How many are affected.
        impact: IncidentImpact,
        /// How soon it must be dealt with.
        urgency: IncidentUrgency,
        /// What is affected.
        services: &'static [&'static str],
        /// Whose it is, where it isn't the platform's own: a slug.
        organization: Option<&'static str>,
    },
}

/// What another system says is wrong.
#[derive(Debug)]
pub struct Raised {
    /// Which system.
    pub source: &'static str,
    /// What makes it the same condition.
    pub key: &'static str,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// What is wrong.
    pub title: &'static str,
    /// What is known.
    pub description: &'static str,
    /// The service that it is about.
    pub service: Option<&'static str>,
    /// Whose it is, where it isn't the platform's own: a slug.
    pub organization: Option<&'static str>,
}

/// What somebody does about an incident.
#[derive(Debug)]
pub enum Does {
    /// Is on it, and says so.
    Acknowledge(&'static str),
    /// Finds better words for it.
    Rename(&'static str),
    /// Notes something for colleagues.
    Note(&'static str),
    /// Says something that everybody may read.
    Tell(&'static str),
    /// Moves it on.
    Move(IncidentStatus, &'static str),
    /// Gives it to somebody.
    Assign(&'static str),
    /// The trouble ends, and the alert that opened it.
    Mend,
    /// Ends it: its cause, and what was done.
    Resolve(&'static str, &'static str),
    /// Takes it up again.
    Reopen(&'static str),
    /// Files it.
    Close,
}
