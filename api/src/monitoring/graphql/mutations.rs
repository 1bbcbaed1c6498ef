//! What can be done to services and alerts.

use async_graphql::{Context, ID, MaybeUndefined, Object};
use uuid::Uuid;

use super::{
    alert::Alert,
    inputs::{
        AlertAcknowledgeInput, AlertResolveInput, AlertTriggerInput, ServiceDeregisterInput,
        ServiceProbeInput, ServiceRegisterInput, ServiceUpdateInput,
    },
    probe::ProbeResult,
    service::Service,
};
use crate::{
    kernel::{
        actor::ORGANIZATION,
        error::{Error, Result, Violation},
        mutation::{Outcome, Receipt, mutate, payload},
        object::{Stored, parse_id},
        request::RequestExt,
    },
    monitoring::{ALERT, SERVICE, ops, rules::Transition},
};

payload! { /// What registering a service came to.
ServiceRegisterPayload { service: Service } }
payload! { /// What changing a service came to.
ServiceUpdatePayload { service: Service } }
payload! { /// What deregistering a service came to: the service as it was.
ServiceDeregisterPayload { service: Service } }
payload! { /// What raising an alert came to: a new one, or the open one of the same condition.
AlertTriggerPayload { alert: Alert } }
payload! { /// What acknowledging an alert came to.
AlertAcknowledgePayload { alert: Alert } }
payload! { /// What resolving an alert came to.
AlertResolvePayload { alert: Alert } }

/// What probing a service came to.
pub struct ServiceProbePayload {
    outcome: Outcome<Service>,
    result: Option<ProbeResult>,
}

/// What probing a service came to.
#[Object]
impl ServiceProbePayload {
    /// The object as it is now; null where it wasn't found or can't be shown.
    async fn service(&self, ctx: &Context<'_>) -> Result<Option<Service>> {
        self.outcome.object(ctx).await
    }

    /// What the probe found. Null where nothing was asked, and in a replay.
    async fn result(&self) -> Option<&ProbeResult> {
        self.result.as_ref()
    }

    /// What to mend. Empty where it was done.
    async fn user_errors(&self) -> &[Violation] {
        &self.outcome.user_errors
    }

    /// Proof that it happened. Absent where nothing was changed.
    async fn receipt(&self) -> Option<&Receipt> {
        self.outcome.receipt.as_ref()
    }
}

/// What can be done to services and alerts.
#[derive(Debug, Default)]
pub struct Mutation;

