//! What incidents do by themselves: they follow the alerts.

use super::ops;
use crate::{
    kernel::{
        error::Result,
        event::LogEvent,
        reactor::{Begin, Reactor},
        tx::Tx,
    },
    monitoring::{ALERT_RESOLVED, ALERT_TRIGGERED, AlertFact},
};

/// Opens incidents for alerts, joins alerts to them, and notes where alerts are over.
#[derive(Debug)]
pub struct AlertFollower;

#[async_trait::async_trait]
impl Reactor for AlertFollower {
    fn name(&self) -> &'static str {
        "incident-opener"
    }

    fn begins(&self) -> Begin {
        // An alert that fired while nobody ran it is still an alert.
        Begin::Horizon
    }

    fn wants(&self, event_type: &str) -> bool {
        [ALERT_TRIGGERED, ALERT_RESOLVED].contains(&event_type)
    }

    async fn react(&self, tx: &mut Tx, event: &LogEvent) -> Result<()> {
        match AlertFact::of(event)? {
            Some(alert) if event.row.event_type == ALERT_TRIGGERED => {
                ops::alert_fired(tx, &alert, event.row.organization_id).await
            }
            Some(alert) => ops::alert_over(tx, &alert).await,
            None => Ok(()),
        }
    }
}
