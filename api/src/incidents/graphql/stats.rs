//! How long incidents take.

use std::collections::BTreeMap;

use async_graphql::{Context, Enum, InputObject, SimpleObject};

use super::lists::IncidentFilter;
use crate::{
    incidents::{reads, rules, store::StatsRow},
    kernel::{error::Result, page::Filter, scalar::Timestamp},
};

/// A range of time: from, and up to but without, at most 366 days long.
#[derive(Debug, InputObject)]
pub struct TimeRange {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// What statistics are split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum IncidentStatsGrouping {
    /// The day, in UTC, on which the incident was opened: `2026-11-21`.
    Day,
    /// The services that it affects; an incident counts for each.
    Service,
    /// How bad it is.
    Severity,
}

/// How long incidents took, in all and by group. What isn't acknowledged or resolved isn't in the times.
#[derive(Debug, SimpleObject)]
pub struct IncidentStats {
    /// All of them.
    total: IncidentStatsGroup,
    /// By group, in the order of the keys.
    groups: Vec<IncidentStatsGroup>,
}

/// How long the incidents of one group took.
#[derive(Debug, SimpleObject)]
pub struct IncidentStatsGroup {
    /// The day, the service or the severity; `ALL` for all.
    key: String,
    /// How many were opened.
    count: usize,
    /// From opening to acknowledgement (MTTA). Null: none was acknowledged.
    time_to_acknowledge: Option<DurationStats>,
    /// From opening to resolution (MTTR). Null: none was resolved.
    time_to_resolve: Option<DurationStats>,
}

/// Some durations, summed up.
#[derive(Debug, SimpleObject)]
pub struct DurationStats {
    /// How many.
    count: usize,
    /// Their mean, in milliseconds.
    mean_ms: i64,
    /// Half of them took no longer (nearest rank), in milliseconds.
    p50_ms: i64,
    /// Nine in ten took no longer (nearest rank), in milliseconds.
    p90_ms: i64,
}

impl From<rules::Durations> for DurationStats {
    fn from(all: rules::Durations) -> Self {
        Self {
            count: all.count,
            mean_ms: all.mean.num_milliseconds(),
            p50_ms: all.p50.num_milliseconds(),
            p90_ms: all.p90.num_milliseconds(),
        }
    }
}

pub(super) async fn stats(
    ctx: &Context<'_>,
    range: TimeRange,
    grouping: IncidentStatsGrouping,
    filter: Option<IncidentFilter>,
) -> Result<IncidentStats> {
    let rows = reads::stats(ctx, range.from.0, range.to.0, filter.predicate()?).await?;
    let mut groups: BTreeMap<String, Vec<&StatsRow>> = BTreeMap::new();
    for row in &rows {
        let keys = match grouping {
            IncidentStatsGrouping::Day => vec![row.created_at.date_naive().to_string()],
            IncidentStatsGrouping::Severity => vec![rules::severity_name(row.severity).to_owned()],
            IncidentStatsGrouping::Service => row.services.clone(),
        };
        for key in keys {
            groups.entry(key).or_default().push(row);
        }
    }
    Ok(IncidentStats {
        total: group("ALL".to_owned(), &rows.iter().collect::<Vec<_>>()),
        groups: groups.into_iter().map(|(key, rows)| group(key, &rows)).collect(),
    })
}

fn group(key: String, rows: &[&StatsRow]) -> IncidentStatsGroup {
    let (acknowledged, resolved) = reads::durations(rows);
    IncidentStatsGroup {
        key,
        count: rows.len(),
        time_to_acknowledge: acknowledged.map(Into::into),
        time_to_resolve: resolved.map(Into::into),
    }
}