#[macros::mutation(name = "MonitoringMutation")]
impl Mutation {
    /// Has a service watched from now on: it is probed at once, and then at its interval.
    #[requires("monitoring.manage")]
    #[emits("monitoring.service.registered")]
    async fn service_register(
        &self,
        ctx: &Context<'_>,
        input: ServiceRegisterInput,
    ) -> Result<ServiceRegisterPayload> {
        let outcome = mutate(ctx, async |tx| {
            let new = ops::NewService {
                name: input.name,
                description: input.description,
                tier: input.tier,
                owner: input.owner,
                depends_on: service_ids(&input.depends_on.unwrap_or_default())?,
                probe: ops::ProbeChanges {
                    target: input.probe.map(|probe| Some(probe.into())),
                    interval_seconds: input.interval_seconds,
                    timeout_ms: input.timeout_ms,
                    failures_to_down: input.failures_to_down,
                    successes_to_recover: input.successes_to_recover,
                },
                maintenance_until: input.maintenance_until.map(|at| at.0),
                organization_id: organization_id(input.organization_id.as_ref())?,
            };
            ops::register(tx, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Changes what is known of a service, or how it is watched.
    #[requires("monitoring.manage")]
    #[emits("monitoring.service.updated", "monitoring.alert.resolved")]
    async fn service_update(
        &self,
        ctx: &Context<'_>,
        input: ServiceUpdateInput,
    ) -> Result<ServiceUpdatePayload> {
        let outcome = mutate(ctx, async |tx| {
            let changes = ops::Changes {
                name: input.name,
                description: given(input.description),
                tier: input.tier,
                owner: given(input.owner),
                depends_on: input.depends_on.map(|ids| service_ids(&ids)).transpose()?,
                probe: ops::ProbeChanges {
                    target: given(input.probe).map(|probe| probe.map(Into::into)),
                    interval_seconds: input.interval_seconds,
                    timeout_ms: input.timeout_ms,
                    failures_to_down: input.failures_to_down,
                    successes_to_recover: input.successes_to_recover,
                },
                maintenance_until: given(input.maintenance_until).map(|at| at.map(|at| at.0)),
            };
            ops::update(tx, service_id(&input.id, "id")?, changes, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Has a service watched no more, and forgets it. The open alert of its probes is resolved.
    #[requires("monitoring.manage")]
    #[emits("monitoring.service.deregistered", "monitoring.alert.resolved")]
    async fn service_deregister(
        &self,
        ctx: &Context<'_>,
        input: ServiceDeregisterInput,
    ) -> Result<ServiceDeregisterPayload> {
        let outcome = mutate(ctx, async |tx| {
            ops::deregister(tx, service_id(&input.id, "id")?, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Probes a service now, beside its interval, and answers what was found. The result counts as any other. It can't be
    /// tried as a dry run.
    #[requires("monitoring.manage")]
    #[emits(
        "monitoring.service.probed",
        "monitoring.service.down",
        "monitoring.service.degraded",
        "monitoring.service.recovered",
        "monitoring.service.status_changed",
        "monitoring.alert.triggered",
        "monitoring.alert.updated",
        "monitoring.alert.resolved"
    )]
    async fn service_probe(
        &self,
        ctx: &Context<'_>,
        input: ServiceProbeInput,
    ) -> Result<ServiceProbePayload> {
        // It is asked before the transaction: nobody else waits for its answer.
        let asked = match service_id(&input.id, "id") {
            Ok(id) => ops::ask_now(ctx.request(), id).await,
            Err(violation) => Err(Error::from(violation)),
        };
        let mut result = None;
        let outcome = mutate(ctx, async |tx| {
            let (service, found) = ops::settle_now(tx, &asked?).await?;
            result = Some(found.into());
            Ok(service)
        })
        .await?;
        Ok(ServiceProbePayload { outcome, result })
    }

    /// Raises an alert. Where the same condition (organization, source and dedupKey) has one that isn't resolved, that
    /// one's count goes up, and its severity where this one's is higher.
    #[requires("monitoring.trigger")]
    #[emits("monitoring.alert.triggered", "monitoring.alert.updated")]
    async fn alert_trigger(
        &self,
        ctx: &Context<'_>,
        input: AlertTriggerInput,
    ) -> Result<AlertTriggerPayload> {
        let outcome = mutate(ctx, async |tx| {
            let new = ops::NewAlert {
                source: input.source,
                dedup_key: input.dedup_key,
                severity: input.severity.into(),
                title: input.title,
                description: input.description,
                labels: input.labels.map(|labels| labels.0),
                service_id: input.service_id.as_ref().map(|id| service_id(id, "serviceId")).transpose()?,
                organization_id: organization_id(input.organization_id.as_ref())?,
            };
            ops::trigger(tx, new).await
        });
        Ok(outcome.await?.into())
    }

    /// Says that somebody is on it.
    #[requires("monitoring.respond")]
    #[emits("monitoring.alert.acknowledged")]
    async fn alert_acknowledge(
        &self,
        ctx: &Context<'_>,
        input: AlertAcknowledgeInput,
    ) -> Result<AlertAcknowledgePayload> {
        let outcome = mutate(ctx, async |tx| {
            let id = alert_id(&input.id)?;
            ops::transition(tx, id, Transition::Acknowledge, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }

    /// Says that it is over. The same condition is a new alert from here on.
    #[requires("monitoring.respond")]
    #[emits("monitoring.alert.resolved")]
    async fn alert_resolve(
        &self,
        ctx: &Context<'_>,
        input: AlertResolveInput,
    ) -> Result<AlertResolvePayload> {
        let outcome = mutate(ctx, async |tx| {
            let id = alert_id(&input.id)?;
            ops::transition(tx, id, Transition::Resolve, input.expected_version).await
        });
        Ok(outcome.await?.into())
    }
}

fn service_id(id: &ID, field: &str) -> Result<Uuid, Violation> {
    parse_id(SERVICE, Service::NOUN, id, field)
}

fn service_ids(ids: &[ID]) -> Result<Vec<Uuid>, Violation> {
    ids.iter().zip(0..).map(|(id, i)| service_id(id, &format!("dependsOn.{i}"))).collect()
}

fn alert_id(id: &ID) -> Result<Uuid, Violation> {
    parse_id(ALERT, Alert::NOUN, id, "id")
}

fn organization_id(id: Option<&ID>) -> Result<Option<Uuid>, Violation> {
    id.map(|id| parse_id(ORGANIZATION, "organization", id, "organizationId")).transpose()
}

/// Absent: no change; null: cleared.
fn given<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
