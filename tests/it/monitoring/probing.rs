//! From a probe to a state, an event and an alert.

use std::time::Duration;

use chrono::TimeDelta;
use entity::task::{self, TaskState};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{Target, TestGateway};

use super::{alerts_of, minute, refused, register, service, tried, types};

/// How many tasks wait to probe.
async fn waiting(gateway: &TestGateway) -> usize {
    let tasks = task::Entity::find()
        .filter(task::Column::Kind.eq("monitoring.probe"))
        .filter(task::Column::State.eq(TaskState::Pending));
    tasks.all(gateway.kernel().db().reader()).await.unwrap().len()
}

#[tokio::test]
async fn a_service_goes_down_and_comes_back() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    let seen = gateway.recorded().await;
    let id = register(owner, json!({ "name": "core", "tier": 1, "probe": target.http() })).await;
    // It is probed at once.
    gateway.run_until_idle().await;
    let found = service(owner, &id).await;
    assert_eq!((&found["state"], &found["consecutiveSuccesses"]), (&json!("HEALTHY"), &json!(1)));
    assert_eq!(found["lastCheckAt"], "2026-11-21T03:00:00.000000Z");
    let head = target.heads().concat();
    assert!(head.starts_with("GET /health HTTP/1.1\r\n") && head.contains("user-agent: opsgate/"), "{head}");

    target.stop().await;
    for failures in 1..=2 {
        minute(&gateway).await;
        let found = service(owner, &id).await;
        assert_eq!((&found["state"], &found["consecutiveFailures"]), (&json!("HEALTHY"), &json!(failures)));
    }
    assert_eq!(alerts_of(owner, &id).await, [Value::Null; 0]);
    minute(&gateway).await;
    let found = service(owner, &id).await;
    assert_eq!((&found["state"], &found["version"]), (&json!("DOWN"), &json!(3)));
    assert_eq!(found["stateSince"], "2026-11-21T03:03:00.000000Z");
    assert!(found["lastError"].as_str().unwrap().contains("refused"), "{found}");
    let alerts = alerts_of(owner, &id).await;
    let [alert] = &alerts[..] else { panic!("{alerts:?}") };
    for (field, expected) in [
        ("source", json!("probe")),
        ("dedupKey", json!(format!("service:{id}"))),
        ("status", json!("FIRING")),
        ("severity", json!("CRITICAL")),
        ("title", json!("core is down")),
        ("description", found["lastError"].clone()),
        ("labels", json!({ "service": "core", "tier": "1" })),
        ("count", json!(1)),
        ("firstSeenAt", json!("2026-11-21T03:03:00.000000Z")),
    ] {
        assert_eq!(alert[field], expected, "{field}");
    }
    // That it is still down is no news.
    minute(&gateway).await;
    minute(&gateway).await;
    assert_eq!(alerts_of(owner, &id).await, alerts);

    target.resume().await;
    minute(&gateway).await;
    assert_eq!(service(owner, &id).await["state"], "DOWN");
    minute(&gateway).await;
    let found = service(owner, &id).await;
    assert_eq!((&found["state"], &found["lastError"]), (&json!("HEALTHY"), &Value::Null));
    let alert = alerts_of(owner, &id).await.remove(0);
    assert_eq!((&alert["status"], &alert["count"]), (&json!("RESOLVED"), &json!(1)));
    assert_eq!(alert["resolvedBy"], json!({ "kind": "SYSTEM", "name": "monitoring.probe" }));
    assert_eq!(
        types(&gateway, seen).await,
        [
            "service.registered",
            "service.status_changed",
            "service.down",
            "alert.triggered",
            "service.recovered",
            "alert.resolved",
        ]
    );
    // Down once more, it is another alert.
    target.stop().await;
    for _ in 0..3 {
        minute(&gateway).await;
    }
    let alerts = alerts_of(owner, &id).await;
    let statuses: Vec<_> = alerts.iter().map(|alert| alert["status"].clone()).collect();
    assert_eq!(statuses, ["FIRING", "RESOLVED"]);
}

