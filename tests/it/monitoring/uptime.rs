//! Uptime, error rate, response time, and how everything together is doing.

use chrono::{DateTime, TimeDelta, Utc};
use entity::probe_result::{self, ProbeOutcome};
use opsgate::monitoring::SERVICE;
use serde_json::{Value, json};
use tests::{Target, TestGateway};
use uuid::Uuid;

use super::{register, service, tried, tried_alert};

/// The numbers of a service over each range.
async fn numbers(gateway: &TestGateway, id: &str) -> Value {
    let ranges = ["LAST_24_HOURS", "LAST_7_DAYS", "LAST_30_DAYS", "LAST_90_DAYS"]
        .map(|range| format!("{range}: uptime(range: {range}) {range}_errors: errorRate(range: {range})"));
    let document = format!("query($id: ID!) {{ service(id: $id) {{ {} }} }}", ranges.join(" "));
    let answer = gateway.owner().run_with(&document, json!({ "id": id })).await.ok();
    answer.at("/service").clone()
}

async fn plant(
    gateway: &TestGateway,
    service: &str,
    at: DateTime<Utc>,
    outcome: ProbeOutcome,
    ms: Option<i32>,
) {
    let row = probe_result::Model {
        id: Uuid::now_v7(),
        service_id: SERVICE.parse(service).unwrap(),
        at,
        outcome,
        response_time_ms: ms,
        status_code: None,
        error: None,
    };
    gateway.plant(row).await;
}

#[tokio::test]
async fn results_are_counted_exactly_by_range() {
    use ProbeOutcome::{Degraded, Failed, Healthy};
    let gateway = TestGateway::start().await;
    let id = register(gateway.owner(), json!({ "name": "core" })).await;
    let other = register(gateway.owner(), json!({ "name": "other" })).await;
    let nothing = numbers(&gateway, &id).await;
    assert!(nothing.as_object().unwrap().values().all(Value::is_null), "no data is never 100: {nothing}");

    let now = gateway.kernel().clock().now();
    for (ago, outcome, ms) in [
        (TimeDelta::zero(), Healthy, Some(10)),
        // The last moment that counts, and the first that doesn't.
        (TimeDelta::hours(24), Failed, None),
        (TimeDelta::hours(24) + TimeDelta::microseconds(1), Healthy, Some(30)),
        (TimeDelta::days(7), Degraded, Some(61)),
        (TimeDelta::days(8), Failed, None),
        (TimeDelta::days(30) + TimeDelta::seconds(1), Healthy, Some(1)),
        (TimeDelta::days(90), Healthy, Some(2)),
        (TimeDelta::days(90) + TimeDelta::microseconds(1), Failed, None),
    ] {
        plant(&gateway, &id, now - ago, outcome, ms).await;
    }
    plant(&gateway, &other, now, Failed, None).await;
    assert_eq!(
        numbers(&gateway, &id).await,
        json!({
            "LAST_24_HOURS": "50.0000", "LAST_24_HOURS_errors": "50.0000",
            "LAST_7_DAYS": "75.0000", "LAST_7_DAYS_errors": "50.0000",
            "LAST_30_DAYS": "60.0000", "LAST_30_DAYS_errors": "60.0000",
            "LAST_90_DAYS": "71.4285", "LAST_90_DAYS_errors": "42.8572",
        })
    );
    let document = "query($id: ID!) { service(id: $id) { day: averageResponseTimeMs \
                    week: averageResponseTimeMs(range: LAST_7_DAYS) } }";
    let answer = gateway.owner().run_with(document, json!({ "id": id })).await.ok();
    assert_eq!(*answer.at("/service"), json!({ "day": "10.000", "week": "33.666" }));

    // Results that no range reaches are forgotten.
    gateway.advance(TimeDelta::days(2));
    gateway.run_until_idle().await;
    use sea_orm::EntityTrait;
    let left = probe_result::Entity::find().all(gateway.kernel().db().reader()).await.unwrap();
    assert_eq!(left.len(), 9, "their ids are of today, whatever their times");
}

