//! What answers are written as, and what their statuses say.

use serde_json::json;
use tests::TestGateway;

use super::{JSON, bearer, post, query, typename};

const RESPONSE: (&str, &str) = ("Accept", "application/graphql-response+json");

#[tokio::test]
async fn the_answer_is_written_as_the_client_likes() {
    let gateway = TestGateway::start().await;
    for (accept, expected) in [
        (None, "application/json; charset=utf-8"),
        (Some("*/*"), "application/json; charset=utf-8"),
        (
            Some("application/json;q=0.5, application/graphql-response+json;q=0.4"),
            "application/json; charset=utf-8",
        ),
        (
            Some("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8"),
            "application/graphql-response+json; charset=utf-8",
        ),
    ] {
        let mut headers = vec![JSON];
        headers.extend(accept.map(|accept| ("Accept", accept)));
        let reply = post(&gateway, &headers, query("{ __typename }")).await;
        assert_eq!((reply.status.as_u16(), reply.data()), (200, typename()));
        assert_eq!(reply.header("content-type"), Some(expected), "{accept:?}");
        assert_eq!(reply.header("vary"), Some("accept"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(reply.header("x-request-id").is_some_and(|id| id.len() == 32));
    }
    for accept in [
        "text/html",
        "application/xml, text/*",
        "application/json;charset=utf-16",
        "application/json;q=0",
        "x",
    ] {
        let reply = post(&gateway, &[JSON, ("Accept", accept)], query("{ __typename }")).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (406, "BAD_USER_INPUT".to_owned()), "{accept}");
        assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    }
}

#[tokio::test]
async fn the_status_says_what_became_of_the_request_or_that_it_was_answered() {
    let gateway = TestGateway::start().await;
    let owner = bearer(&gateway);
    let two = json!({ "query": "query A { __typename } query B { __typename }" }).to_string();
    let unfit =
        json!({ "query": "query($id: ID!) { incident(id: $id) { id } }", "variables": { "id": null } });
    for (body, code) in [
        (query("{"), "GRAPHQL_PARSE_FAILED"),
        (query("{ nothing }"), "GRAPHQL_VALIDATION_FAILED"),
        (query("{ incident { id } }"), "GRAPHQL_VALIDATION_FAILED"),
        (query("subscription { __typename }"), "BAD_USER_INPUT"),
        (two, "OPERATION_RESOLUTION_FAILURE"),
        (unfit.to_string(), "BAD_USER_INPUT"),
    ] {
        let authorization = ("Authorization", owner.as_str());
        let telling = post(&gateway, &[JSON, RESPONSE, authorization], &body).await;
        assert_eq!((telling.status.as_u16(), telling.code().as_str()), (400, code), "{body}");
        let plain = post(&gateway, &[JSON, authorization], &body).await;
        let expected = if body.contains("subscription") { 400 } else { 200 };
        assert_eq!((plain.status.as_u16(), plain.code().as_str()), (expected, code), "{body}");
    }
    // What was executed is 200 either way, whatever its fields say.
    for accept in [RESPONSE, ("Accept", "application/json")] {
        let reply = post(&gateway, &[JSON, accept], query("{ viewer { permissions } }")).await;
        assert_eq!(reply.status.as_u16(), 200);
        assert_eq!(reply.json()["data"], json!(null), "{}", reply.text());
        assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn who_is_not_known_is_told_so_in_either() {
    let gateway = TestGateway::start().await;
    for accept in [RESPONSE, ("Accept", "application/json")] {
        for credential in ["Bearer nonsense", "Bearer", "Basic b3duZXI6aHVudGVyMg==", "", "opsk_"] {
            let headers = [JSON, accept, ("Authorization", credential)];
            let reply = post(&gateway, &headers, query("{ __typename }")).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (401, "UNAUTHENTICATED".to_owned()));
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
    }
    let owner = bearer(&gateway);
    let twice = [JSON, ("Authorization", owner.as_str()), ("Authorization", "Bearer x")];
    let reply = post(&gateway, &twice, query("{ __typename }")).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "BAD_USER_INPUT".to_owned()));
}
