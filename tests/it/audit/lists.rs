//! Lists of entries: filters, orders, pages, and what they cost.

use serde_json::json;
use tests::TestGateway;

use super::{entries, open, types};

#[tokio::test]
async fn every_field_filters() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let ours = gateway.organization("ours").await;
    let partner = gateway.partner(&["incidents.*"], ours).await;
    let request = owner
        .with_header("x-request-id", "req-7")
        .with_header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let id = open(&request, "down").await;
    gateway.advance(chrono::TimeDelta::hours(1));
    open(&partner, "theirs").await;
    owner.mutate("incidentAcknowledge", json!({ "id": id }), "incident { id }").await.ok();
    assert_eq!(partner.run("{ auditLogs { totalCount } }").await.codes(), ["FORBIDDEN"]);

    let actor = entries(owner, "(filter: {requestId: {eq: \"req-7\"}})", "actor { id }").await;
    let actor = actor[0]["actor"]["id"].as_str().unwrap();
    let (created, acknowledged) = ("monitoring.incident.created", "monitoring.incident.acknowledged");
    let denied = "admin.access.denied";
    for (filter, expected) in [
        ("category: {eq: INCIDENT}".to_owned(), vec![acknowledged, created, created]),
        ("category: {notIn: [INCIDENT, ADMIN]}".to_owned(), vec![denied]),
        ("severity: {eq: LOW}".to_owned(), vec![denied]),
        (
            "severity: {in: [MEDIUM], ne: HIGH}, action: {ne: \"API_TOKEN_CREATE\"}".to_owned(),
            vec![created, created],
        ),
        ("action: {eq: \"INCIDENT_ACKNOWLEDGE\"}".to_owned(), vec![acknowledged]),
        ("outcome: {eq: DENIED}".to_owned(), vec![denied]),
        ("eventType: {eq: \"monitoring.incident.created\"}".to_owned(), vec![created, created]),
        ("eventType: {startsWith: \"monitoring.\"}".to_owned(), vec![acknowledged, created, created]),
        ("eventType: {startsWith: \"MONITORING.\"}".to_owned(), vec![]),
        ("eventType: {contains: \"_ncident\"}".to_owned(), vec![]),
        ("serviceName: {ne: \"opsgate\"}".to_owned(), vec![]),
        (format!("actorId: {{eq: \"{actor}\"}}"), vec![acknowledged, created]),
        ("entityType: {eq: \"Field\"}".to_owned(), vec![denied]),
        (format!("entityId: {{eq: \"{id}\"}}"), vec![acknowledged, created]),
        (format!("organizationId: {{eq: \"{ours}\"}}, category: {{ne: ADMIN}}"), vec![denied, created]),
        ("organizationId: {isNull: false}, surface: {eq: API}".to_owned(), vec![denied, created]),
        ("organizationId: {isNull: true}, surface: {eq: API}".to_owned(), vec![acknowledged, created]),
        ("subject: {isNull: false}".to_owned(), vec!["admin.user.invited", "admin.user.created"]),
        ("requestId: {eq: \"req-7\"}".to_owned(), vec![created]),
        ("correlationId: {eq: \"0af7651916cd43dd8448eb211c80319c\"}".to_owned(), vec![created]),
        ("surface: {eq: API}".to_owned(), vec![denied, acknowledged, created, created]),
        ("occurredAt: {gte: \"2026-11-21T04:00:00Z\"}".to_owned(), vec![denied, acknowledged, created]),
        ("receivedAt: {gt: \"2026-11-21T03:00:00Z\"}".to_owned(), vec![denied, acknowledged, created]),
        ("receivedAt: {lt: \"2026-11-21T04:00:00Z\"}, category: {eq: INCIDENT}".to_owned(), vec![created]),
        ("occurredAt: {lt: \"2026-11-21T03:00:00Z\"}".to_owned(), vec![]),
        ("occurredAt: {eq: \"2026-11-21T03:00:00Z\"}, category: {eq: INCIDENT}".to_owned(), vec![created]),
        ("not: {receivedAt: {gte: \"2026-11-21T04:00:00Z\"}}, surface: {eq: API}".to_owned(), vec![created]),
        (
            "or: [{outcome: {eq: DENIED}}, {action: {eq: \"INCIDENT_ACKNOWLEDGE\"}}]".to_owned(),
            vec![denied, acknowledged],
        ),
    ] {
        assert_eq!(types(owner, &format!("{{{filter}}}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn admin_actions_are_what_people_did() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let token = gateway.with_scopes(&["incidents.*"]).await;
    open(owner, "by hand").await;
    open(&token, "by a script").await;
    let answer = owner.run("{ adminActions { nodes { action actor { kind name } } totalCount } }").await.ok();
    assert_eq!(
        answer.at("/adminActions"),
        &json!({
            "nodes": [{ "action": "INCIDENT_CREATE", "actor": { "kind": "ADMIN_USER", "name": "Owner" } }],
            "totalCount": 1,
        })
    );
    let none = owner.run("{ adminActions(filter: {category: {eq: AUTH}}) { totalCount } }").await.ok();
    assert_eq!(none.at("/adminActions/totalCount"), 0);
}

#[tokio::test]
async fn the_newest_come_first_and_either_way_is_complete() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    for n in 0..5 {
        open(owner, &format!("number {n}")).await;
        gateway.advance(chrono::TimeDelta::milliseconds(1));
    }
    let titles = async |arguments: &str| {
        let filter = "filter: {category: {eq: INCIDENT}}";
        let found = entries(owner, &format!("({filter}, {arguments})"), "eventData").await;
        found.iter().map(|entry| entry["eventData"]["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let newest = ["number 4", "number 3", "number 2", "number 1", "number 0"];
    assert_eq!(titles("first: 100").await, newest);
    assert_eq!(titles("last: 2").await, newest[3..]);
    let oldest: Vec<_> = newest.iter().rev().copied().collect();
    assert_eq!(titles("orderBy: {field: RECEIVED_AT, direction: ASC}").await, oldest);
}

#[tokio::test]
async fn wrong_arguments_are_refused() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let incident = open(owner, "down").await;
    let page = owner.run("{ adminActions(first: 1) { edges { cursor } } }").await.ok();
    let cursor = page.text("/adminActions/edges/0/cursor");
    for (document, message) in [
        (format!("{{ auditLog(id: \"{incident}\") {{ id }} }}"), "another type (inc_…)"),
        ("{ auditLog(id: \"aud_1\") { id } }".to_owned(), "isn't an id"),
        (format!("{{ auditLogs(after: \"{cursor}\") {{ totalCount nodes {{ id }} }} }}"), "another list"),
        ("{ auditLogs(after: \"x\") { nodes { id } } }".to_owned(), "isn't a cursor"),
        ("{ auditLogs(first: 101) { nodes { id } } }".to_owned(), "1 to 100"),
        ("{ auditLogs(first: 1, last: 1) { nodes { id } } }".to_owned(), "not both"),
        (
            format!("{{ auditLogs(filter: {{organizationId: {{eq: \"{incident}\"}}}}) {{ totalCount }} }}"),
            "another type",
        ),
        ("{ auditLogs(filter: {eventType: {eq: null}}) { totalCount } }".to_owned(), "null"),
        ("{ auditLogs(filter: {eventType: {eq: \"a\\u0000\"}}) { totalCount } }".to_owned(), "U+0000"),
    ] {
        let refused = owner.run(&document).await;
        assert_eq!(refused.codes(), ["BAD_USER_INPUT"], "{document}: {}", refused.body);
        let said = refused.body["errors"][0]["message"].as_str().unwrap();
        assert!(said.contains(message), "{document}: {said}");
    }
    // What isn't there is null.
    let unknown = owner.run("{ auditLog(id: \"aud_01h455vb4pex5vsknk084sn02q\") { id } }").await.ok();
    assert!(unknown.at("/auditLog").is_null());
}

#[tokio::test]
async fn a_page_costs_the_same_however_long_it_is() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let ours = gateway.organization("ours").await;
    let partner = gateway.partner(&["incidents.*"], ours).await;
    let document = "{ auditLogs(last: 100) { nodes { id actor { name } eventData leafIndex organization { slug } \
                    subjectUser { name } } pageInfo { hasPreviousPage } totalCount } }";
    open(&partner, "one").await;
    let few = gateway.cost(owner, document, json!({})).await;
    for n in 0..50 {
        open(&partner, &format!("number {n}")).await;
        open(owner, &format!("the platform's {n}")).await;
    }
    // The page, its count, the leaves, the organizations, the pseudonyms, the users.
    assert_eq!((few, gateway.cost(owner, document, json!({})).await), (6, 6));
}
