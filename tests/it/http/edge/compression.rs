//! Answers, smaller.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};
use tests::TestGateway;

use super::super::bearer;

/// A document with a long answer: the schema's.
const LONG: &str = "{ __schema { types { name description } } }";

/// A request that takes `encodings`. The client itself decodes nothing.
fn ask(gateway: &TestGateway, document: &str, encodings: Option<&str>) -> RequestBuilder {
    let request = reqwest::Client::new()
        .post(format!("http://{}/graphql", gateway.address()))
        .header(header::AUTHORIZATION, bearer(gateway))
        .json(&json!({ "query": document }));
    match encodings {
        Some(encodings) => request.header(header::ACCEPT_ENCODING, encodings),
        None => request,
    }
}

fn unzip(bytes: &[u8]) -> Value {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_long_answer_is_compressed_for_whoever_asks() {
    let gateway = TestGateway::start().await;
    let plain = ask(&gateway, LONG, None).send().await.unwrap();
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    let vary = plain.headers().get_all(header::VARY).iter().map(|value| value.to_str().unwrap());
    assert_eq!(vary.collect::<Vec<_>>(), ["accept", "accept-encoding"]);
    let plain = plain.bytes().await.unwrap();
    for encodings in ["gzip", "gzip, deflate, br, zstd", "br;q=1, gzip;q=0.5"] {
        let packed = ask(&gateway, LONG, Some(encodings)).send().await.unwrap();
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip", "{encodings}");
        assert_eq!(packed.headers()[header::CONTENT_TYPE], "application/json; charset=utf-8");
        let packed = packed.bytes().await.unwrap();
        assert!(packed.len() * 3 < plain.len(), "{} of {}", packed.len(), plain.len());
        assert_eq!(unzip(&packed)["data"], serde_json::from_slice::<Value>(&plain).unwrap()["data"]);
    }
    for encodings in ["identity", "br, zstd", "gzip;q=0", ""] {
        let answer = ask(&gateway, LONG, Some(encodings)).send().await.unwrap();
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING), "{encodings}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["data"], serde_json::from_slice::<Value>(&plain).unwrap()["data"]);
    }
}

#[tokio::test]
async fn a_short_answer_stays_as_it_is() {
    let gateway = TestGateway::start().await;
    let answer = ask(&gateway, "{ __typename }", Some("gzip")).send().await.unwrap();
    assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
    assert!(answer.headers().contains_key(header::CONTENT_LENGTH));
}

#[tokio::test]
async fn an_event_stream_is_not_compressed() {
    let gateway = TestGateway::start().await;
    let stream = gateway
        .owner()
        .to_streams(Method::POST, "")
        .header(header::ACCEPT, "text/event-stream")
        .header(header::ACCEPT_ENCODING, "gzip")
        .json(&json!({ "query": LONG }))
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers()[header::CONTENT_TYPE], "text/event-stream; charset=utf-8");
    assert!(!stream.headers().contains_key(header::CONTENT_ENCODING));
    assert!(stream.text().await.unwrap().contains("event: next\n"));
}

#[tokio::test]
async fn what_is_compressed_already_is_not_compressed_again() {
    let gateway = TestGateway::start().await;
    let get = |path: &str| {
        let request = reqwest::Client::new().get(format!("http://{}/{path}", gateway.address()));
        request.header(header::ACCEPT_ENCODING, "gzip").header(header::ACCEPT, "text/html").send()
    };
    let page = get("graphql").await.unwrap().bytes().await.unwrap();
    let mut text = String::new();
    if GzDecoder::new(&*page).read_to_string(&mut text).is_err() {
        text = String::from_utf8(page.to_vec()).unwrap();
    }
    let (_, rest) = text.split_once("src=\"").unwrap();
    let script = get(rest.split_once('"').unwrap().0).await.unwrap();
    assert_eq!(script.headers()[header::CONTENT_ENCODING], "gzip");
    let mut code = String::new();
    GzDecoder::new(&*script.bytes().await.unwrap()).read_to_string(&mut code).unwrap();
    assert!(code.contains("GraphiQL"));
}