#[tokio::test]
async fn what_probes_find_is_what_is_counted() {
    let gateway = TestGateway::start().await;
    let mut target = Target::start().await;
    let id = register(gateway.owner(), json!({ "name": "core", "probe": target.http() })).await;
    gateway.run_until_idle().await;
    for step in 1..8 {
        match step {
            2 => target.stop().await,
            5 => target.resume().await,
            6 => target.answer(|answers| answers.status = 500),
            _ => {}
        }
        super::minute(&gateway).await;
    }
    // Eight probes: h h f f f h d d.
    let found = numbers(&gateway, &id).await;
    assert_eq!(
        (&found["LAST_24_HOURS"], &found["LAST_24_HOURS_errors"]),
        (&json!("62.5000"), &json!("62.5000"))
    );
    assert_eq!(service(gateway.owner(), &id).await["state"], "DEGRADED");
}

#[tokio::test]
async fn old_results_are_forgotten() {
    let gateway = TestGateway::start().await;
    let target = Target::start().await;
    let input = json!({ "name": "core", "probe": target.http(), "intervalSeconds": 3600 });
    let id = register(gateway.owner(), input).await;
    gateway.run_until_idle().await;
    gateway.advance(TimeDelta::days(92));
    gateway.run_until_idle().await;
    use sea_orm::EntityTrait;
    let left = probe_result::Entity::find().all(gateway.kernel().db().reader()).await.unwrap();
    assert_eq!(left.len(), 1, "only the one of today");
    assert_eq!(numbers(&gateway, &id).await["LAST_90_DAYS"], "100.0000");
}

#[tokio::test]
async fn system_health_is_the_worst_that_is_known() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    let health = async |client: &tests::Client| {
        let document = "{ systemHealth { state services { unknown healthy degraded down } inMaintenance \
                        openCriticalAlerts } }";
        client.run(document).await.ok().at("/systemHealth").clone()
    };
    let expected = |state: &str, [unknown, healthy, degraded, down]: [i64; 4], hidden: i64, alerts: i64| {
        json!({
            "state": state,
            "services": { "unknown": unknown, "healthy": healthy, "degraded": degraded, "down": down },
            "inMaintenance": hidden, "openCriticalAlerts": alerts,
        })
    };
    assert_eq!(health(owner).await, expected("UNKNOWN", [0; 4], 0, 0));
    register(owner, json!({ "name": "bare" })).await;
    assert_eq!(health(owner).await, expected("UNKNOWN", [1, 0, 0, 0], 0, 0));
    let core = json!({ "name": "core", "probe": target.http(), "failuresToDown": 1 });
    let core = register(owner, core).await;
    register(owner, json!({ "name": "tcp", "probe": target.tcp(), "failuresToDown": 9 })).await;
    gateway.run_until_idle().await;
    assert_eq!(health(owner).await, expected("HEALTHY", [1, 2, 0, 0], 0, 0));
    target.answer(|answers| answers.status = 500);
    super::minute(&gateway).await;
    assert_eq!(health(owner).await, expected("DEGRADED", [1, 1, 1, 0], 0, 0));
    target.stop().await;
    super::minute(&gateway).await;
    let critical = json!({ "source": "s", "dedupKey": "k", "severity": "CRITICAL", "title": "t" });
    let raised = tried_alert(owner, "alertTrigger", critical).await.ok();
    assert_eq!(health(owner).await, expected("DOWN", [1, 1, 0, 1], 0, 2));
    tried_alert(owner, "alertResolve", json!({ "id": raised.text("/alert/id") })).await.ok();
    // Under maintenance it doesn't count, but for the alert that is open.
    let input = json!({ "id": core, "maintenanceUntil": "2026-11-22T00:00:00Z" });
    tried(owner, "serviceUpdate", input).await.ok();
    assert_eq!(health(owner).await, expected("HEALTHY", [1, 1, 0, 0], 1, 1));
    // Others see their own.
    let acme = gateway.organization("acme").await;
    let partner = gateway.partner(&["monitoring.read"], acme).await;
    assert_eq!(health(&partner).await, expected("UNKNOWN", [0; 4], 0, 0));
}
