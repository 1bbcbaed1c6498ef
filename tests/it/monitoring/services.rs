//! What is watched: registering, changing, deregistering.

use opsgate::kernel::actor::ORGANIZATION;
use serde_json::{Value, json};
use tests::TestGateway;

use super::{UNKNOWN_SERVICE, refused, register, service, tried};

#[tokio::test]
async fn a_service_is_registered_and_changed_and_read_again() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let database = register(owner, json!({ "name": "database" })).await;
    let input = json!({
        "name": " core ", "description": "The core.", "tier": 1, "owner": "Team Core", "dependsOn": [database, database],
        "probe": { "http": { "url": "http://127.0.0.1:9/health" } }, "maintenanceUntil": "2026-11-22T03:00:00Z",
    });
    let answer = tried(owner, "serviceRegister", input).await.ok();
    let id = answer.text("/service/id").to_owned();
    // It is probed at once; nothing listens there.
    gateway.run_until_idle().await;
    let mut found = service(owner, &id).await;
    for varying in ["id", "uuid"] {
        found.as_object_mut().unwrap().remove(varying);
    }
    let now = "2026-11-21T03:00:00.000000Z";
    let expected = json!({
        "name": "core", "description": "The core.", "tier": 1, "owner": "Team Core",
        "dependsOn": [{ "id": database, "name": "database" }],
        "probe": {
            "__typename": "HttpProbe", "url": "http://127.0.0.1:9/health", "method": "GET",
            "expectedStatus": [{ "from": 200, "to": 299 }], "bodyContains": null, "headers": [],
            "degradedAboveMs": null,
        },
        "intervalSeconds": 60, "timeoutMs": 5000, "failuresToDown": 3, "successesToRecover": 2,
        "state": "UNKNOWN", "stateSince": now, "isInMaintenance": true,
        "maintenanceUntil": "2026-11-22T03:00:00.000000Z", "lastCheckAt": now,
        "lastError": "connecting: Connection refused (os error 111)", "consecutiveFailures": 1, "consecutiveSuccesses": 0, "organization": null,
        "createdAt": now, "updatedAt": now, "version": 1,
    });
    assert_eq!(found, expected);

    gateway.advance(chrono::TimeDelta::seconds(1));
    let input = json!({
        "id": id, "name": "kernel", "description": null, "tier": 2, "owner": null, "dependsOn": [],
        "probe": { "tcp": { "host": "127.0.0.1", "port": 9 } }, "intervalSeconds": 30, "timeoutMs": 1000,
        "failuresToDown": 2, "successesToRecover": 1, "maintenanceUntil": null,
    });
    let answer = tried(owner, "serviceUpdate", input.clone()).await.ok();
    gateway.run_until_idle().await;
    let changed = answer.at("/service").clone();
    for (field, expected) in [
        ("name", json!("kernel")),
        ("description", Value::Null),
        ("tier", json!(2)),
        ("owner", Value::Null),
        ("dependsOn", json!([])),
        ("probe", json!({ "__typename": "TcpProbe", "host": "127.0.0.1", "port": 9 })),
        ("intervalSeconds", json!(30)),
        ("timeoutMs", json!(1000)),
        ("failuresToDown", json!(2)),
        ("successesToRecover", json!(1)),
        ("isInMaintenance", json!(false)),
        ("updatedAt", json!("2026-11-21T03:00:01.000000Z")),
    ] {
        assert_eq!(changed[field], expected, "{field}");
    }
    // The same once more changes nothing, and leaves nothing on the record.
    let seen = gateway.recorded().await;
    let again = tried(owner, "serviceUpdate", input).await.ok();
    assert!(again.at("/receipt").is_null());
    assert_eq!(gateway.recorded().await, seen);
}

