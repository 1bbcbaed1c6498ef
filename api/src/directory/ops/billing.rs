//! What the billing system says of subscriptions.

use std::collections::{HashMap, HashSet};

use ::entity::billing_subscription::{self, BillingPeriod, BillingStatus};
use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use crate::{
    directory::{events, rules, store},
    kernel::{
        error::{Error, Result, UserErrorCode, Violation},
        tx::Tx,
    },
};

/// How many merges stand between an organization and the one that is left of it, at most.
const MAX_MERGES: usize = 32;

/// What the billing system says of a subscription.
#[derive(Clone, Debug)]
pub struct SubscriptionRecord {
    /// The id by which it knows it.
    pub external_id: String,
    /// Who pays.
    pub organization_id: Uuid,
    /// For what.
    pub plan: String,
    /// Where it stands.
    pub status: BillingStatus,
    /// How often.
    pub period: BillingPeriod,
    /// What a period costs, in the smallest unit of the currency.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Until when it costs nothing.
    pub trial_ends_at: Option<DateTime<Utc>>,
    /// Until when it is paid.
    pub period_ends_at: Option<DateTime<Utc>>,
    /// When somebody ended it.
    pub cancelled_at: Option<DateTime<Utc>>,
}

/// Adds the subscriptions that aren't there and changes those that are otherwise by now; what is as before is left
/// alone. Whose organization went into another one is that one's. Answers what was written, in the order given.
///
/// # Errors
/// NOT_FOUND, CONFLICT, LIMIT_EXCEEDED, and what is wrong with each.
pub async fn upsert_subscriptions(
    tx: &mut Tx,
    records: Vec<SubscriptionRecord>,
) -> Result<Vec<billing_subscription::Model>> {
    if records.len() > rules::MAX_SUBSCRIPTIONS {
        let message = format!("say at most {} subscriptions at once", rules::MAX_SUBSCRIPTIONS);
        return Err(Error::invalid(UserErrorCode::LimitExceeded, "subscriptions", message));
    }
    let records = checked(records)?;
    let owners = owners(tx, records.iter().map(|record| record.organization_id)).await?;
    let ids: Vec<_> = records.iter().map(|record| record.external_id.as_str()).collect();
    let known = store::lock_subscriptions(tx, &ids).await?;
    let mut known: HashMap<_, _> = known.into_iter().map(|row| (row.external_id.clone(), row)).collect();
    let mut written = Vec::new();
    for (i, mut record) in records.into_iter().enumerate() {
        let missing = || Error::not_found("organization", &format!("subscriptions.{i}.organizationId"));
        record.organization_id = *owners.get(&record.organization_id).ok_or_else(missing)?;
        let before = known.remove(&record.external_id);
        let after = row(tx, record, before.as_ref());
        if before.as_ref() == Some(&after) {
            continue;
        }
        let after = billing_subscription::Model {
            updated_at: tx.now(),
            version: before.as_ref().map_or(1, |before| before.version + 1),
            ..after
        };
        tx.record(events::subscription(before.as_ref(), &after));
        written.push(after);
    }
    store::put_subscriptions(tx, &written).await?;
    Ok(written)
}

fn row(
    tx: &Tx,
    record: SubscriptionRecord,
    before: Option<&billing_subscription::Model>,
) -> billing_subscription::Model {
    let now = tx.now();
    billing_subscription::Model {
        id: before.map_or_else(|| tx.new_id(), |before| before.id),
        organization_id: record.organization_id,
        external_id: record.external_id,
        plan: record.plan,
        status: record.status,
        period: record.period,
        amount_minor: record.amount_minor,
        currency: record.currency,
        trial_ends_at: record.trial_ends_at,
        period_ends_at: record.period_ends_at,
        cancelled_at: record.cancelled_at,
        created_at: before.map_or(now, |before| before.created_at),
        updated_at: before.map_or(now, |before| before.updated_at),
        version: before.map_or(1, |before| before.version),
    }
}

fn checked(records: Vec<SubscriptionRecord>) -> Result<Vec<SubscriptionRecord>> {
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for (i, record) in records.into_iter().enumerate() {
        let at = |name: &str| format!("subscriptions.{i}.{name}");
        let external_id = rules::external_id(&record.external_id, &at("externalId"));
        let plan = rules::plan(&record.plan, &at("plan"));
        let currency = rules::currency(&record.currency, &at("currency"));
        let amount = rules::amount(record.amount_minor, &at("amountMinor"));
        match (external_id, plan, currency, amount) {
            (Ok(external_id), Ok(plan), Ok(currency), Ok(_)) => {
                if !seen.insert(external_id.clone()) {
                    let message = "this one is said twice";
                    wrong.push(Violation::new(UserErrorCode::Invalid, &at("externalId"), message));
                }
                right.push(SubscriptionRecord {
                    external_id,
                    plan,
                    currency,
                    trial_ends_at: kept(record.trial_ends_at),
                    period_ends_at: kept(record.period_ends_at),
                    cancelled_at: kept(record.cancelled_at),
                    ..record
                });
            }
            (a, b, c, d) => wrong.extend([a.err(), b.err(), c.err(), d.err()].into_iter().flatten()),
        }
    }
    if wrong.is_empty() { Ok(right) } else { Err(wrong.into()) }
}

/// A time with as many digits as are kept: else the same would be another one each time.
fn kept(at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    at.map(|at| at.trunc_subsecs(6))
}

/// Whose something is that is said to be these organizations': theirs, or of what they went into.
async fn owners(tx: &Tx, named: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, Uuid>> {
    let mut wanted: Vec<Uuid> = named.collect();
    let mut into: HashMap<Uuid, Option<Uuid>> = HashMap::new();
    for _ in 0..MAX_MERGES {
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|id| !into.contains_key(id));
        if wanted.is_empty() {
            break;
        }
        let found = store::share_organizations(tx, &wanted).await?;
        wanted = found.values().flatten().copied().collect();
        into.extend(found);
    }
    let last = |mut id: Uuid| {
        while let Some(Some(next)) = into.get(&id) {
            id = *next;
        }
        id
    };
    Ok(into.keys().map(|id| (*id, last(*id))).collect())
}
