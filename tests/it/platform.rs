//! Any object by its id, and how the gateway itself is doing.

use chrono::TimeDelta;
use entity::{admin_user::AdminLevel, dead_letter, reactor_cursor};
use opsgate::kernel::actor::{ADMIN_USER, ORGANIZATION};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Database, TestGateway};
use uuid::Uuid;

#[tokio::test]
async fn node_finds_an_object_of_any_type() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let organization = ORGANIZATION.encode(gateway.organization("acme").await);
    let input = json!({ "title": "down", "severity": "HIGH" });
    let created = owner.mutate("incidentCreate", input, "incident { id reporter { id } }").await.ok();
    let admin = created.text("/incident/reporter/id");
    let read = owner
        .run_with(
            "query($id: ID!) { adminUser(id: $id) { user { id } } events(first: 1) { nodes { id } } }",
            json!({ "id": admin }),
        )
        .await
        .ok();
    let ids = [
        (admin, "AdminUser"),
        (created.text("/receipt/auditLogId"), "AuditLog"),
        (created.text("/incident/id"), "Incident"),
        (&organization, "Organization"),
        (read.text("/events/nodes/0/id"), "PublishedEvent"),
        (read.text("/adminUser/user/id"), "User"),
    ];
    for (id, ty) in ids {
        let node = owner
            .run_with("query($id: ID!) { node(id: $id) { __typename id } }", json!({ "id": id }))
            .await
            .ok();
        assert_eq!(node.at("/node"), &json!({ "__typename": ty, "id": id }));
    }
    // All of them at once, in the order of the ids.
    let wanted: Vec<&str> = ids.iter().rev().map(|(id, _)| *id).collect();
    let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Incident { title } } }";
    let nodes = owner.run_with(document, json!({ "ids": wanted })).await.ok();
    let found: Vec<_> =
        nodes.at("/nodes").as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert_eq!(found, wanted);
    assert_eq!(nodes.at("/nodes/3/title"), "down");
}

#[tokio::test]
async fn every_type_with_an_id_is_a_node_and_the_interface_carries_nothing_else() {
    let gateway = TestGateway::start().await;
    let answer = gateway
        .owner()
        .run("{ __schema { types { name kind fields { name } interfaces { name } } } }")
        .await
        .ok();
    let mut nodes = 0;
    for ty in answer.at("/__schema/types").as_array().unwrap() {
        let names: Vec<_> =
            ty["fields"].as_array().into_iter().flatten().map(|field| &field["name"]).collect();
        if ty["kind"] == "INTERFACE" {
            assert_eq!((&ty["name"], names), (&json!("Node"), vec![&json!("id")]));
            continue;
        }
        // What stands for a row by itself has both.
        let is_stored = names.contains(&&json!("id")) && names.contains(&&json!("uuid"));
        let is_node =
            ty["interfaces"].as_array().into_iter().flatten().any(|interface| interface["name"] == "Node");
        assert_eq!(is_stored, is_node, "{}", ty["name"]);
        nodes += usize::from(is_node);
    }
    assert!(nodes >= 6);
}

#[tokio::test]
async fn nodes_are_null_where_they_are_not_or_are_not_shown() {
    let gateway = TestGateway::start().await;
    let (ours, theirs) = (gateway.organization("ours").await, gateway.organization("theirs").await);
    let partner = gateway.partner(&["incidents.*"], ours).await;
    let stranger = gateway.partner(&["incidents.*"], theirs).await;
    let input = json!({ "title": "down", "severity": "HIGH" });
    let created = partner.mutate("incidentCreate", input, "incident { id }").await.ok();
    let incident = created.text("/incident/id");
    let entry = created.text("/receipt/auditLogId");
    let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let nodes =
        async |client: &tests::Client, ids: &[&str]| client.run_with(document, json!({ "ids": ids })).await;

    let unknown = "inc_01h455vb4pex5vsknk084sn02q";
    let found = nodes(&partner, &[unknown, incident, unknown]).await.ok();
    assert_eq!(found.at("/nodes"), &json!([null, { "id": incident }, null]));
    assert_eq!(nodes(&stranger, &[incident]).await.ok().at("/nodes"), &json!([null]));

    // Each that is refused or wrong is null by itself, and says why.
    let some = nodes(&partner, &[entry, incident, "nonsense", "zzz_01h455vb4pex5vsknk084sn02q"]).await;
    assert_eq!(some.at("/nodes"), &json!([null, { "id": incident }, null, null]));
    let mut errors: Vec<_> = some.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (&error["path"], &error["extensions"]["code"]))
        .collect();
    errors.sort_by_key(|(path, _)| path.to_string());
    assert_eq!(
        errors,
        [
            (&json!(["nodes", 0]), &json!("FORBIDDEN")),
            (&json!(["nodes", 2]), &json!("BAD_USER_INPUT")),
            (&json!(["nodes", 3]), &json!("BAD_USER_INPUT")),
        ]
    );
    assert_eq!(nodes(&partner, &[incident; 101]).await.codes(), ["BAD_USER_INPUT"]);
    assert_eq!(nodes(&gateway.nobody(), &[incident]).await.codes(), ["UNAUTHENTICATED"]);
    // A plain UUID doesn't say of what type it is.
    let plain = partner.run(&format!("{{ node(id: \"{ours}\") {{ id }} }}")).await;
    assert_eq!(plain.codes(), ["BAD_USER_INPUT"]);
}