#[tokio::test]
async fn every_rule_of_the_input_is_checked() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let id = register(owner, json!({ "name": "core" })).await;
    let seen = gateway.recorded().await;
    let http = |change: Value| {
        let mut probe = json!({ "url": "http://127.0.0.1:9/" });
        probe.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "probe": { "http": probe } })
    };
    let header = |name: &str| http(json!({ "headers": [{ "name": name, "value": "x" }] }));
    let many: Vec<_> =
        (1..=51).map(|n| opsgate::monitoring::SERVICE.encode(uuid::Uuid::from_u128(n))).collect();
    for (input, code, path) in [
        (json!({ "name": " " }), "REQUIRED", "input.name"),
        (json!({ "name": "n".repeat(101) }), "TOO_LONG", "input.name"),
        (json!({ "name": "a\0b" }), "INVALID", "input.name"),
        (json!({ "description": "d".repeat(10_001) }), "TOO_LONG", "input.description"),
        (json!({ "owner": "o".repeat(101) }), "TOO_LONG", "input.owner"),
        (json!({ "tier": 0 }), "OUT_OF_RANGE", "input.tier"),
        (json!({ "tier": 5 }), "OUT_OF_RANGE", "input.tier"),
        (json!({ "dependsOn": many }), "LIMIT_EXCEEDED", "input.dependsOn"),
        (json!({ "dependsOn": [UNKNOWN_SERVICE] }), "NOT_FOUND", "input.dependsOn.0"),
        (json!({ "dependsOn": ["inc_01jd5kzzzzfpfvnd2v6n5x3k8r"] }), "INVALID", "input.dependsOn.0"),
        (json!({ "intervalSeconds": 60 }), "INVALID", "input.intervalSeconds"),
        (http(json!({ "url": "gopher://x" })), "INVALID", "input.probe.http.url"),
        (http(json!({ "url": "http://me@x/" })), "NOT_ALLOWED", "input.probe.http.url"),
        (http(json!({ "expectedStatus": [] })), "OUT_OF_RANGE", "input.probe.http.expectedStatus"),
        (http(json!({ "bodyContains": "" })), "REQUIRED", "input.probe.http.bodyContains"),
        (http(json!({ "degradedAboveMs": 5_001 })), "OUT_OF_RANGE", "input.probe.http.degradedAboveMs"),
        (header("Authorization"), "NOT_ALLOWED", "input.probe.http.headers.0"),
        (header("Cookie"), "NOT_ALLOWED", "input.probe.http.headers.0"),
        (json!({ "probe": { "tcp": { "host": "a b", "port": 1 } } }), "INVALID", "input.probe.tcp.host"),
        (json!({ "probe": { "tcp": { "host": "a", "port": 0 } } }), "OUT_OF_RANGE", "input.probe.tcp.port"),
    ] {
        for (mutation, base) in
            [("serviceRegister", json!({ "name": "new" })), ("serviceUpdate", json!({ "id": id }))]
        {
            let mut whole = base;
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            refused(&tried(owner, mutation, whole).await, code, path);
        }
    }
    let mut timed = http(json!({}));
    for (field, value) in
        [("intervalSeconds", 4), ("timeoutMs", 30_001), ("failuresToDown", 11), ("successesToRecover", 0)]
    {
        let mut input = timed.clone();
        (input["name"], input[field]) = (json!("new"), json!(value));
        // Four seconds are too short for the usual timeout, too.
        let faults = super::faults(&tried(owner, "serviceRegister", input).await);
        assert!(faults.contains(&("OUT_OF_RANGE".to_owned(), format!("input.{field}"))), "{faults:?}");
    }
    // One of several, exactly.
    timed["probe"]["tcp"] = json!({ "host": "a", "port": 1 });
    timed["name"] = json!("new");
    assert_eq!(tried(owner, "serviceRegister", timed).await.codes(), ["BAD_USER_INPUT"]);
    assert_eq!(gateway.recorded().await, seen);
}

#[tokio::test]
async fn a_name_is_taken_once_in_each_organization() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let acme = gateway.organization("acme").await;
    register(owner, json!({ "name": "core" })).await;
    register(owner, json!({ "name": "core", "organizationId": ORGANIZATION.encode(acme) })).await;
    let other = register(owner, json!({ "name": "other" })).await;
    refused(&tried(owner, "serviceRegister", json!({ "name": "core " })).await, "TAKEN", "input.name");
    refused(
        &tried(owner, "serviceUpdate", json!({ "id": other, "name": "core" })).await,
        "TAKEN",
        "input.name",
    );
    let names = (0..8).map(|_| tried(owner, "serviceRegister", json!({ "name": "race" })));
    let answers = futures_util::future::join_all(names).await;
    let done = answers.iter().filter(|answer| super::faults(answer).is_empty()).count();
    assert_eq!(done, 1);
    for answer in answers.iter().filter(|answer| !super::faults(answer).is_empty()) {
        refused(answer, "TAKEN", "input.name");
    }
    let nowhere = json!({ "name": "x", "organizationId": "org_01jd5kzzzzfpfvnd2v6n5x3k8r" });
    refused(&tried(owner, "serviceRegister", nowhere).await, "NOT_FOUND", "input.organizationId");
}

#[tokio::test]
async fn dependencies_go_round_in_no_circle() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let a = register(owner, json!({ "name": "a" })).await;
    let b = register(owner, json!({ "name": "b", "dependsOn": [a] })).await;
    let c = register(owner, json!({ "name": "c", "dependsOn": [a, b] })).await;
    for dependencies in [json!([a]), json!([b]), json!([c])] {
        let input = json!({ "id": a, "dependsOn": dependencies });
        refused(&tried(owner, "serviceUpdate", input).await, "INVALID", "input.dependsOn");
    }
    // One that is gone stands in nobody's way.
    tried(owner, "serviceDeregister", json!({ "id": b })).await.ok();
    assert_eq!(service(owner, &c).await["dependsOn"], json!([{ "id": a, "name": "a" }]));
    // Two that close a circle at the same time: one of them is refused.
    for round in 0..5 {
        let x = register(owner, json!({ "name": format!("x{round}") })).await;
        let y = register(owner, json!({ "name": format!("y{round}") })).await;
        let depend =
            |id: &str, on: &str| tried(owner, "serviceUpdate", json!({ "id": id, "dependsOn": [on] }));
        let (one, other) = tokio::join!(depend(&x, &y), depend(&y, &x));
        let done = [one, other].iter().filter(|answer| !answer.at("/receipt").is_null()).count();
        assert!(done <= 1, "both were done");
    }
}

#[tokio::test]
async fn a_dry_run_leaves_nothing() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let seen = gateway.recorded().await;
    let dry = owner.with_header("x-dry-run", "true");
    let probe = json!({ "tcp": { "host": "127.0.0.1", "port": 9 } });
    let answer = tried(&dry, "serviceRegister", json!({ "name": "core", "probe": probe })).await.ok();
    assert_eq!(*answer.at("/receipt/isDryRun"), true);
    gateway.run_until_idle().await;
    assert_eq!(gateway.recorded().await, seen);
    assert_eq!(service(owner, answer.text("/service/id")).await, Value::Null);
}
