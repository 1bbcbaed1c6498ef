//! Queries in URLs.

use serde_json::json;
use tests::{Reply, TestGateway, Wire};

use super::{bearer, typename};

async fn get(gateway: &TestGateway, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut wire = Wire::connect(gateway.address()).await;
    wire.request(&format!("GET {path}"), headers, b"").await.reply().await
}

#[tokio::test]
async fn a_url_holds_a_query() {
    let gateway = TestGateway::start().await;
    let owner = bearer(&gateway);
    let reply = get(&gateway, "/graphql?query=%7B__typename%7D", &[]).await;
    assert_eq!((reply.status.as_u16(), reply.data()), (200, typename()));
    let path = "/graphql?query=query+A($id:ID!)%7Bincident(id:$id)%7Bid%7D%7Dquery+B%7B__typename%7D\
                &operationName=A&variables=%7B%22id%22:%22inc_00000000000000000000000000%22%7D&extensions=";
    let reply = get(&gateway, path, &[("Authorization", &owner)]).await;
    assert_eq!((reply.status.as_u16(), reply.data()), (200, json!({ "incident": null })));
}

#[tokio::test]
async fn a_get_changes_nothing() {
    let gateway = TestGateway::start().await;
    let owner = bearer(&gateway);
    let create = "incidentCreate(input:%7Btitle:%22t%22,severity:LOW%7D)%7Bincident%7Bid%7D%7D";
    for (path, accept) in [
        (format!("/graphql?query=mutation%7B{create}%7D"), "application/graphql-response+json"),
        (format!("/graphql?query=mutation%7B{create}%7D"), "application/json"),
        (format!("/graphql?query=query+A%7B__typename%7Dmutation+B%7B{create}%7D&operationName=B"), "*/*"),
    ] {
        let reply = get(&gateway, &path, &[("Authorization", &owner), ("Accept", accept)]).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (405, "BAD_USER_INPUT".to_owned()));
        assert_eq!(reply.header("allow"), Some("POST"));
    }
    let incidents = gateway.owner().run("{ incidents { nodes { id } } }").await.ok();
    assert_eq!(*incidents.at("/incidents/nodes"), json!([]));
}

#[tokio::test]
async fn what_is_no_request_is_400() {
    let gateway = TestGateway::start().await;
    for path in [
        "/graphql",
        "/graphql?",
        "/graphql?quer=%7B__typename%7D",
        "/graphql?query=%7B__typename%7D&variables=x",
        "/graphql?query=%7B__typename%7D&variables=%5B%5D",
        "/graphql?query=%7B__typename%7D&query=%7B__typename%7D",
        "/graphql?query=%7B__typename%7D&extensions=1",
    ] {
        let reply = get(&gateway, path, &[]).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "BAD_USER_INPUT".to_owned()), "{path}");
    }
    let reply =
        get(&gateway, "/graphql?query=%7B%ff%fe%00%7D", &[("Accept", "application/graphql-response+json")])
            .await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "GRAPHQL_PARSE_FAILED".to_owned()));
}

#[tokio::test]
async fn other_methods_are_405() {
    let gateway = TestGateway::start().await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"] {
        let mut wire = Wire::connect(gateway.address()).await;
        let reply = wire.request(&format!("{method} /graphql"), &[], b"").await.reply().await;
        assert_eq!((reply.status.as_u16(), reply.code()), (405, "BAD_USER_INPUT".to_owned()), "{method}");
        assert_eq!(reply.header("allow"), Some("GET,HEAD,POST"), "{method}");
    }
}