#[tokio::test]
async fn many_nodes_of_a_type_are_one_statement() {
    let gateway = TestGateway::start().await;
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(ORGANIZATION.encode(gateway.organization(&format!("org-{n}")).await));
        ids.push(ADMIN_USER.encode(gateway.account(&format!("Ada {n}"), AdminLevel::Support).await));
    }
    for some in [&ids[..2], &ids] {
        let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let found = gateway.owner().run_with(document, json!({ "ids": some })).await.ok();
        assert!(found.at("/nodes").as_array().unwrap().iter().all(Value::is_object));
        let cost = gateway.cost(gateway.owner(), document, json!({ "ids": some })).await;
        assert_eq!(cost, 2, "of {}", some.len());
    }
}

#[tokio::test]
async fn the_status_says_how_the_gateway_is_doing() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    gateway.advance(TimeDelta::minutes(3));
    let input = json!({ "title": "down", "severity": "HIGH" });
    owner.mutate("incidentCreate", input, "incident { id }").await.ok();
    let now = gateway.kernel().clock().now();
    gateway.run_until_idle().await;
    // A reactor that is behind, and has set an event aside.
    let reactor = |name: &str, position, failures| reactor_cursor::Model {
        name: name.to_owned(),
        position,
        failing_position: (failures > 0).then_some(position + 1),
        failures,
        updated_at: now,
    };
    gateway.plant(reactor("test.behind", 1, 2)).await;
    gateway.plant(reactor("test.there", 4, 0)).await;
    for position in [1, 2] {
        let letter = dead_letter::Model {
            id: Uuid::now_v7(),
            reactor: "test.there".to_owned(),
            position,
            event_id: Uuid::now_v7(),
            error: "it failed".to_owned(),
            created_at: now,
        };
        gateway.plant(letter).await;
    }
    let mut socket = owner.socket().await;
    socket.subscribe("1", "subscription { eventPublished { id } }", json!({})).await;
    socket.subscribe("2", "{ viewer { permissions } }", json!({})).await;
    socket.payload("2").await;

    let support = gateway.account("Ada", AdminLevel::Support).await;
    let answer = gateway
        .signed_in(support)
        .run(
            "{ gatewayStatus { version environment startedAt uptimeSeconds database { kind isReachable latencyMs } rights { \
             isFresh epoch } audit { leaves } sequencer { position waiting lagMs } tailer { position lag } subscriptions \
             queue { due running failed } reactors { name position lag failures parked } } }",
        )
        .await
        .ok();
    let status = answer.at("/gatewayStatus");
    assert_eq!(status["environment"], gateway.kernel().environment());
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["startedAt"], "2026-11-21T03:00:00.000000Z");
    assert_eq!(status["uptimeSeconds"], 180);
    let kind = if Database::is_postgres() { "POSTGRESQL" } else { "SQLITE" };
    assert_eq!(
        (&status["database"]["kind"], &status["database"]["isReachable"]),
        (&json!(kind), &json!(true))
    );
    assert!(status["database"]["latencyMs"].as_f64().unwrap() < 10_000.0);
    assert_eq!(status["rights"]["isFresh"], true);
    assert!(status["rights"]["epoch"].as_i64().unwrap() > 1);
    // The owner, their invitation and their token, the incident.
    assert_eq!(status["audit"], json!({ "leaves": 4 }));
    assert_eq!(status["sequencer"], json!({ "position": 4, "waiting": 0, "lagMs": 0 }));
    assert_eq!(status["tailer"], json!({ "position": 4, "lag": 0 }));
    assert_eq!(status["subscriptions"], 1);
    assert_eq!(status["queue"], json!({ "due": 0, "running": 0, "failed": 0 }));
    let reactors: Vec<_> = status["reactors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["name"].as_str().unwrap().starts_with("test."))
        .collect();
    assert_eq!(
        reactors,
        [
            &json!({ "name": "test.behind", "position": 1, "lag": 3, "failures": 2, "parked": 0 }),
            &json!({ "name": "test.there", "position": 4, "lag": 0, "failures": 0, "parked": 2 }),
        ]
    );
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_null_beside_the_others() {
    let gateway = TestGateway::start().await;
    gateway.run_until_idle().await;
    gateway
        .database()
        .sql()
        .await
        .execute_unprepared("ALTER TABLE dead_letters RENAME TO gone")
        .await
        .unwrap();
    let answer = gateway.owner().run("{ gatewayStatus { reactors { name } audit { leaves } } }").await;
    assert_eq!(answer.codes(), ["INTERNAL_SERVER_ERROR"]);
    assert_eq!(answer.at("/gatewayStatus"), &json!({ "reactors": null, "audit": { "leaves": 3 } }));
    assert!(!answer.body.to_string().contains("dead_letters"));
}

#[tokio::test]
async fn the_status_takes_its_permission() {
    let gateway = TestGateway::start().await;
    let reader = gateway.with_scopes(&["incidents.*"]).await;
    let refused = reader.run("{ gatewayStatus { version } }").await;
    assert_eq!(refused.codes(), ["FORBIDDEN"]);
    assert_eq!(refused.body["errors"][0]["extensions"]["requiredPermissions"], json!(["system.health.view"]));
    assert_eq!(gateway.nobody().run("{ gatewayStatus { version } }").await.codes(), ["UNAUTHENTICATED"]);
}
