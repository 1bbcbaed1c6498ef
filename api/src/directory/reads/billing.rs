//! Pages of subscriptions, and what they come to.

use std::collections::BTreeMap;

use async_graphql::Context;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    directory::{
        graphql::BillingSubscription,
        rules,
        store::{self, Sum},
    },
    kernel::{
        error::Result,
        page::{self, Args, Connection, List, Order, Predicate},
        request::RequestExt,
    },
};

/// A page of subscriptions.
///
/// # Errors
/// As [`page::list`].
pub async fn subscriptions(
    ctx: &Context<'_>,
    predicate: Predicate,
    order: Order,
    args: Args,
) -> Result<Connection<BillingSubscription>> {
    let rows = store::subscriptions(&ctx.request().caller().boundary);
    page::list(ctx, List { name: "billingSubscriptions", rows, predicate, order }, args).await
}

/// Subscriptions, added up by all in which they differ but their amounts.
#[derive(Clone, Debug)]
pub struct Billing {
    /// When.
    pub counted_at: DateTime<Utc>,
    sums: Vec<Sum>,
}

/// All subscriptions of the caller's, added up in one statement.
///
/// # Errors
/// Where the database can't be read.
pub async fn billing(ctx: &Context<'_>) -> Result<Billing> {
    let request = ctx.request();
    let sums = store::sums(&request.conn(), &request.caller().boundary).await?;
    Ok(Billing { counted_at: request.kernel().clock().now(), sums })
}

impl Billing {
    /// How many there are of those that `which` picks.
    pub fn count(&self, which: impl Fn(&Sum) -> bool) -> i64 {
        self.sums.iter().filter(|sum| which(sum)).map(|sum| sum.count).sum()
    }

    /// The parts that agree in `key`.
    pub fn by<K: Ord>(&self, key: impl Fn(&Sum) -> K) -> BTreeMap<K, Self> {
        let mut parts = BTreeMap::new();
        for sum in &self.sums {
            let part =
                parts.entry(key(sum)).or_insert_with(|| Self { counted_at: self.counted_at, sums: vec![] });
            part.sums.push(sum.clone());
        }
        parts
    }

    /// What they bring a month, in the smallest unit; of one currency.
    pub fn monthly(&self) -> Decimal {
        let recurring = self.sums.iter().filter(|sum| rules::is_recurring(sum.status));
        rules::monthly(recurring.map(|sum| (sum.period, sum.amount_minor)))
    }

    /// What a period of everything costs that should have been paid, in the smallest unit; of one currency.
    pub fn overdue(&self) -> Decimal {
        let overdue = self.sums.iter().filter(|sum| rules::is_overdue(sum.status));
        overdue.map(|sum| Decimal::from(sum.amount_minor)).sum()
    }
}
