//! The demo as whoever starts it meets it: a process, what it prints, what each token shows, and that something happens.

use sea_orm::Database as SeaDatabase;
use serde_json::json;
use tests::{Client, Database, Ledger, Process};

use super::{client, program};

async fn permissions(client: &Client) -> Vec<String> {
    let viewer = client.run("{ viewer { permissions } }").await.ok();
    serde_json::from_value(viewer.at("/viewer/permissions").clone()).unwrap()
}

#[tokio::test]
async fn a_newcomer_sees_a_platform_at_work() {
    let database = Database::create().await;
    let process = program(&database).serve_with(&["--demo", "--demo-days", "3", "--demo-speed", "20"]).await;
    assert!(process.said().contains("It is ready, after "), "{}", process.said());
    let owner = client(&process, "super admin");

    something_happens(&owner).await;
    tokens_show_what_they_say(&process).await;
    the_page_is_full(&owner).await;

    process.terminate().await;
    let (status, said) = process.ended().await;
    assert!(status.success() && said.is_empty(), "{status} {said}");
    // Positions, leaves, hashes and versions, of what was loaded and of what came since.
    let own = format!("sqlite:{}", database.dir.path().join("demo/opsgate.db").display());
    let url = if Database::is_postgres() { database.url() } else { &own };
    Ledger::read(&SeaDatabase::connect(url).await.unwrap()).await;
}

/// An incident opens, somebody is on it, and it ends, without the subscriber's doing.
async fn something_happens(owner: &Client) {
    let mut socket = owner.socket().await;
    let live = "subscription { incidentChanged { type actor { name } incident { id title status } } }";
    socket.subscribe("live", live, json!({})).await;
    let mut created = None;
    loop {
        let heard = socket.payload("live").await;
        let change = &heard["data"]["incidentChanged"];
        let (ty, incident) = (change["type"].as_str().unwrap(), &change["incident"]);
        match &created {
            None if ty == "monitoring.incident.created" => created = Some(incident["id"].clone()),
            Some(id) if *id == incident["id"] && ty == "monitoring.incident.resolved" => break,
            _ => {}
        }
    }
}

async fn tokens_show_what_they_say(process: &Process) {
    let of = |role: &str| client(process, role);
    let (owner, on_call, support, partner) = (of("super admin"), of("on call"), of("support"), of("partner"));
    assert!(permissions(&owner).await.contains(&"audit.read_personal".to_owned()));
    let has = async |client: &Client, key: &str| permissions(client).await.contains(&key.to_owned());
    assert!(has(&on_call, "incidents.manage").await && !has(&on_call, "audit.read_personal").await);
    assert!(has(&support, "incidents.acknowledge").await && !has(&support, "incidents.manage").await);
    assert_eq!(permissions(&partner).await, ["events.read", "incidents.read", "monitoring.read"]);

    let own = partner.run("{ incidents(first: 50) { nodes { number } } }").await;
    let own = own.body["data"]["incidents"]["nodes"].as_array().cloned().unwrap_or_default();
    assert!(!own.is_empty(), "{own:?}");
    let all = owner.run("{ incidents(first: 100) { nodes { number } } }").await.ok();
    assert!(all.at("/incidents/nodes").as_array().unwrap().len() > own.len());
    let others = partner.run("{ services(first: 10) { nodes { name } } }").await.ok();
    assert_eq!(*others.at("/services/nodes"), json!([]), "the platform's own services are no partner's");
    assert_eq!(partner.run("{ auditLogs(first: 1) { nodes { id } } }").await.codes(), ["FORBIDDEN"]);
    assert_eq!(support.run("{ auditLogs(first: 1) { nodes { id } } }").await.codes(), ["FORBIDDEN"]);
}

async fn the_page_is_full(owner: &Client) {
    let answer = owner
        .run(
            "{ services(first: 10) { nodes { name state uptime30d: uptime(range: LAST_30_DAYS) } }
               urgent: incidents(first: 10, filter: { severity: { in: [HIGH, CRITICAL] }, status: { notIn: [RESOLVED, CLOSED] } })
                 { nodes { title assignee { name } timeline(first: 5) { nodes { body } } } }
               users(first: 1) { totalCount }
               unwell: services(first: 10, filter: { state: { ne: HEALTHY } }) { nodes { name } }
               auditLogs(first: 100) { nodes { eventType } } }",
        )
        .await
        .ok();
    let services = answer.at("/services/nodes").as_array().unwrap();
    assert_eq!(services.len(), 6, "{services:?}");
    assert!(services.iter().all(|service| !service["uptime30d"].is_null()), "{services:?}");
    let count = |pointer: &str| answer.at(pointer).as_array().map_or(0, Vec::len);
    assert!(count("/urgent/nodes") >= 2, "{}", answer.body);
    assert!(count("/unwell/nodes") >= 1, "films are slow");
    assert_eq!(count("/auditLogs/nodes"), 100);
    assert!(answer.at("/users/totalCount").as_i64() > Some(1_000), "{}", answer.at("/users"));
}
