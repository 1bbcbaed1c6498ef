//! What a filter finds in SQL is what it finds in memory: over random rows and filters, NULLs included.

use ::entity::{incident, incident_service};
use async_graphql::{ID, MaybeUndefined};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use proptest::{
    collection::vec,
    option::{self, of},
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use sea_orm::{EntityTrait, IntoActiveModel, QueryTrait};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{
    fixture::{Bench, incident, start},
    schema::{Impact, IncidentFilter, Severity},
};
use crate::kernel::{
    actor::ADMIN_USER,
    page::{DateTimeFilter, EnumFilter, Filter, IdFilter, IntFilter, Predicate, StringFilter},
    scalar::Timestamp,
};

/// Short texts that are often parts of each other, of what trips patterns, collations and the folding of case.
fn text() -> impl Strategy<Value = String> {
    let usual = select(vec!['a', 'A', 'b']);
    let rare = select(vec!['%', '_', '\\', '*', '[', '!', '\'', 'ä', 'Ä', '\u{d7ff}', '\u{10ffff}']);
    vec(prop_oneof![3 => usual, 1 => rare], 0..4).prop_map(String::from_iter)
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    select(vec![0, 1, 500, 500_000, 1_000_000]).prop_map(|micros| start() + TimeDelta::microseconds(micros))
}

fn admin() -> impl Strategy<Value = Uuid> {
    (0..3_u128).prop_map(Uuid::from_u128)
}

/// An incident's columns that filters look at, and the services that it affects.
#[derive(Clone, Debug)]
struct Row {
    incident: incident::Model,
    services: Vec<String>,
}

impl Row {
    /// As an event would record it.
    fn state(&self) -> Json {
        let Self { incident: row, services } = self;
        json!({
            "severity": serde_json::to_value(row.severity).unwrap(),
            "impact": serde_json::to_value(row.impact).unwrap(),
            "title": row.title,
            "description": row.description,
            "assigneeId": row.assignee_id,
            "affectedService": services,
            "mitigatedAt": row.mitigated_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)),
            "version": row.version,
        })
    }
}

fn row() -> impl Strategy<Value = Row> {
    use incident::{IncidentImpact as I, IncidentSeverity as S};
    let severity = select(vec![S::Low, S::Medium, S::High, S::Critical]);
    let impact = of(select(vec![I::All, I::Many, I::Few]));
    let parts = (severity, impact, text(), of(text()), of(admin()), of(time()), 0..4, vec(text(), 0..3));
    parts.prop_map(|(severity, impact, title, description, assignee_id, mitigated_at, version, services)| {
        Row {
            incident: incident::Model {
                severity,
                impact,
                title,
                description,
                assignee_id,
                mitigated_at,
                version,
                ..incident(0)
            },
            services,
        }
    })
}

/// An operator that is given now and then.
fn maybe<V: std::fmt::Debug>(value: impl Strategy<Value = V>) -> impl Strategy<Value = MaybeUndefined<V>> {
    option::weighted(0.2, value)
        .prop_map(|value| value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value))
}

fn list<V: std::fmt::Debug>(
    value: impl Strategy<Value = V>,
) -> impl Strategy<Value = MaybeUndefined<Vec<V>>> {
    maybe(vec(value, 0..3))
}

fn severities() -> impl Strategy<Value = EnumFilter<Severity>> {
    let one = || select(vec![Severity::Low, Severity::Medium, Severity::High, Severity::Critical]);
    (maybe(one()), maybe(one()), list(one()), list(one())).prop_map(|(eq, ne, r#in, not_in)| EnumFilter {
        eq,
        ne,
        r#in,
        not_in,
    })
}

fn impacts() -> impl Strategy<Value = EnumFilter<Impact>> {
    let one = || select(vec![Impact::All, Impact::Many, Impact::Few]);
    (maybe(one()), maybe(one()), list(one()), list(one())).prop_map(|(eq, ne, r#in, not_in)| EnumFilter {
        eq,
        ne,
        r#in,
        not_in,
    })
}

fn texts() -> impl Strategy<Value = StringFilter> {
    let tests =
        (maybe(text()), maybe(text()), list(text()), maybe(text()), maybe(text()), maybe(any::<bool>()));
    let several = tests.prop_map(|(eq, ne, r#in, contains, starts_with, is_null)| StringFilter {
        eq,
        ne,
        r#in,
        contains,
        starts_with,
        is_null,
    });
    // Several are rarely true together: patterns are tried by themselves, too.
    let contains = text()
        .prop_map(|text| StringFilter { contains: MaybeUndefined::Value(text), ..StringFilter::default() });
    let starts = text().prop_map(|text| StringFilter {
        starts_with: MaybeUndefined::Value(text),
        ..StringFilter::default()
    });
    prop_oneof![2 => several, 1 => contains, 1 => starts]
}

