//! Spans by OTLP: a request is part of its caller's trace, with its steps and statements, and whoever is asked for it goes
//! on with the trace.

use serde_json::json;
use tests::{Client, Collector, Database, Process, Span, Target, until};

use super::opsgate;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A gateway that exports its spans.
async fn exporting(collector: &Collector, database: &Database) -> Process {
    let endpoint = format!("http://{}", collector.address());
    opsgate(database).with("otlp_endpoint", &endpoint).with("environment", "test").serve().await
}

/// Its owner.
fn owner(gateway: &Process) -> Client {
    gateway.client(gateway.token().unwrap())
}

/// A caller as part of the trace, which is exported.
fn traced(client: &Client) -> Client {
    client.with_header("traceparent", &parent(TRACE, "01")).with_header("tracestate", "vendor=t61rcWkgMzE")
}

fn parent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CALLER}-{flags}")
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let span = found.next().unwrap_or_else(|| panic!("no {name} among {spans:#?}"));
    assert!(found.next().is_none(), "{name} twice among {spans:#?}");
    span
}

#[tokio::test]
async fn a_mutation_is_part_of_its_callers_trace_with_its_steps_and_statements() {
    let (collector, database) = (Collector::start().await, Database::create().await);
    let gateway = exporting(&collector, &database).await;
    let owner = traced(&owner(&gateway));
    let input = json!({ "title": "no pepper", "severity": "HIGH" });
    owner.mutate("incidentCreate", input, "incident { id }").await.ok();
    let spans = collector.trace(TRACE, "mutation").await;

    let request = named(&spans, "mutation");
    assert_eq!(request.parent_id, CALLER);
    assert!(request.attributes.contains_key("opsgate.request_id"), "{request:?}");
    assert!(!request.has_failed);
    assert_eq!(
        (&*request.resource["service.name"], &*request.resource["deployment.environment.name"]),
        ("opsgate", "test")
    );
    for step in ["admit", "execute"] {
        assert_eq!(named(&spans, step).parent_id, request.id, "{step}");
    }
    let execute = named(&spans, "execute");
    for step in ["begin", "commit"] {
        assert_eq!(named(&spans, step).parent_id, execute.id, "{step}");
    }
    let statements: Vec<_> =
        spans.iter().filter(|span| span.attributes.contains_key("db.query.text")).collect();
    let insert = statements.iter().find(|span| span.attributes["db.query.text"].contains("\"incidents\""));
    let insert = insert.unwrap_or_else(|| panic!("{statements:#?}"));
    // PostgreSQL writes it along with the record.
    let (system, name) = if Database::is_postgres() { ("postgresql", "WITH") } else { ("sqlite", "INSERT") };
    assert_eq!((&*insert.name, &insert.parent_id), (name, &execute.id));
    assert_eq!(insert.attributes["db.system.name"], system);
    assert!(insert.nanos > 0 && insert.nanos <= execute.nanos, "{insert:?}");
}

#[tokio::test]
async fn a_refused_request_says_why() {
    let (collector, database) = (Collector::start().await, Database::create().await);
    let gateway = exporting(&collector, &database).await;
    let answer = traced(&gateway.client("opsk_nonsense")).run("{ eventCursor }").await;
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
    let spans = collector.trace(TRACE, "request").await;
    let request = named(&spans, "request");
    assert_eq!((request.has_failed, &*request.attributes["error.type"]), (true, "UNAUTHENTICATED"));
    let admit = named(&spans, "admit");
    assert!(request.nanos >= admit.nanos, "{spans:#?}");
}

#[tokio::test]
async fn an_operation_over_a_socket_has_a_trace_of_its_own() {
    let (collector, database) = (Collector::start().await, Database::create().await);
    let gateway = exporting(&collector, &database).await;
    let owner = traced(&owner(&gateway));
    let mut socket = owner.socket().await;
    let extensions = json!({ "traceparent": parent(TRACE, "01") });
    let payload = json!({ "query": "{ incidents { nodes { id } } }", "extensions": extensions });
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    socket.payload("1").await;
    let spans = collector.trace(TRACE, "query").await;
    assert_eq!(named(&spans, "query").parent_id, CALLER);
    assert!(spans.iter().any(|span| span.name == "SELECT"), "{spans:#?}");
}

#[tokio::test]
async fn whoever_is_asked_for_a_request_is_told_its_trace() {
    let (collector, database) = (Collector::start().await, Database::create().await);
    let gateway = exporting(&collector, &database).await;
    let owner = traced(&owner(&gateway));
    let target = Target::start().await;
    let input = json!({ "name": "core", "probe": target.http(), "intervalSeconds": 3600 });
    let registered = owner.mutate("serviceRegister", input, "service { id }").await.ok();
    until("the task has probed", async || target.heads().len() == 1).await;
    owner.mutate("serviceProbe", json!({ "id": registered.text("/service/id") }), "").await.ok();
    let heads = target.heads();
    let header = |head: &str, name: &str| -> Option<String> {
        let of = |line: &str| {
            line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        head.lines().find_map(of)
    };
    // The task's probe is a trace of its own.
    let own = header(&heads[0], "traceparent").unwrap();
    assert!(!own.contains(TRACE), "{own}");
    let asked = header(&heads[1], "traceparent").unwrap();
    let parts: Vec<_> = asked.split('-').collect();
    let [version, trace_id, parent_id, flags] = parts[..] else { panic!("{asked}") };
    assert_eq!((version, trace_id, flags), ("00", TRACE, "01"));
    assert_eq!(header(&heads[1], "tracestate").as_deref(), Some("vendor=t61rcWkgMzE"));
    until("that span is exported", async || collector.spans().iter().any(|span| span.id == parent_id)).await;
}

#[tokio::test]
async fn who_decides_against_a_trace_gets_none() {
    let (collector, database) = (Collector::start().await, Database::create().await);
    let gateway = exporting(&collector, &database).await;
    let (owner, other) = (owner(&gateway), "5bf92f3577b34da6a3ce929d0e0e4736");
    owner.with_header("traceparent", &parent(other, "00")).run("{ eventCursor }").await.ok();
    traced(&owner).run("{ eventCursor }").await.ok();
    collector.trace(TRACE, "query").await;
    assert!(collector.spans().iter().all(|span| span.trace_id != other), "{:#?}", collector.spans());
}

#[tokio::test]
async fn what_is_left_is_exported_at_the_stop() {
    let (collector, database) = (Collector::start().await, Database::create().await);
    let gateway = exporting(&collector, &database).await;
    let owner = traced(&owner(&gateway));
    owner.run("{ eventCursor }").await.ok();
    gateway.terminate().await;
    assert!(gateway.ended().await.0.success());
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name == "query" && span.trace_id == TRACE));
    // The first start wrote something, for nobody: that is no trace.
    let alone = |span: &&Span| span.parent_id.is_empty() && !["task", "reaction"].contains(&&*span.name);
    assert_eq!(spans.iter().find(alone).map(|span| &span.name), None);
}
