//! Lists of services and alerts.

use serde_json::{Value, json};
use tests::{Client, TestGateway};

use super::{register, tried_alert};

async fn names(client: &Client, arguments: &str) -> Vec<String> {
    let answer = client.run(&format!("{{ services({arguments}) {{ nodes {{ name }} }} }}")).await.ok();
    let nodes = answer.at("/services/nodes").as_array().unwrap().clone();
    nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

async fn keys(client: &Client, arguments: &str) -> Vec<String> {
    let answer = client.run(&format!("{{ alerts({arguments}) {{ nodes {{ dedupKey }} }} }}")).await.ok();
    let nodes = answer.at("/alerts/nodes").as_array().unwrap().clone();
    nodes.iter().map(|node| node["dedupKey"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn services_are_filtered_sorted_and_searched() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    register(owner, json!({ "name": "b", "tier": 2, "owner": "Team Blue" })).await;
    register(owner, json!({ "name": "a", "tier": 4, "description": "What comes first" })).await;
    let down = json!({ "tcp": { "host": "127.0.0.1", "port": 1 } });
    let input = json!({ "name": "c", "tier": 1, "probe": down, "failuresToDown": 1 });
    register(owner, input).await;
    gateway.run_until_idle().await;
    for (arguments, expected) in [
        ("first: 9", &["c", "a", "b"][..]),
        ("orderBy: { field: NAME, direction: ASC }", &["a", "b", "c"]),
        ("orderBy: { field: TIER, direction: ASC }", &["c", "b", "a"]),
        ("filter: { state: { eq: DOWN } }", &["c"]),
        ("filter: { state: { in: [UNKNOWN, HEALTHY] } }", &["a", "b"]),
        ("filter: { state: { ne: DOWN } }", &["a", "b"]),
        ("filter: { tier: { lte: 2 }, name: { ne: \"c\" } }", &["b"]),
        ("filter: { owner: { isNull: true } }", &["c", "a"]),
        ("filter: { maintenanceUntil: { isNull: false } }", &[]),
        ("search: \"blue\"", &["b"]),
        ("search: \"FIRST\"", &["a"]),
    ] {
        assert_eq!(names(owner, arguments).await, expected, "{arguments}");
    }
    let counted = owner.run("{ services(first: 1) { totalCount pageInfo { hasNextPage } } }").await.ok();
    assert_eq!(*counted.at("/services"), json!({ "totalCount": 3, "pageInfo": { "hasNextPage": true } }));
}

#[tokio::test]
async fn alerts_are_filtered_sorted_and_searched() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let core = register(owner, json!({ "name": "core" })).await;
    let raise = async |key: &str, severity: &str, service: Value| {
        gateway.advance(chrono::TimeDelta::seconds(1));
        let input = json!({
            "source": "s", "dedupKey": key, "severity": severity, "title": format!("title of {key}"),
            "serviceId": service,
        });
        tried_alert(owner, "alertTrigger", input).await.ok().text("/alert/id").to_owned()
    };
    let a = raise("a", "HIGH", json!(core)).await;
    let b = raise("b", "INFO", Value::Null).await;
    raise("c", "CRITICAL", Value::Null).await;
    raise("a", "LOW", Value::Null).await;
    tried_alert(owner, "alertResolve", json!({ "id": b })).await.ok();
    tried_alert(owner, "alertAcknowledge", json!({ "id": a })).await.ok();
    for (arguments, expected) in [
        ("first: 9".to_owned(), &["c", "b", "a"][..]),
        ("orderBy: { field: LAST_SEEN_AT }".to_owned(), &["a", "c", "b"]),
        ("orderBy: { field: SEVERITY }".to_owned(), &["c", "a", "b"]),
        ("orderBy: { field: CREATED_AT, direction: ASC }, first: 2".to_owned(), &["a", "b"]),
        ("filter: { status: { ne: RESOLVED } }".to_owned(), &["c", "a"]),
        ("filter: { status: { eq: ACKNOWLEDGED }, severity: { eq: HIGH } }".to_owned(), &["a"]),
        ("filter: { severity: { in: [INFO, CRITICAL] } }".to_owned(), &["c", "b"]),
        (format!("filter: {{ serviceId: {{ eq: \"{core}\" }} }}"), &["a"]),
        ("filter: { serviceId: { isNull: true } }".to_owned(), &["c", "b"]),
        ("filter: { source: { eq: \"other\" } }".to_owned(), &[]),
        ("filter: { createdAt: { gte: \"2026-11-21T03:00:03Z\" } }".to_owned(), &["c"]),
        ("search: \"TITLE b\"".to_owned(), &["b"]),
    ] {
        assert_eq!(keys(owner, &arguments).await, expected, "{arguments}");
    }
}

#[tokio::test]
async fn a_page_of_services_costs_the_same_whatever_its_length() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let document = "{ services(first: 50) { nodes { name state responseTimeMs \
                    day: uptime week: uptime(range: LAST_7_DAYS) errorRate averageResponseTimeMs \
                    dependsOn { name state } alerts(first: 3) { nodes { title service { name } } } } } }";
    let cost = async || {
        let mut least = u64::MAX;
        // Workers look for tasks meanwhile, now and then.
        for _ in 0..5 {
            let before = gateway.kernel().db().statements();
            owner.run(document).await.ok();
            least = least.min(gateway.kernel().db().statements() - before);
        }
        least
    };
    let add = async |n: usize, on: &[String]| {
        let id = register(owner, json!({ "name": format!("service {n}"), "dependsOn": on })).await;
        let input = json!({
            "source": "s", "dedupKey": n.to_string(), "severity": "LOW", "title": "t", "serviceId": id,
        });
        tried_alert(owner, "alertTrigger", input).await.ok();
        id
    };
    let mut ids = vec![add(0, &[]).await];
    ids.push(add(1, &ids[..1]).await);
    let few = cost().await;
    for n in 2..40 {
        ids.push(add(n, &ids[n - 2..]).await);
    }
    assert_eq!(cost().await, few);
    // The page, the states, two ranges of results, the alerts. What it depends on is on the page itself.
    assert_eq!(few, 5);
}
