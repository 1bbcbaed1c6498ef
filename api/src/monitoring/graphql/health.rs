//! How everything together is doing.

use async_graphql::SimpleObject;

use super::service::ServiceState;
use crate::monitoring::reads;

/// How everything that the caller sees is doing.
#[derive(Debug, SimpleObject)]
pub struct SystemHealth {
    /// The worst that is known of a service that isn't under maintenance. UNKNOWN: nothing is known of any.
    state: ServiceState,
    /// Services that aren't under maintenance, by state.
    services: ServiceCounts,
    /// Services under maintenance.
    in_maintenance: i64,
    /// Alerts of severity CRITICAL that aren't resolved.
    open_critical_alerts: u64,
}

/// Services by state.
#[derive(Debug, SimpleObject)]
pub struct ServiceCounts {
    /// Nothing is known of them.
    unknown: i64,
    /// As they should be.
    healthy: i64,
    /// Slow, or not as expected.
    degraded: i64,
    /// Without an answer.
    down: i64,
}

impl From<reads::Health> for SystemHealth {
    fn from(health: reads::Health) -> Self {
        let reads::ServiceCounts { unknown, healthy, degraded, down } = health.services;
        Self {
            state: health.state.into(),
            services: ServiceCounts { unknown, healthy, degraded, down },
            in_maintenance: health.in_maintenance,
            open_critical_alerts: health.open_critical_alerts,
        }
    }
}