#[tokio::test]
async fn an_answer_that_is_not_as_expected_is_degraded() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let target = Target::start().await;
    let mut probe = target.http();
    probe["http"]["bodyContains"] = json!("fine");
    probe["http"]["degradedAboveMs"] = json!(200);
    probe["http"]["expectedStatus"] = json!([{ "from": 200, "to": 299 }, { "from": 404 }]);
    probe["http"]["headers"] = json!([{ "name": "X-Probe", "value": "opsgate" }]);
    probe["http"]["method"] = json!("POST");
    let input = json!({ "name": "core", "probe": probe, "successesToRecover": 1 });
    let id = register(owner, input).await;
    gateway.run_until_idle().await;
    assert_eq!(service(owner, &id).await["state"], "HEALTHY");
    let head = target.heads().concat();
    assert!(head.starts_with("POST /health ") && head.contains("x-probe: opsgate\r\n"), "{head}");

    let seen = gateway.recorded().await;
    for (status, body, delay_ms, error) in [
        (500, "fine", 0, "it answered with the status 500"),
        // A redirect is an answer, and nobody goes there.
        (302, "fine", 0, "it answered with the status 302"),
        (200, "broken", 0, "the expected text isn't in the body"),
        (200, "fine", 250, "more than 200 ms"),
    ] {
        target.answer(|answers| {
            (answers.status, answers.delay) = (status, Duration::from_millis(delay_ms));
            answers.body = body.to_owned();
        });
        minute(&gateway).await;
        let found = service(owner, &id).await;
        assert_eq!((&found["state"], &found["consecutiveFailures"]), (&json!("DEGRADED"), &json!(0)));
        assert!(found["lastError"].as_str().unwrap().contains(error), "{found}");

        target.answer(|answers| {
            (answers.status, answers.delay) = (404, Duration::ZERO);
            answers.body = "all is fine here".to_owned();
        });
        minute(&gateway).await;
        assert_eq!(service(owner, &id).await["state"], "HEALTHY");
    }
    assert!(target.heads().iter().all(|head| head.starts_with("POST /health ")));
    let expected = ["service.degraded", "service.recovered"].repeat(4);
    assert_eq!(types(&gateway, seen).await, expected);
    assert_eq!(alerts_of(owner, &id).await, [Value::Null; 0]);
}

#[tokio::test]
async fn down_by_way_of_degraded_is_one_alert_until_it_is_healthy() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    target.stop().await;
    let id = register(owner, json!({ "name": "core", "probe": target.http(), "failuresToDown": 1 })).await;
    gateway.run_until_idle().await;
    assert_eq!(service(owner, &id).await["state"], "DOWN");
    target.resume().await;
    target.answer(|answers| answers.status = 503);
    minute(&gateway).await;
    assert_eq!(service(owner, &id).await["state"], "DEGRADED");
    target.stop().await;
    minute(&gateway).await;
    minute(&gateway).await;
    let alerts = alerts_of(owner, &id).await;
    assert_eq!(alerts.len(), 1);
    assert_eq!((&alerts[0]["status"], &alerts[0]["count"]), (&json!("FIRING"), &json!(2)));
}

#[tokio::test]
async fn no_answer_in_time_is_none_and_tcp_counts_too() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    target.answer(|answers| answers.delay = Duration::from_secs(60));
    let usual = json!({ "name": "slow", "probe": target.http(), "timeoutMs": 100, "failuresToDown": 1 });
    let slow = register(owner, usual).await;
    let open = register(owner, json!({ "name": "open", "probe": target.tcp(), "failuresToDown": 1 })).await;
    let nowhere = json!({ "http": { "url": "http://nowhere.invalid/" } });
    let lost = register(owner, json!({ "name": "lost", "probe": nowhere, "failuresToDown": 1 })).await;
    gateway.run_until_idle().await;
    let found = service(owner, &slow).await;
    assert_eq!((&found["state"], &found["lastError"]), (&json!("DOWN"), &json!("no answer within 100 ms")));
    assert_eq!(service(owner, &open).await["state"], "HEALTHY");
    assert_eq!(service(owner, &lost).await["state"], "DOWN");
    target.stop().await;
    minute(&gateway).await;
    assert_eq!(service(owner, &open).await["state"], "DOWN");
}

#[tokio::test]
async fn maintenance_keeps_quiet_and_its_end_does_not() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    let input = json!({
        "name": "core", "probe": target.http(), "failuresToDown": 1, "maintenanceUntil": "2026-11-21T03:02:30Z",
    });
    let id = register(owner, input).await;
    gateway.run_until_idle().await;
    target.stop().await;
    let seen = gateway.recorded().await;
    minute(&gateway).await;
    minute(&gateway).await;
    let found = service(owner, &id).await;
    assert_eq!((&found["state"], &found["isInMaintenance"]), (&json!("DOWN"), &json!(true)));
    assert_eq!(types(&gateway, seen).await, ["service.status_changed"]);
    assert_eq!(alerts_of(owner, &id).await.len(), 0);
    minute(&gateway).await;
    minute(&gateway).await;
    assert_eq!(service(owner, &id).await["isInMaintenance"], false);
    assert_eq!(types(&gateway, seen).await, ["service.status_changed", "service.down", "alert.triggered"]);
    assert_eq!(alerts_of(owner, &id).await[0]["count"], 1);
    // Whoever resolves it by hand has read it: nobody is told again.
    let alert = alerts_of(owner, &id).await[0]["id"].clone();
    super::tried_alert(owner, "alertResolve", json!({ "id": alert })).await.ok();
    minute(&gateway).await;
    assert_eq!(alerts_of(owner, &id).await.len(), 1);
}

