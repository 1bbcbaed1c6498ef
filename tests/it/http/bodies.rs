//! What a request's body must be.

use std::time::{Duration, Instant};

use futures_util::future::select_all;
use opsgate::config::Overrides;
use serde_json::json;
use tests::{TestGateway, Wire};

use super::{JSON, post, query, typename};

#[tokio::test]
async fn only_json_is_taken() {
    let gateway = TestGateway::start().await;
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/graphql"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonp"),
        Some("application/json, text/plain"),
        Some("application/json; charset=iso-8859-1"),
        Some("application/json; charset=utf-16"),
    ] {
        let headers: Vec<_> = content_type.map(|value| ("Content-Type", value)).into_iter().collect();
        let reply = post(&gateway, &headers, query("{ __typename }")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (415, "BAD_USER_INPUT".to_owned()),
            "{content_type:?}"
        );
        assert_eq!(reply.header("accept"), Some("application/json"));
    }
    let twice = [JSON, ("Content-Type", "text/plain")];
    assert_eq!(post(&gateway, &twice, query("{ __typename }")).await.status.as_u16(), 415);
    for content_type in ["application/json", "Application/JSON; Charset=\"UTF-8\"", "application/json;x=y"] {
        let reply = post(&gateway, &[("Content-Type", content_type)], query("{ __typename }")).await;
        assert_eq!((reply.status.as_u16(), reply.data()), (200, typename()), "{content_type}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_400() {
    let gateway = TestGateway::start().await;
    let bodies: [&[u8]; 14] = [
        b"",
        b"null",
        b"{",
        b"{}",
        b"\"{ __typename }\"",
        b"{\"qeury\": \"{ __typename }\"}",
        b"{\"query\": null}",
        b"{\"query\": 1}",
        b"{\"query\": \"{ __typename }\", \"variables\": [1]}",
        b"{\"query\": \"{ __typename }\", \"operationName\": 1}",
        b"{\"query\": \"{ __typename }\", \"extensions\": \"x\"}",
        b"[{\"query\": \"{ __typename }\"}, {\"query\": \"{ __typename }\"}]",
        b"{\"query\": \"\xc3\x28\"}",
        b"\xff\xfe{\0",
    ];
    for body in bodies {
        let reply = post(&gateway, &[JSON], body).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "BAD_USER_INPUT".to_owned()), "{shown}");
    }
    let nested = format!("{{\"query\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(post(&gateway, &[JSON], nested).await.status.as_u16(), 400);
}

#[tokio::test]
async fn a_body_has_a_longest_length() {
    let overrides = Overrides::default().with("body_limit_bytes", "2048");
    let gateway = TestGateway::start_with(overrides).await;
    let long = json!({ "query": "{ __typename }", "variables": { "x": "x".repeat(4096) } }).to_string();
    let reply = post(&gateway, &[JSON], &long).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (413, "BAD_USER_INPUT".to_owned()));

    // Said beforehand: nothing is waited for.
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")
        .await;
    assert_eq!(wire.reply().await.status.as_u16(), 413);
    assert!(wire.is_closed().await);

    // Never said: in chunks without end.
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    for _ in 0..8 {
        wire.send(format!("200\r\n{}\r\n", " ".repeat(512))).await;
    }
    assert_eq!(wire.reply().await.status.as_u16(), 413);
    assert!(wire.is_closed().await);

    let exact = query("{ __typename }");
    let padded = format!("{exact}{}", " ".repeat(2048 - exact.len()));
    assert_eq!(post(&gateway, &[JSON], padded).await.data(), typename());
}

#[tokio::test]
async fn all_bodies_together_have_a_longest_length() {
    let overrides = Overrides::default().with("body_limit_bytes", "4096").with("bodies_limit_bytes", "8192");
    let gateway = TestGateway::start_with(overrides).await;
    let body = query("{ __typename }");
    let body = format!("{body}{}", " ".repeat(4000 - body.len()));
    let (begun, rest) = body.split_at(3900);
    let head =
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n";
    let mut wires = Vec::new();
    for _ in 0..3 {
        let mut wire = Wire::connect(gateway.address()).await;
        wire.send(head).await.send(begun).await;
        wires.push(wire);
    }
    // There is room for two of them, whichever came first.
    let replies = wires.iter_mut().map(|wire| Box::pin(wire.reply()));
    let (reply, refused, _) = select_all(replies).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (503, "UNAVAILABLE".to_owned()));
    assert!(wires.remove(refused).is_closed().await);
    for mut wire in wires {
        assert_eq!(wire.send(rest).await.reply().await.data(), typename());
    }
    assert_eq!(post(&gateway, &[JSON], &body).await.data(), typename());
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_given_up() {
    let gateway = TestGateway::start_with(Overrides::default().with("body_timeout_ms", "300")).await;
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    let begun = Instant::now();
    let dribble = async {
        loop {
            wire.send("1\r\n \r\n").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if begun.elapsed() > Duration::from_millis(600) {
                return wire.reply().await;
            }
        }
    };
    let reply = dribble.await;
    assert_eq!((reply.status.as_u16(), reply.code()), (408, "BAD_USER_INPUT".to_owned()));
    assert_eq!(reply.header("connection"), Some("close"));
}

#[tokio::test]
async fn compressed_bodies_are_not_unpacked() {
    let gateway = TestGateway::start().await;
    // `{"query": …}` in gzip, and the head of what would be gigabytes.
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xed; 1000][..]].concat();
    for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "x"] {
        let reply = post(&gateway, &[JSON, ("Content-Encoding", encoding)], &bomb).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (415, "BAD_USER_INPUT".to_owned()), "{encoding}");
        assert_eq!(reply.header("accept-encoding"), Some("identity"));
    }
    let plain = post(&gateway, &[JSON, ("Content-Encoding", "identity")], query("{ __typename }")).await;
    assert_eq!(plain.data(), typename());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400_or_nothing() {
    let gateway = TestGateway::start().await;
    let mut wire = Wire::connect(gateway.address()).await;
    wire.send("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await
        .send("5\r\n{\"que\r\nnonsense\r\n")
        .await;
    if let Some(reply) = wire.try_reply().await {
        assert_eq!(reply.status.as_u16(), 400);
    }
    assert!(wire.is_closed().await);
}
