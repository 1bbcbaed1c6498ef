//! Incidents in the schema: thin resolvers over the commands and reads of the domain.

mod inputs;
mod lists;
mod stats;
mod types;
mod words;

use async_graphql::{Context, ID, MaybeUndefined};
use futures_util::Stream;
use uuid::Uuid;

use self::inputs::{
    IncidentAcknowledgeInput, IncidentAssignInput, IncidentCreateInput, IncidentMergeInput,
    IncidentNoteAddInput, IncidentReopenInput, IncidentResolveInput, IncidentTransitionInput,
    IncidentUpdateInput,
};
use self::{
    lists::{IncidentFilter, IncidentOrder},
    stats::{IncidentStats, IncidentStatsGrouping, TimeRange},
};
use super::{INCIDENT, ops, reads};
use crate::{
    access::Actor,
    kernel::{
        actor::{ADMIN_USER, ORGANIZATION},
        change::change,
        error::{Result, Violation},
        log::EventCursor,
        mutation::{mutate, payload},
        object::{self, Stored, parse_id},
        page::{Args, Connection, Cursor, Filter},
        stream,
    },
};

pub use types::{Incident, IncidentTimelineEntry};
pub use words::Visibility;

payload! { /// What opening an incident came to.
IncidentCreatePayload { incident: Incident } }
payload! { /// What acknowledging an incident came to.
IncidentAcknowledgePayload { incident: Incident } }
payload! { /// What assigning an incident came to.
IncidentAssignPayload { incident: Incident } }
payload! { /// What moving an incident forward came to.
IncidentTransitionPayload { incident: Incident } }
payload! { /// What adding a note came to.
IncidentNoteAddPayload { incident: Incident } }
payload! { /// What changing an incident came to.
IncidentUpdatePayload { incident: Incident } }
payload! { /// What ending an incident came to.
IncidentResolvePayload { incident: Incident } }
payload! { /// What reopening an incident came to.
IncidentReopenPayload { incident: Incident } }
payload! { /// What merging incidents came to: the one that stays.
IncidentMergePayload { incident: Incident } }

/// The reads of incidents.
#[derive(Debug, Default)]
pub struct Query;

#[macros::query(name = "IncidentsQuery")]
impl Query {
    /// One incident.
    #[requires("incidents.read")]
    async fn incident(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Incident>> {
        object::find(ctx, &id).await
    }

    /// One incident by its number, `INC-2026-000042`.
    #[requires("incidents.read")]
    async fn incident_by_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As it is shown: `INC-2026-000042`.")] number: String,
    ) -> Result<Option<Incident>> {
        reads::incident_by_number(ctx, &number).await
    }

    /// Incidents, newest first unless ordered otherwise.
    #[requires("incidents.read")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        filter: Option<IncidentFilter>,
        order_by: Option<IncidentOrder>,
        #[graphql(desc = "Words in number, title or description.")] search: Option<String>,
    ) -> Result<Connection<Incident>> {
        let args = Args { first, after, last, before };
        reads::incidents(ctx, filter.predicate()?, search.as_deref(), order_by.into(), args).await
    }

    /// How long incidents that were opened in a range of time took, by day, service or severity.
    #[requires("incidents.read")]
    async fn incident_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When they were opened.")] range: TimeRange,
        #[graphql(default_with = "IncidentStatsGrouping::Day", desc = "What they are split by.")]
        group_by: IncidentStatsGrouping,
        filter: Option<IncidentFilter>,
    ) -> Result<IncidentStats> {
        stats::stats(ctx, range, group_by, filter).await
    }
}

change! {
    /// A change of an incident.
    IncidentChange { incident: Incident } by Actor
}

/// What can be heard of incidents.
#[derive(Debug, Default)]
pub struct Subscription;

#[macros::subscription(name = "IncidentsSubscription")]
impl Subscription {
    /// Each change of an incident, from `after` or from now. One that leaves the filter is heard once more.
    #[requires("incidents.read")]
    async fn incident_changed(
        &self,
        ctx: &Context<'_>,
        after: Option<EventCursor>,
        filter: Option<IncidentFilter>,
    ) -> Result<impl Stream<Item = IncidentChange>> {
        let filter = filter.predicate()?;
        stream::follow(ctx, after, move |event| IncidentChange::of(event, &filter))
    }
}

/// What can be done to incidents.
#[derive(Debug, Default)]
pub struct Mutation;