fn ids() -> impl Strategy<Value = IdFilter> {
    let one = || {
        (admin(), any::<bool>())
            .prop_map(|(id, is_plain)| if is_plain { ID(id.to_string()) } else { ID(ADMIN_USER.encode(id)) })
    };
    (maybe(one()), maybe(one()), list(one()), maybe(any::<bool>()))
        .prop_map(|(eq, ne, r#in, is_null)| IdFilter { eq, ne, r#in, is_null })
}

fn times() -> impl Strategy<Value = DateTimeFilter> {
    let one = || maybe(time().prop_map(Timestamp));
    (one(), one(), one(), one(), one(), maybe(any::<bool>()))
        .prop_map(|(eq, gt, gte, lt, lte, is_null)| DateTimeFilter { eq, gt, gte, lt, lte, is_null })
}

fn numbers() -> impl Strategy<Value = IntFilter> {
    let one = || maybe(0..4_i64);
    (one(), one(), list(0..4_i64), one(), one(), one(), one(), maybe(any::<bool>())).prop_map(
        |(eq, ne, r#in, gt, gte, lt, lte, is_null)| IntFilter { eq, ne, r#in, gt, gte, lt, lte, is_null },
    )
}

fn filter() -> impl Strategy<Value = IncidentFilter> {
    fn now<V: std::fmt::Debug>(operators: impl Strategy<Value = V>) -> impl Strategy<Value = Option<V>> {
        option::weighted(0.15, operators)
    }
    let fields = (
        now(severities()),
        now(impacts()),
        now(texts()),
        now(texts()),
        now(ids()),
        now(texts()),
        now(times()),
        now(numbers()),
    );
    let leaf = fields.prop_map(
        |(severity, impact, title, description, assignee_id, affected_service, mitigated_at, version)| {
            IncidentFilter {
                severity,
                impact,
                title,
                description,
                assignee_id,
                affected_service,
                mitigated_at,
                version,
                ..IncidentFilter::default()
            }
        },
    );
    leaf.prop_recursive(3, 8, 3, |inner| {
        let nested = || option::weighted(0.4, vec(inner.clone(), 0..3));
        (inner.clone(), nested(), nested(), option::weighted(0.4, inner.clone().prop_map(Box::new)))
            .prop_map(|(filter, and, or, not)| IncidentFilter { and, or, not, ..filter })
    })
}

/// The numbers of the rows that pass in memory, and of those in SQL.
async fn both(bench: &Bench, rows: &[Row], predicate: &Predicate) -> (Vec<u128>, Vec<u128>) {
    let in_memory = rows.iter().filter(|row| predicate.matches(&row.state()) == Some(true));
    let mut select = incident::Entity::find();
    QueryTrait::query(&mut select).and_where(predicate.condition(bench.db().backend()));
    let in_sql = select.all(bench.db().reader()).await.unwrap();
    let mut found = (
        in_memory.map(|row| row.incident.id.as_u128()).collect::<Vec<_>>(),
        in_sql.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>(),
    );
    found.0.sort_unstable();
    found.1.sort_unstable();
    found
}

/// Makes these the only rows.
async fn store(bench: &Bench, rows: &mut [Row]) {
    let db = bench.db().writer();
    incident_service::Entity::delete_many().exec(db).await.unwrap();
    incident::Entity::delete_many().exec(db).await.unwrap();
    for (n, row) in (1..).zip(&mut *rows) {
        (row.incident.id, row.incident.number) = (Uuid::from_u128(n), n.to_string());
    }
    let incidents = rows.iter().map(|row| row.incident.clone().into_active_model());
    incident::Entity::insert_many(incidents).exec_without_returning(db).await.unwrap();
    let services = rows.iter().flat_map(|row| {
        (0..).zip(&row.services).map(|(ordinal, name)| incident_service::Model {
            incident_id: row.incident.id,
            ordinal,
            service_name: name.clone(),
            service_id: None,
            impact: None,
        })
    });
    let services: Vec<_> = services.map(IntoActiveModel::into_active_model).collect();
    if !services.is_empty() {
        incident_service::Entity::insert_many(services).exec_without_returning(db).await.unwrap();
    }
}

#[test]
fn sql_and_memory_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let benches = runtime.block_on(Bench::all());
    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let cases = (vec(row(), 1..8), vec(filter(), 16));
    let outcome = runner.run(&cases, |(mut rows, filters)| {
        runtime.block_on(async {
            for bench in &benches {
                store(bench, &mut rows).await;
                for filter in &filters {
                    let Ok(predicate) = filter.predicate() else { continue };
                    let (in_memory, in_sql) = both(bench, &rows, &predicate).await;
                    prop_assert_eq!(in_memory, in_sql, "{:?}: {:?}", bench.db().backend(), predicate);
                }
            }
            Ok(())
        })
    });
    outcome.unwrap();
}
