//! What clients send.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::words::{IncidentImpact, IncidentSeverity, IncidentStatus, IncidentUrgency, Visibility};
use crate::incidents::ops;

/// An incident to be opened.
#[derive(Debug, InputObject)]
pub struct IncidentCreateInput {
    /// What it is about. 1–255 characters.
    pub title: String,
    /// What is known. At most 10,000 characters.
    pub description: Option<String>,
    /// Given, or derived from impact and urgency.
    pub severity: Option<IncidentSeverity>,
    /// How many are affected.
    pub impact: Option<IncidentImpact>,
    /// How soon it must be dealt with.
    pub urgency: Option<IncidentUrgency>,
    /// What is affected. At most 50.
    pub affected_services: Option<Vec<AffectedServiceInput>>,
    /// The admin user who is to work on it.
    pub assignee_id: Option<ID>,
    /// Whose it is; without it, the caller's organization, or the platform.
    pub organization_id: Option<ID>,
}

/// A service that an incident affects.
#[derive(Debug, InputObject)]
pub struct AffectedServiceInput {
    /// Its name: of a watched service, or of any. 1–100 characters.
    pub name: String,
    /// How much of it.
    pub impact: Option<IncidentImpact>,
}

impl From<AffectedServiceInput> for ops::AffectedService {
    fn from(input: AffectedServiceInput) -> Self {
        Self { name: input.name, impact: input.impact.map(Into::into) }
    }
}

/// Somebody is on it.
#[derive(Debug, InputObject)]
pub struct IncidentAcknowledgeInput {
    /// The incident.
    pub id: ID,
    /// For the timeline.
    pub note: Option<String>,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// Who works on it. What is absent stays, null is nobody.
#[derive(Debug, InputObject)]
pub struct IncidentAssignInput {
    /// The incident.
    pub id: ID,
    /// The admin user who works on it.
    pub assignee_id: MaybeUndefined<ID>,
    /// The admin user who leads the response.
    pub commander_id: MaybeUndefined<ID>,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// A step forward.
#[derive(Debug, InputObject)]
pub struct IncidentTransitionInput {
    /// The incident.
    pub id: ID,
    /// Where to. RESOLVED has a mutation of its own.
    pub status: IncidentStatus,
    /// For the timeline.
    pub note: Option<String>,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// A note for the timeline.
#[derive(Debug, InputObject)]
pub struct IncidentNoteAddInput {
    /// The incident.
    pub id: ID,
    /// What to note. 1–10,000 characters.
    pub body: String,
    /// Who may read it.
    #[graphql(default_with = "Visibility::Internal")]
    pub visibility: Visibility,
}

/// What to change. What is absent stays, null clears.
#[derive(Debug, InputObject)]
pub struct IncidentUpdateInput {
    /// The incident.
    pub id: ID,
    /// What it is about.
    pub title: Option<String>,
    /// What is known.
    pub description: MaybeUndefined<String>,
    /// How bad it is. Where impact or urgency are changed and this isn't given, it follows from them.
    pub severity: Option<IncidentSeverity>,
    /// How many are affected.
    pub impact: MaybeUndefined<IncidentImpact>,
    /// How soon it must be dealt with.
    pub urgency: MaybeUndefined<IncidentUrgency>,
    /// What is affected: the whole list.
    pub affected_services: Option<Vec<AffectedServiceInput>>,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// The end of an incident.
#[derive(Debug, InputObject)]
pub struct IncidentResolveInput {
    /// The incident.
    pub id: ID,
    /// Why it happened.
    pub root_cause: String,
    /// What was done.
    pub resolution: String,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// An incident that goes on.
#[derive(Debug, InputObject)]
pub struct IncidentReopenInput {
    /// The incident.
    pub id: ID,
    /// Why.
    pub reason: String,
    /// Refuse where it has another version.
    pub expected_version: Option<i32>,
}

/// Several incidents that are one.
#[derive(Debug, InputObject)]
pub struct IncidentMergeInput {
    /// The one that stays.
    pub target_id: ID,
    /// Those that go into it. 1–50.
    pub source_ids: Vec<ID>,
    /// Refuse where the target has another version.
    pub expected_version: Option<i32>,
}
