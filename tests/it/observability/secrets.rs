//! A broad walk with everything turned up; and not a word of what people wrote, showed or are called is in the log, the
//! metrics or the spans.

use base64::{Engine, prelude::BASE64_STANDARD};
use entity::user::{self, UserStatus};
use jsonwebtoken::Algorithm;
use opsgate::kernel::clock::Clock;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tests::{Client, Collector, Database, Message, Process, Program, Socket, Target, Wire, sign, until};
use uuid::Uuid;

use super::opsgate;

/// What every secret of the walk begins with: no other text has it.
const MARK: &str = "zq7d1f";

/// A secret, or something that somebody wrote.
fn marked(what: &str) -> String {
    format!("{MARK}{what}")
}

/// The gateway, as loud as it gets.
fn loud(database: &Database, collector: &Collector) -> Program {
    let endpoint = format!("http://collector:{}@{}", marked("otlp"), collector.address());
    let url = database.url().replace("postgres@", &format!("postgres:{}@", marked("database")));
    opsgate(database)
        .with("log", "trace")
        .with("log_format", "json")
        .with("otlp_endpoint", &endpoint)
        .with("database_url", &url)
        .with("jwt_secret", &marked("jwt").repeat(8))
}

/// Somebody whom the database knows.
async fn plant_somebody(database: &Database) {
    let now = Clock::system().now();
    let row = user::Model {
        id: Uuid::now_v7(),
        external_id: Some(marked("external")),
        email: format!("{}@example.com", marked("email")),
        name: marked("name"),
        status: UserStatus::Active,
        verified_at: None,
        suspended_until: None,
        last_active_at: None,
        search: String::new(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let db = database.sql().await;
    user::Entity::insert(row.into_active_model()).exec_without_returning(db).await.unwrap();
}

/// Whoever shows something that isn't valid.
async fn knock(gateway: &Process) {
    let wrong = format!("opsk_{}", marked("token"));
    let basic = format!("Basic {}", BASE64_STANDARD.encode(marked("basic")));
    let part = |text: String| BASE64_STANDARD.encode(text).replace('=', "");
    let jwt = [
        part(r#"{"alg":"HS256"}"#.to_owned()),
        part(json!({ "sub": marked("sub"), "exp": 1 }).to_string()),
        marked("signature"),
    ];
    for credential in [wrong, jwt.join("."), marked("nonsense")] {
        let answer = gateway.client(&credential).run("{ eventCursor }").await;
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
        let mut socket = Socket::connect(gateway.address()).await;
        let payload = json!({ "authorization": format!("Bearer {credential}"), "more": marked("init") });
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closed().await.0, 4403);
    }
    let mut wire = Wire::connect(gateway.address()).await;
    let headers =
        [("Authorization", &*basic), ("Content-Type", "application/json"), ("Cookie", &marked("cookie"))];
    assert_eq!(
        wire.request("POST /graphql", &headers, b"{}").await.reply().await.status,
        StatusCode::UNAUTHORIZED
    );
}

/// Requests that can't be executed, with something written in each of their places.
async fn mistakes(gateway: &Process, owner: &Client) {
    let word = marked("word");
    for document in [
        format!("{{ {word} }}"),
        format!("{{ {word}"),
        format!("query {word} {{ incident(id: \"{word}\") {{ id }} }}"),
        format!("{{ {word}: incidents(first: 1000) {{ nodes {{ id }} }} }}"),
        format!("{{ incidents(after: \"{word}\") {{ nodes {{ id }} }} }}"),
        format!("{{ incidents(filter: {{ createdAt: {{ gte: \"{word}\" }} }}) {{ nodes {{ id }} }} }}"),
        format!("{{ incidents(filter: {{ severity: {{ eq: {word} }} }}) {{ nodes {{ id }} }} }}"),
        format!("subscription {{ incidentChanged(after: \"{word}\") {{ cursor }} }}"),
    ] {
        let answer = owner.run(&document).await;
        assert!(answer.body["errors"].is_array() || answer.at("/incident").is_null(), "{}", answer.body);
    }
    owner.run_with("query($v: Int) { incidents(first: $v) { nodes { id } } }", json!({ "v": word })).await;
    owner.send(json!({ "query": 1, word.clone(): word })).await;
    let path = format!("GET /graphql?query={{eventCursor}}&variables={word}&operationName={word}");
    for (line, body) in [(&*path, ""), ("POST /graphql", &*word), ("POST /graphql", &*format!("{{\"{word}"))]
    {
        let mut wire = Wire::connect(gateway.address()).await;
        let headers = [("Content-Type", "application/json"), ("User-Agent", &*marked("agent"))];
        assert!(wire.request(line, &headers, body.as_bytes()).await.reply().await.status.is_client_error());
    }
    let mut socket = owner.socket().await;
    socket.subscribe(&word, &format!("subscription {{ {word} }}"), json!({ word.clone(): word })).await;
    assert!(matches!(socket.next().await, Message::Json(message) if message["type"] == "error"));
    socket.send(json!({ "type": word })).await;
    assert_eq!(socket.closed().await.0, 4400);
    let stream = owner
        .to_streams(Method::POST, "")
        .header("last-event-id", &word)
        .header("accept", "text/event-stream");
    assert_eq!(
        stream.json(&json!({ "query": "{ eventCursor }" })).send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    let stream =
        owner.to_streams(Method::GET, &format!("?token={word}")).header("accept", "text/event-stream");
    assert_eq!(stream.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

/// What people do all day, and what comes of it.
async fn a_day(owner: &Client, target: &Target) {
    let mut socket = owner.socket().await;
    let filter = json!({ "filter": { "affectedService": { "contains": marked("affected") } } });
    let document =
        "subscription($filter: IncidentFilter) { incidentChanged(filter: $filter) { incident { title } } }";
    socket.subscribe("1", document, filter).await;
    let token = owner.reserve().await;
    let mut stream = owner.open_reserved(&token).await;
    owner.start(&token, "1", "subscription { eventPublished { type payload } }", None).await;

    let keyed = owner.with_header("idempotency-key", &marked("key"));
    let input = json!({ "title": marked("title"), "description": marked("description"), "severity": "HIGH",
                        "affectedServices": [{ "name": marked("affected") }] });
    let incident = keyed.mutate("incidentCreate", input.clone(), "incident { id title }").await.ok();
    keyed.mutate("incidentCreate", input, "incident { id }").await.ok();
    let again =
        keyed.mutate("incidentCreate", json!({ "title": marked("other"), "severity": "LOW" }), "").await;
    assert_eq!(again.user_error_codes(), ["CONFLICT"]);
    let id = incident.text("/incident/id").to_owned();
    socket.payload("1").await;
    stream.next().await;

    for (mutation, input) in [
        ("incidentNoteAdd", json!({ "id": id, "body": marked("note") })),
        ("incidentAcknowledge", json!({ "id": id, "note": marked("acknowledged") })),
        ("incidentUpdate", json!({ "id": id, "title": marked("title2") })),
        (
            "incidentResolve",
            json!({ "id": id, "rootCause": marked("cause"), "resolution": marked("resolution") }),
        ),
        ("incidentReopen", json!({ "id": id, "reason": marked("reason") })),
        (
            "alertTrigger",
            json!({ "source": marked("source"), "dedupKey": marked("dedup"), "severity": "LOW",
                                 "title": marked("alert"), "labels": { "who": marked("label") } }),
        ),
    ] {
        owner.mutate(mutation, input, "").await.ok();
    }
    owner
        .with_header("x-dry-run", "true")
        .mutate("incidentNoteAdd", json!({ "id": id, "body": marked("dry") }), "")
        .await
        .ok();
    let stale = json!({ "id": id, "title": marked("stale"), "expectedVersion": 1 });
    assert_eq!(owner.mutate("incidentUpdate", stale, "").await.user_error_codes(), ["CONFLICT"]);

    let url = format!(
        "{}/{}?region={}",
        target.http()["http"]["url"].as_str().unwrap(),
        marked("path"),
        marked("query")
    );
    target.answer(|answers| answers.body = marked("body"));
    let probe = json!({ "http": { "url": url, "bodyContains": marked("expected"),
                                  "headers": [{ "name": "x-tag", "value": marked("header") }] } });
    let service = json!({ "name": marked("service"), "description": marked("purpose"), "probe": probe });
    let service = owner.mutate("serviceRegister", service, "service { id }").await.ok();
    let gone = json!({ "http": { "url": format!("http://{}:{}@127.0.0.1:1/", marked("user"), marked("password")) } });
    let refused = owner.mutate("serviceRegister", json!({ "name": marked("gone"), "probe": gone }), "").await;
    assert!(refused.body.get("errors").is_none(), "{}", refused.body);
    owner
        .mutate("serviceProbe", json!({ "id": service.text("/service/id") }), "service { lastError }")
        .await
        .ok();

    for (document, variables) in [
        (
            "query($q: String) { users(filter: { email: { contains: $q } }) { nodes { email name } } }",
            json!({ "q": marked("email") }),
        ),
        (
            "query($q: String) { incidents(search: $q) { nodes { title timeline { nodes { body } } } } }",
            json!({ "q": marked("title") }),
        ),
        ("{ auditLogs(first: 20) { nodes { body personal { path value } } } }", json!({})),
        ("{ events(first: 20) { nodes { payload } } }", json!({})),
        ("{ adminUsers { nodes { email name } } }", json!({})),
    ] {
        owner.run_with(document, variables).await.ok();
    }
}

/// What fails on our side: the database refuses, and says what it was given.
async fn a_fault(database: &Database, owner: &Client, title: &str) {
    let db = database.sql().await;
    db.execute_unprepared("CREATE UNIQUE INDEX one_title ON incidents (title)").await.unwrap();
    let input = json!({ "title": marked(title), "severity": "LOW" });
    owner.mutate("incidentCreate", input.clone(), "").await.ok();
    let alias = marked("alias");
    let document = format!(
        "mutation($input: IncidentCreateInput!) {{ {alias}: incidentCreate(input: $input) {{ userErrors {{ code }} }} }}"
    );
    let failed = owner.run_with(&document, json!({ "input": input })).await;
    assert_eq!(failed.codes(), ["INTERNAL_SERVER_ERROR"], "{}", failed.body);
    assert_eq!(failed.body["errors"][0]["path"], json!([alias]));
    db.execute_unprepared("DROP INDEX one_title").await.unwrap();
}

#[tokio::test]
async fn nobodys_words_are_in_the_log_the_metrics_or_the_spans() {
    let (database, collector, target) =
        (Database::create().await, Collector::start().await, Target::start().await);
    let program = loud(&database, &collector);
    plant_somebody(&database).await;
    let gateway = program.serve().await;
    let token = gateway.token().unwrap().to_owned();
    let owner = gateway.client(&token).with_header("user-agent", &marked("browser"));

    knock(&gateway).await;
    mistakes(&gateway, &owner).await;
    a_day(&owner, &target).await;
    a_fault(&database, &owner, "twice").await;
    let arguments = ["token", "create", "--name", &marked("script"), "--permission", "directory.read"];
    let created = program.run(&arguments).await;
    let script = gateway.client(created.stdout.trim());
    until("the token is known", async || script.run("{ viewer { permissions } }").await.codes().is_empty())
        .await;
    assert_eq!(script.run("{ incidents { nodes { id } } }").await.codes(), ["FORBIDDEN"]);
    let expired = json!({ "sub": marked("somebody"), "exp": 1 });
    let expired = sign(marked("jwt").repeat(8).as_bytes(), Algorithm::HS256, &expired);
    assert_eq!(gateway.client(&expired).run("{ eventCursor }").await.codes(), ["UNAUTHENTICATED"]);

    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let last = owner.with_header("traceparent", &format!("00-{trace_id}-00f067aa0ba902b7-01"));
    last.run("{ incidents { nodes { title } } }").await.ok();
    collector.trace(trace_id, "query").await;
    // A collector may miss a batch that the process couldn't get rid of; there must be something to look through.
    let told = || ["INSERT INTO", "INTERNAL_SERVER_ERROR"].iter().all(|text| collector.holds(text));
    for title in ["twice more", "and more", "and again"] {
        if !told() {
            a_fault(&database, &owner, title).await;
            let count = collector.spans().len();
            until("more spans are exported", async || told() || collector.spans().len() > count).await;
        }
    }
    let page = format!("http://{}/metrics", gateway.metrics_address());
    let metrics = reqwest::get(page).await.unwrap().text().await.unwrap();
    let log = gateway.log_path().to_owned();
    gateway.terminate().await;
    assert!(gateway.ended().await.0.success());
    let log = std::fs::read_to_string(log).unwrap() + &created.stderr;

    // There is something to look through.
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
    for told in ["internal error", "a JWT was refused", "INSERT INTO", "a credential was refused"] {
        assert!(log.contains(told), "the log doesn't tell: {told}");
    }
    assert!(
        metrics.contains("code=\"INTERNAL_SERVER_ERROR\"") && metrics.contains("code=\"FORBIDDEN\""),
        "{metrics}"
    );
    let exporter: Vec<_> = log.lines().filter(|line| line.contains("\"opentelemetry")).collect();
    assert!(told(), "{} spans tell nothing of it; the exporter says {exporter:#?}", collector.spans().len());

    for secret in [MARK, &*token, created.stdout.trim(), &*BASE64_STANDARD.encode(marked("basic"))] {
        assert!(!collector.holds(secret), "a span holds {secret}");
        let secret = secret.to_lowercase();
        for (what, text) in [("log", &log), ("metrics", &metrics)] {
            let found = text.lines().find(|line| line.to_lowercase().contains(&secret));
            assert_eq!(found, None, "the {what} holds {secret}");
        }
    }
}
