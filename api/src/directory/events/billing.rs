//! What the billing system says of subscriptions. Money is text in the record: a number there isn't exact.

use ::entity::billing_subscription;
use serde_json::{Value, json};

use crate::{
    directory::SUBSCRIPTION,
    kernel::{
        actor::ORGANIZATION,
        event::{Entity, Event, event_types},
    },
};

event_types! {
    Directory, crate::directory::permissions::READ_BILLING;
    CREATED "directory.subscription.created" "SUBSCRIPTION_CREATE" Info "An organization pays for something, or will.";
    UPDATED "directory.subscription.updated" "SUBSCRIPTION_UPDATE" Info "What an organization pays for changed, or what of it.";
}

/// A subscription came into the register, or was `before` and is `after`.
pub fn subscription(
    before: Option<&billing_subscription::Model>,
    after: &billing_subscription::Model,
) -> Event {
    let entity =
        Entity::new("BillingSubscription", SUBSCRIPTION, after.id, after.version, after.organization_id);
    let data = json!({
        "organizationId": ORGANIZATION.encode(after.organization_id),
        "externalId": after.external_id,
        "plan": after.plan,
        "status": after.status,
        "period": after.period,
        "amountMinor": after.amount_minor.to_string(),
        "currency": after.currency,
    });
    let ty = if before.is_some() { &UPDATED } else { &CREATED };
    Event::new(ty, entity).change(before.map(state), Some(state(after))).data(data)
}

fn state(row: &billing_subscription::Model) -> Value {
    json!({ "status": row.status, "plan": row.plan })
}