#[tokio::test]
async fn a_probe_follows_its_service() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (mut first, second) = (Target::start().await, Target::start().await);
    let id = register(owner, json!({ "name": "core" })).await;
    gateway.run_until_idle().await;
    assert_eq!((service(owner, &id).await["state"].clone(), waiting(&gateway).await), (json!("UNKNOWN"), 0));

    let input = json!({ "id": id, "probe": first.http(), "intervalSeconds": 3_600, "failuresToDown": 1 });
    tried(owner, "serviceUpdate", input).await.ok();
    gateway.run_until_idle().await;
    assert_eq!((first.heads().len(), waiting(&gateway).await), (1, 1));
    // A shorter interval counts at once, not after the longer one.
    tried(owner, "serviceUpdate", json!({ "id": id, "intervalSeconds": 5 })).await.ok();
    gateway.run_until_idle().await;
    gateway.advance(TimeDelta::seconds(5));
    gateway.run_until_idle().await;
    assert_eq!(first.heads().len(), 3);
    let other = json!({ "id": id, "probe": second.http() });
    let found = tried(owner, "serviceUpdate", other).await.ok().at("/service").clone();
    assert_eq!((&found["intervalSeconds"], &found["state"]), (&json!(5), &json!("HEALTHY")));
    gateway.run_until_idle().await;
    gateway.advance(TimeDelta::seconds(5));
    gateway.run_until_idle().await;
    assert_eq!((first.heads().len(), second.heads().len()), (3, 2));

    // Without a probe nothing is known, and nothing is wrong.
    first.stop().await;
    tried(owner, "serviceUpdate", json!({ "id": id, "probe": first.http() })).await.ok();
    gateway.run_until_idle().await;
    assert_eq!(service(owner, &id).await["state"], "DOWN");
    let seen = gateway.recorded().await;
    tried(owner, "serviceUpdate", json!({ "id": id, "probe": null })).await.ok();
    let found = service(owner, &id).await;
    assert_eq!((&found["state"], &found["probe"]), (&json!("UNKNOWN"), &Value::Null));
    assert_eq!(alerts_of(owner, &id).await[0]["status"], "RESOLVED");
    assert_eq!(types(&gateway, seen).await, ["service.updated", "alert.resolved"]);
    gateway.advance(TimeDelta::hours(1));
    gateway.run_until_idle().await;
    assert_eq!(waiting(&gateway).await, 0, "the tasks of earlier probes have ended");

    let input = json!({ "id": id, "probe": first.http(), "failuresToDown": 1 });
    tried(owner, "serviceUpdate", input).await.ok();
    gateway.run_until_idle().await;
    let seen = gateway.recorded().await;
    let gone = tried(owner, "serviceDeregister", json!({ "id": id })).await.ok();
    assert_eq!(gone.text("/service/name"), "core");
    assert_eq!(service(owner, &id).await, Value::Null);
    assert_eq!(types(&gateway, seen).await, ["service.deregistered", "alert.resolved"]);
    gateway.advance(TimeDelta::hours(1));
    gateway.run_until_idle().await;
    assert_eq!(waiting(&gateway).await, 0);
}

#[tokio::test]
async fn somebody_may_probe_now() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut target = Target::start().await;
    let id = register(owner, json!({ "name": "core", "probe": target.http() })).await;
    gateway.run_until_idle().await;
    let selection = "service { state consecutiveFailures alerts { nodes { count } } } \
                     result { outcome statusCode error at }";
    let probe = async || owner.mutate("serviceProbe", json!({ "id": id }), selection).await;
    let seen = gateway.recorded().await;
    let answer = probe().await.ok();
    assert_eq!(
        *answer.at("/result"),
        json!({ "outcome": "HEALTHY", "statusCode": 200, "error": null, "at": "2026-11-21T03:00:00.000000Z" })
    );
    assert_eq!(types(&gateway, seen).await, ["service.probed"]);
    assert_eq!(gateway.proved(&answer).await.event.event_type, "monitoring.service.probed");

    // Twenty at once, and the worker beside them: each counts once, and one alert is raised once.
    target.stop().await;
    gateway.advance(TimeDelta::minutes(1));
    let answers = futures_util::future::join_all((0..20).map(|_| probe())).await;
    gateway.run_until_idle().await;
    for answer in answers {
        assert_eq!(answer.ok().text("/result/outcome"), "FAILED");
    }
    let found = service(owner, &id).await;
    assert_eq!((&found["state"], &found["consecutiveFailures"]), (&json!("DOWN"), &json!(21)));
    assert_eq!(alerts_of(owner, &id).await[0]["count"], 1);
    let types = types(&gateway, seen).await;
    for (ty, count) in [("service.probed", 21), ("service.down", 1), ("alert.triggered", 1)] {
        assert_eq!(types.iter().filter(|found| *found == ty).count(), count, "{ty}");
    }
    assert_eq!(types.len(), 23);

    let dry = owner.with_header("x-dry-run", "true");
    let answer = dry.mutate("serviceProbe", json!({ "id": id }), selection).await;
    refused(&answer, "NOT_ALLOWED", "");
    let bare = register(owner, json!({ "name": "bare" })).await;
    let answer = owner.mutate("serviceProbe", json!({ "id": bare }), selection).await;
    refused(&answer, "NOT_ALLOWED", "input.id");
}
