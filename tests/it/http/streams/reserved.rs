//! One stream for many operations.

use opsgate::config::Overrides;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{TestGateway, until};

use super::{INCIDENTS, open_incident, title};

#[tokio::test]
async fn what_is_asked_comes_on_the_one_stream() {
    let gateway = TestGateway::start().await;
    let owner = gateway.owner();
    let token = owner.reserve().await;
    // Asked before it is open: it waits.
    assert_eq!(owner.start(&token, "early", "{ __typename }", None).await.0, StatusCode::ACCEPTED);
    let mut stream = owner.open_reserved(&token).await;
    let (place, answer) = stream.next().await;
    assert_eq!((place, &answer["id"]), (None, &json!("early")));
    assert_eq!(answer["payload"]["data"], json!({ "__typename": "Query" }));
    assert_eq!(stream.complete().await, json!({ "id": "early" }));

    for id in ["a\"1", "b"] {
        assert_eq!(owner.start(&token, id, INCIDENTS, None).await.0, StatusCode::ACCEPTED);
    }
    until("both are followed", async || gateway.kernel().subscriptions() == 2).await;
    let place = open_incident(owner, "one").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (id, mut data) = stream.next().await;
        assert_eq!((id.as_ref(), title(&data["payload"])), (Some(&place), "one"));
        ids.push(data["id"].take());
    }
    ids.sort_by_key(ToString::to_string);
    assert_eq!(ids, ["a\"1", "b"]);

    assert_eq!(owner.stop(&token, "b").await.0, StatusCode::OK);
    assert_eq!(owner.stop(&token, "nobody-knows").await.0, StatusCode::OK);
    until("one is followed", async || gateway.kernel().subscriptions() == 1).await;
    open_incident(owner, "two").await;
    assert_eq!(stream.next().await.1["id"], "a\"1");
    // The id is free again, and resumes.
    assert_eq!(owner.start(&token, "b", INCIDENTS, Some(&place)).await.0, StatusCode::ACCEPTED);
    let (_, data) = stream.next().await;
    assert_eq!((&data["id"], title(&data["payload"])), (&json!("b"), "two"));
    // An operation that was over by itself is free, too.
    assert_eq!(owner.start(&token, "early", "{ nothing }", None).await.0, StatusCode::ACCEPTED);
    let (_, data) = stream.next().await;
    assert_eq!(data["payload"]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(stream.complete().await, json!({ "id": "early" }));

    drop(stream);
    until("nobody follows any more", async || gateway.kernel().subscriptions() == 0).await;
    assert_eq!(owner.start(&token, "c", INCIDENTS, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_reservation_is_its_callers_alone() {
    let gateway = TestGateway::start().await;
    let (owner, other) = (gateway.owner(), gateway.with_scopes(&["*"]).await);
    let token = owner.reserve().await;
    let open = |client: &tests::Client, token: &str| {
        let request = client.to_streams(Method::GET, "").header("x-graphql-event-stream-token", token);
        request.header("accept", "text/event-stream").send()
    };
    for client in [&other, &gateway.nobody()] {
        assert_eq!(client.start(&token, "1", "{ __typename }", None).await.0, StatusCode::NOT_FOUND);
        assert_eq!(client.stop(&token, "1").await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(open(&other, &token).await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(open(owner, "nonsense").await.unwrap().status(), StatusCode::NOT_FOUND);
    // A browser can show nothing but the token.
    let _stream = gateway.nobody().open_reserved(&token).await;
    assert_eq!(open(owner, &token).await.unwrap().status(), StatusCode::CONFLICT);
    let refused = gateway.nobody().to_streams(Method::PUT, "").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let refused =
        owner.to_streams(Method::PUT, "").header("accept", "application/json").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_at_once() {
    let gateway =
        TestGateway::start_with(Overrides::default().with("max_subscriptions_per_connection", "2")).await;
    let owner = gateway.owner();
    let token = owner.reserve().await;
    let mut stream = owner.open_reserved(&token).await;
    let code = |body: &serde_json::Value| body["errors"][0]["extensions"]["code"].clone();
    let (status, body) = owner.start(&token, "", "{ __typename }", None).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, json!("BAD_USER_INPUT")));
    let (_, body) = owner.start(&token, "1", "{ hunter2", None).await;
    assert_eq!(code(&body), "GRAPHQL_PARSE_FAILED");
    for id in ["1", "2"] {
        assert_eq!(owner.start(&token, id, INCIDENTS, None).await.0, StatusCode::ACCEPTED);
    }
    let (status, body) = owner.start(&token, "1", INCIDENTS, None).await;
    assert_eq!((status, code(&body)), (StatusCode::CONFLICT, json!("CONFLICT")));
    let (status, body) = owner.start(&token, "3", INCIDENTS, None).await;
    assert_eq!((status, code(&body)), (StatusCode::TOO_MANY_REQUESTS, json!("THROTTLED")));
    let (status, _) = owner.stop(&token, "").await;
    assert_eq!(status, StatusCode::OK);
    until("both are followed", async || gateway.kernel().subscriptions() == 2).await;
    open_incident(owner, "a").await;
    stream.next().await;
    stream.next().await;
}

#[tokio::test]
async fn nobody_piles_up_reservations() {
    let gateway = TestGateway::start().await;
    let mut tokens = Vec::new();
    let status = loop {
        let response = gateway.owner().to_streams(Method::PUT, "").send().await.unwrap();
        if response.status() != StatusCode::CREATED {
            break response.status();
        }
        tokens.push(response.text().await.unwrap());
    };
    assert_eq!((status, tokens.len()), (StatusCode::TOO_MANY_REQUESTS, 32));
    // Those that are open don't count, and others aren't concerned.
    let _open = gateway.owner().open_reserved(&tokens[0]).await;
    gateway.owner().reserve().await;
    gateway.with_scopes(&["*"]).await.reserve().await;
}