#[macros::mutation(name = "IncidentsMutation")]
impl Mutation {
    /// Opens an incident.
    #[requires("incidents.manage")]
    #[emits("monitoring.incident.created")]
    async fn incident_create(
        &self,
        ctx: &Context<'_>,
        input: IncidentCreateInput,
    ) -> Result<IncidentCreatePayload> {
        let outcome = mutate(ctx, async |tx| {
            let new = ops::NewIncident {
                title: input.title,
                description: input.description,
                severity: input.severity.map(Into::into),
                impact: input.impact.map(Into::into),
                urgency: input.urgency.map(Into::into),
                services: input.affected_services.unwrap_or_default().into_iter().map(Into::into).collect(),
                assignee_id: input.assignee_id.map(|id| admin_id(&id, "assigneeId")).transpose()?,
                organization_id: input
                    .organization_id
                    .map(|id| parse_id(ORGANIZATION, "organization", &id, "organizationId"))
                    .transpose()?,
            };
            ops::create(tx, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Says that somebody is on it; stops escalation. Who does so becomes the assignee where there is none.
    #[requires("incidents.acknowledge")]
    #[emits("monitoring.incident.acknowledged")]
    async fn incident_acknowledge(
        &self,
        ctx: &Context<'_>,
        input: IncidentAcknowledgeInput,
    ) -> Result<IncidentAcknowledgePayload> {
        let outcome = mutate(ctx, async |tx| {
            ops::acknowledge(tx, incident_id(&input.id, "id")?, input.note, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Says who works on it and who leads the response.
    #[requires("incidents.manage")]
    #[emits("monitoring.incident.updated")]
    async fn incident_assign(
        &self,
        ctx: &Context<'_>,
        input: IncidentAssignInput,
    ) -> Result<IncidentAssignPayload> {
        let outcome = mutate(ctx, async |tx| {
            let assignee = person(input.assignee_id, "assigneeId")?;
            let commander = person(input.commander_id, "commanderId")?;
            ops::assign(tx, incident_id(&input.id, "id")?, assignee, commander, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Moves it forward: to ACKNOWLEDGED, INVESTIGATING, IDENTIFIED, MONITORING, or from RESOLVED to CLOSED.
    #[requires("incidents.manage")]
    #[emits("monitoring.incident.updated", "monitoring.incident.acknowledged")]
    async fn incident_transition(
        &self,
        ctx: &Context<'_>,
        input: IncidentTransitionInput,
    ) -> Result<IncidentTransitionPayload> {
        let outcome = mutate(ctx, async |tx| {
            let id = incident_id(&input.id, "id")?;
            ops::transition(tx, id, input.status.into(), input.note, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Adds a note to the timeline.
    #[requires("incidents.acknowledge")]
    #[emits("monitoring.incident.updated")]
    async fn incident_note_add(
        &self,
        ctx: &Context<'_>,
        input: IncidentNoteAddInput,
    ) -> Result<IncidentNoteAddPayload> {
        let outcome = mutate(ctx, async |tx| {
            ops::add_note(tx, incident_id(&input.id, "id")?, &input.body, input.visibility.into()).await
        });
        Ok(outcome.await?.into())
    }

    /// Changes what it says.
    #[requires("incidents.manage")]
    #[emits("monitoring.incident.updated")]
    async fn incident_update(
        &self,
        ctx: &Context<'_>,
        input: IncidentUpdateInput,
    ) -> Result<IncidentUpdatePayload> {
        let outcome = mutate(ctx, async |tx| {
            let changes = ops::Changes {
                title: input.title,
                description: given(input.description),
                severity: input.severity.map(Into::into),
                impact: given(input.impact).map(|impact| impact.map(Into::into)),
                urgency: given(input.urgency).map(|urgency| urgency.map(Into::into)),
                services: input.affected_services.map(|list| list.into_iter().map(Into::into).collect()),
            };
            ops::update(tx, incident_id(&input.id, "id")?, changes, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Ends it, with its cause and what was done.
    #[requires("incidents.manage")]
    #[emits("monitoring.incident.resolved")]
    async fn incident_resolve(
        &self,
        ctx: &Context<'_>,
        input: IncidentResolveInput,
    ) -> Result<IncidentResolvePayload> {
        let outcome = mutate(ctx, async |tx| {
            let id = incident_id(&input.id, "id")?;
            ops::resolve(tx, id, &input.root_cause, &input.resolution, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Takes it up again: within 24 hours of its end, the same one; later a new one that points back to it.
    #[requires("incidents.manage")]
    #[emits("monitoring.incident.reopened", "monitoring.incident.created")]
    async fn incident_reopen(
        &self,
        ctx: &Context<'_>,
        input: IncidentReopenInput,
    ) -> Result<IncidentReopenPayload> {
        let outcome = mutate(ctx, async |tx| {
            ops::reopen(tx, incident_id(&input.id, "id")?, &input.reason, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Puts incidents into another one: they are closed and point to it.
    #[requires("incidents.manage")]
    #[emits("monitoring.incident.merged")]
    async fn incident_merge(
        &self,
        ctx: &Context<'_>,
        input: IncidentMergeInput,
    ) -> Result<IncidentMergePayload> {
        let outcome = mutate(ctx, async |tx| {
            let target = incident_id(&input.target_id, "targetId")?;
            let sources = input.source_ids.iter().zip(0..);
            let sources = sources
                .map(|(id, i)| incident_id(id, &format!("sourceIds.{i}")))
                .collect::<Result<_, _>>()?;
            ops::merge(tx, target, sources, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }
}

fn incident_id(id: &ID, field: &str) -> Result<Uuid, Violation> {
    parse_id(INCIDENT, Incident::NOUN, id, field)
}

fn admin_id(id: &ID, field: &str) -> Result<Uuid, Violation> {
    parse_id(ADMIN_USER, "admin user", id, field)
}

/// An admin user to set, nobody, or no change.
fn person(id: MaybeUndefined<ID>, field: &str) -> Result<Option<Option<Uuid>>, Violation> {
    given(id).map(|id| id.map(|id| admin_id(&id, field)).transpose()).transpose()
}

/// Absent: no change; null: cleared.
fn given<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
