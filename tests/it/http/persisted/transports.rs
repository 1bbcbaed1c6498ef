//! The same in a URL, over a WebSocket, and as server-sent events.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Client, Message, Socket, TestGateway, until};

use super::{VIEWER, apollo, by_hash, by_id, hash, with_hash};

const CHANGES: &str =
    "subscription($after: EventCursor) { incidentChanged(after: $after) { incident { title } } }";

/// A GET of `path` with the parameters of a request, as JSON where they are objects.
async fn get(client: &Client, path: &str, accept: &str, request: &Value) -> reqwest::Response {
    let parameters = request.as_object().unwrap().iter().map(|(name, value)| match value {
        Value::String(text) => (name.clone(), text.clone()),
        value => (name.clone(), value.to_string()),
    });
    let mut url = reqwest::Url::parse(&format!("http://{}{path}", client.address())).unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    let request = reqwest::Client::new().get(url).header("accept", accept);
    request.bearer_auth(client.credential().unwrap()).send().await.unwrap()
}

/// The code of the one error of an answer, and its status.
async fn refusal(response: reqwest::Response) -> (u16, String) {
    let (status, body) = (response.status(), response.json::<Value>().await.unwrap());
    (status.as_u16(), body["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_url_names_a_document() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (json, graphql) = ("application/json", "application/graphql-response+json");
    let not_found = || "PERSISTED_QUERY_NOT_FOUND".to_owned();
    assert_eq!(refusal(get(owner, "/graphql", json, &by_hash(VIEWER)).await).await, (200, not_found()));
    assert_eq!(refusal(get(owner, "/graphql", graphql, &by_id(VIEWER)).await).await, (400, not_found()));
    for request in [with_hash(VIEWER), by_hash(VIEWER), by_id(VIEWER)] {
        let answer: Value = get(owner, "/graphql", graphql, &request).await.json().await.unwrap();
        assert!(answer["data"]["viewer"]["permissions"].is_array(), "{answer}");
    }
    // What changes something doesn't, though nothing in the URL says that it would.
    let mutation = "mutation { incidentCreate(input: {title: \"t\", severity: LOW}) { incident { id } } }";
    owner.send(with_hash(mutation)).await.ok();
    for request in [by_hash(mutation), by_id(mutation)] {
        let answer = get(owner, "/graphql", graphql, &request).await;
        assert_eq!(refusal(answer).await, (405, "BAD_USER_INPUT".to_owned()));
    }
    let incidents = owner.run("{ incidents { nodes { id } } }").await.ok();
    assert_eq!(incidents.at("/incidents/nodes").as_array().unwrap().len(), 1);
    let twice = format!("/graphql?documentId=sha256:{0}&documentId=sha256:{0}", hash(VIEWER));
    assert_eq!(refusal(get(owner, &twice, json, &json!({})).await).await, (400, "BAD_USER_INPUT".to_owned()));
}

/// Subscribes with this payload.
async fn subscribe(socket: &mut Socket, id: &str, payload: Value) {
    socket.send(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
}

/// The code of the `error` that comes next.
async fn socket_refusal(socket: &mut Socket) -> String {
    let Message::Json(message) = socket.next().await else { panic!("the socket is closed") };
    assert_eq!(message["type"], "error", "{message}");
    message["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_socket_does() {
    let gateway = TestGateway::start().await;
    let mut socket = gateway.owner().socket().await;
    for request in [by_hash(CHANGES), by_id(CHANGES)] {
        subscribe(&mut socket, "unknown", request).await;
        assert_eq!(socket_refusal(&mut socket).await, "PERSISTED_QUERY_NOT_FOUND");
    }
    subscribe(&mut socket, "other", json!({ "query": VIEWER, "extensions": apollo(&hash(CHANGES)) })).await;
    assert_eq!(socket_refusal(&mut socket).await, "BAD_USER_INPUT");
    // graphql-ws has to send a `query`: an empty one is none.
    let mut named = by_hash(CHANGES);
    named["query"] = "".into();
    for (id, request) in [("sent", with_hash(CHANGES)), ("apollo", named), ("draft", by_id(CHANGES))] {
        subscribe(&mut socket, id, request).await;
    }
    until("all follow", async || gateway.kernel().subscriptions() == 3).await;
    let input = json!({ "title": "a", "severity": "LOW" });
    gateway.owner().mutate("incidentCreate", input, "incident { id }").await.ok();
    for id in ["sent", "apollo", "draft"] {
        let payload = socket.payload(id).await;
        assert_eq!(payload["data"]["incidentChanged"]["incident"]["title"], "a", "{id}");
    }
}

#[tokio::test]
async fn a_message_without_any_document_is_none_of_the_protocol() {
    let gateway = TestGateway::start().await;
    for payload in [
        json!({}),
        json!({ "query": null, "documentId": null, "extensions": { "persistedQuery": null } }),
        json!({ "documentId": 1 }),
    ] {
        let mut socket = gateway.owner().socket().await;
        subscribe(&mut socket, "1", payload).await;
        assert_eq!(socket.closed().await.0, 4400);
    }
}

#[tokio::test]
async fn an_event_stream_does() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let (json, events) = ("application/json", "text/event-stream");
    let post = async |request: Value| {
        let call = owner.to_streams(Method::POST, "").header("accept", events).json(&request);
        call.send().await.unwrap().text().await.unwrap()
    };
    let unknown = post(by_hash(VIEWER)).await;
    assert!(unknown.contains("event: next") && unknown.contains("\"PersistedQueryNotFound\""), "{unknown}");
    for request in [with_hash(VIEWER), by_hash(VIEWER), by_id(VIEWER)] {
        let answered = post(request.clone()).await;
        assert!(answered.contains("\"incidents.read\""), "{answered}");
        let answered = get(owner, "/graphql/stream", events, &request).await.text().await.unwrap();
        assert!(answered.contains("\"incidents.read\""), "{answered}");
    }

    // On a reserved stream, too.
    let token = owner.reserve().await;
    let mut stream = owner.open_reserved(&token).await;
    let start = async |id: &str, mut request: Value| {
        request["extensions"]["operationId"] = id.into();
        let call = owner.to_streams(Method::POST, "").header("x-graphql-event-stream-token", &token);
        call.header("accept", json).json(&request).send().await.unwrap()
    };
    let refused = start("1", by_hash("{ __typename }")).await;
    assert_eq!(refusal(refused).await, (200, "PERSISTED_QUERY_NOT_FOUND".to_owned()));
    assert_eq!(start("2", by_hash(VIEWER)).await.status(), StatusCode::ACCEPTED);
    let (_, answer) = stream.next().await;
    assert_eq!(answer["id"], "2");
    assert!(answer["payload"]["data"]["viewer"]["permissions"].is_array(), "{answer}");
}
