//! A stream for each operation.

use opsgate::config::Overrides;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Frame, TestGateway, until};

use super::{INCIDENTS, open_incident, title};

#[tokio::test]
async fn each_result_comes_with_the_place_to_resume_from() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let mut stream = owner.stream(INCIDENTS, json!({}), None).await;
    // It has begun when the gateway counts it; what happens from then on is delivered.
    until("it is followed", async || gateway.kernel().subscriptions() == 1).await;
    let mut places = Vec::new();
    for name in ["a", "b", "c"] {
        let place = open_incident(owner, name).await;
        let (id, result) = stream.next().await;
        assert_eq!((id.as_deref(), title(&result)), (Some(place.as_str()), name));
        assert_eq!(result["data"]["incidentChanged"]["cursor"], json!(place));
        places.push(place);
    }
    drop(stream);
    until("nobody follows any more", async || gateway.kernel().subscriptions() == 0).await;

    let mut resumed = owner.stream(INCIDENTS, json!({}), Some(&places[0])).await;
    assert_eq!(title(&resumed.next().await.1), "b");
    assert_eq!(title(&resumed.next().await.1), "c");
    // It counts before the document's own place.
    let mut resumed = owner.stream(INCIDENTS, json!({ "after": places[0] }), Some(&places[1])).await;
    assert_eq!(title(&resumed.next().await.1), "c");
    let mut resumed = owner.stream(INCIDENTS, json!({ "after": places[1] }), None).await;
    assert_eq!(title(&resumed.next().await.1), "c");
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let gateway = TestGateway::start().await;
    let request = gateway.owner().to_streams(Method::POST, "").header("accept", "text/event-stream");
    let request = request.header("last-event-id", "hunter2").json(&json!({ "query": INCIDENTS }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(!response.text().await.unwrap().contains("hunter2"));
    // Of another log, or beyond the end of this one.
    let elsewhere = "AAAAAAAAAAAAAAAAAAA";
    let mut stream = gateway.owner().stream(INCIDENTS, json!({}), Some(elsewhere)).await;
    let (id, result) = stream.next().await;
    assert_eq!((id, result.get("data")), (None, None), "{result}");
    assert_eq!(result["errors"][0]["extensions"]["code"], "CURSOR_EXPIRED");
    assert_eq!(stream.complete().await, Value::Null);
    stream.end().await;
}

#[tokio::test]
async fn queries_and_mutations_are_answered_and_over() {
    let gateway = TestGateway::start().await;
    let mut stream = gateway.owner().stream("{ __typename }", json!({}), None).await;
    let (id, answer) = stream.next().await;
    assert_eq!((id, &answer["data"]), (None, &json!({ "__typename": "Query" })));
    assert_eq!(answer["extensions"]["cost"]["requestedQueryCost"], 1);
    assert_eq!(stream.complete().await, Value::Null);
    stream.end().await;
    let create = "mutation { incidentCreate(input: {title: \"x\", severity: LOW}) { incident { title } } }";
    let mut stream = gateway.owner().stream(create, json!({}), None).await;
    assert_eq!(stream.next().await.1["data"]["incidentCreate"]["incident"]["title"], "x");
    assert_eq!(stream.complete().await, Value::Null);
    stream.end().await;
    // In a URL, which changes nothing.
    let by_url = |query: &str| {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let request = gateway.owner().to_streams(Method::GET, &format!("?query={encoded}"));
        request.header("accept", "text/event-stream").send()
    };
    assert_eq!(by_url("{ __typename }").await.unwrap().status(), StatusCode::OK);
    let refused = by_url(create).await.unwrap();
    assert_eq!(
        (refused.status(), refused.headers()["allow"].to_str().unwrap()),
        (StatusCode::METHOD_NOT_ALLOWED, "POST")
    );
    let incidents = gateway.owner().run("{ incidents { nodes { id } } }").await.ok();
    assert_eq!(incidents.at("/incidents/nodes").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_document_is_told_on_the_stream() {
    let gateway = TestGateway::start().await;
    for (document, variables, code) in [
        ("{ hunter2", json!({}), "GRAPHQL_PARSE_FAILED"),
        ("{ hunter2 }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { hunter2 }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", json!({}), "OPERATION_RESOLUTION_FAILURE"),
        (INCIDENTS, json!({ "after": ["hunter2"] }), "BAD_USER_INPUT"),
    ] {
        let mut stream = gateway.owner().stream(document, variables, None).await;
        let (_, result) = stream.next().await;
        assert_eq!(
            (&result["errors"][0]["extensions"]["code"], result.get("data")),
            (&json!(code), None),
            "{result}"
        );
        assert!(
            result["errors"][0]["extensions"]["requestId"].is_string()
                && !result.to_string().contains("hunter2")
        );
        assert_eq!(stream.complete().await, Value::Null);
        stream.end().await;
    }
    let nobody = gateway.with_scopes(&["directory.read"]).await;
    let mut stream = nobody.stream(INCIDENTS, json!({}), None).await;
    assert_eq!(stream.next().await.1["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_by_http() {
    let gateway = TestGateway::start().await;
    let to =
        |client: &tests::Client, method| client.to_streams(method, "").header("accept", "text/event-stream");
    let query = json!({ "query": "{ __typename }" });
    for (request, status, code) in [
        (to(&gateway.client("nonsense"), Method::POST).json(&query), 401, "UNAUTHENTICATED"),
        (to(gateway.owner(), Method::POST).json(&json!([])), 400, "BAD_USER_INPUT"),
        (to(gateway.owner(), Method::POST).body("{}"), 415, "BAD_USER_INPUT"),
        (to(gateway.owner(), Method::PATCH), 405, "BAD_USER_INPUT"),
        (gateway.owner().to_streams(Method::POST, "").json(&query), 200, ""),
        (
            gateway.owner().to_streams(Method::POST, "").header("accept", "application/json").json(&query),
            406,
            "BAD_USER_INPUT",
        ),
        (
            gateway.owner().to_streams(Method::GET, "").header("accept", "application/json"),
            406,
            "BAD_USER_INPUT",
        ),
        (to(gateway.owner(), Method::GET), 400, "BAD_USER_INPUT"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        if status != 200 {
            let body: Value = response.json().await.unwrap();
            assert_eq!(body["errors"][0]["extensions"]["code"], code, "{body}");
            assert!(body["errors"][0]["extensions"]["requestId"].is_string());
        }
    }
}

#[tokio::test]
async fn a_silent_stream_gives_signs_of_life() {
    let gateway = TestGateway::start_with(Overrides::default().with("stream_keep_alive_ms", "100")).await;
    let mut stream = gateway.owner().stream(INCIDENTS, json!({}), None).await;
    for _ in 0..3 {
        assert_eq!(stream.frame().await, Some(Frame::Comment));
    }
    open_incident(gateway.owner(), "a").await;
    assert_eq!(title(&stream.next().await.1), "a");
}

#[tokio::test]
async fn a_caller_has_so_many_subscriptions_and_no_more() {
    let overrides = Overrides::default().with("caller_max_subscriptions", "2");
    let gateway = TestGateway::start_with(overrides).await;
    let (one, other) = (gateway.with_scopes(&["*"]).await, gateway.with_scopes(&["*"]).await);
    let first = one.stream(INCIDENTS, json!({}), None).await;
    // Over whichever transport.
    let mut socket = one.socket().await;
    socket.subscribe("1", INCIDENTS, json!({})).await;
    until("both are there", async || gateway.kernel().subscriptions() == 2).await;
    let mut third = one.stream(INCIDENTS, json!({}), None).await;
    let (_, refused) = third.next().await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "THROTTLED");
    assert_eq!(refused["errors"][0]["extensions"]["retryAfterMs"], 1000);
    third.complete().await;
    socket.subscribe("2", INCIDENTS, json!({})).await;
    let tests::Message::Json(refused) = socket.next().await else { panic!("it is closed") };
    assert_eq!(
        (&refused["id"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("2"), &json!("THROTTLED"))
    );
    // Others aren't concerned, nor are queries.
    let _theirs = other.stream(INCIDENTS, json!({}), None).await;
    assert!(one.stream("{ __typename }", json!({}), None).await.next().await.1["data"].is_object());
    drop(first);
    until("one is gone", async || gateway.kernel().subscriptions() == 2).await;
    let mut again = one.stream(INCIDENTS, json!({}), None).await;
    until("it is followed", async || gateway.kernel().subscriptions() == 3).await;
    open_incident(gateway.owner(), "a").await;
    assert_eq!(title(&again.next().await.1), "a");
}
