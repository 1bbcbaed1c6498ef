//! TLS.

use std::fs;

use chrono::TimeDelta;
use reqwest::header;
use serde_json::{Value, json};
use tests::{Certificate, Http2, Log, Message, Socket, TestGateway, Wire, until};

use super::super::{bearer, typename};

async fn ask(gateway: &TestGateway, certificate: &Certificate) -> reqwest::Result<Value> {
    let request = certificate.client().post(format!("https://{}/graphql", gateway.address()));
    request.json(&json!({ "query": "{ __typename }" })).send().await?.json().await
}

#[tokio::test]
async fn requests_and_sockets_go_over_tls() {
    let certificate = Certificate::new();
    let gateway = TestGateway::start_with(certificate.settings()).await;
    let url = format!("https://{}/graphql", gateway.address());
    let request = certificate.client().post(url).header(header::AUTHORIZATION, bearer(&gateway));
    let answer = request.json(&json!({ "query": "{ incidents { totalCount } }" })).send().await.unwrap();
    assert_eq!(answer.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
    assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["data"], json!({ "incidents": { "totalCount": 0 } }));

    let stream = certificate.connect(gateway.address(), &["http/1.1"]).await.unwrap();
    let mut socket = Socket::connect_on(stream).await;
    socket.init(gateway.owner().credential()).await;
    socket.subscribe("a", "{ incidents { totalCount } }", json!({})).await;
    assert_eq!(socket.payload("a").await["data"], json!({ "incidents": { "totalCount": 0 } }));
    assert_eq!(socket.next().await, Message::Json(json!({ "type": "complete", "id": "a" })));
}

#[tokio::test]
async fn the_protocol_is_agreed_upon() {
    let certificate = Certificate::new();
    let gateway = TestGateway::start_with(certificate.settings()).await;
    for (offered, agreed) in
        [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)]
    {
        let stream = certificate.connect(gateway.address(), offered).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed.map(str::as_bytes), "{offered:?}");
    }
    assert!(certificate.connect(gateway.address(), &["spdy/3"]).await.is_err());
    let stream = certificate.connect(gateway.address(), &["h2"]).await.unwrap();
    let (status, answer) = Http2::begin(stream).await.query("{ __typename }").await.unwrap();
    assert_eq!((status, &answer["data"]), (200, &typename()));
}

#[tokio::test]
async fn plain_words_get_no_answer() {
    let gateway = TestGateway::start_with(Certificate::new().settings()).await;
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send("GET /health/live HTTP/1.1\r\nHost: opsgate\r\n\r\n").await;
    let said = wire.read_to_end().await;
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
}

#[tokio::test]
async fn a_certificate_that_changes_is_read_again() {
    let mut certificate = Certificate::new();
    let gateway = TestGateway::start_with(certificate.settings()).await;
    let log = Log::listen();
    ask(&gateway, &certificate).await.unwrap();

    // A pair that is none: the key is another's. Connections go on with the one from before.
    let key = fs::read(certificate.key()).unwrap();
    fs::copy(Certificate::new().key(), certificate.key()).unwrap();
    until("the pair is looked at", async || {
        gateway.advance(TimeDelta::seconds(5));
        log.text().contains("the one from before goes on")
    })
    .await;
    assert!(log.text().contains("can't be used together"), "{}", log.text());
    ask(&gateway, &certificate).await.unwrap();
    fs::write(certificate.key(), key).unwrap();

    let open = certificate.connect(gateway.address(), &["h2"]).await.unwrap();
    let mut open = Http2::begin(open).await;
    certificate.renew();
    until("the new certificate is shown", async || {
        gateway.advance(TimeDelta::seconds(5));
        ask(&gateway, &certificate).await.is_ok()
    })
    .await;
    assert_eq!(open.query("{ __typename }").await.unwrap().0, 200, "who was connected stays");
}
