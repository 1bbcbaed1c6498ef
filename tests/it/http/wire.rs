//! Requests that no client would send, and what stands around them.

use tests::{TestGateway, Wire};

use super::{JSON, query, typename};

#[tokio::test]
async fn requests_on_one_connection_are_answered_in_order() {
    let gateway = TestGateway::start().await;
    let mut wire = Wire::connect(gateway.address()).await;
    // All sent before the first is answered.
    for number in 0..20 {
        let id = format!("r{number}");
        wire.request("POST /graphql", &[JSON, ("X-Request-Id", &id)], query("{ __typename }").as_bytes())
            .await;
    }
    for number in 0..20 {
        let reply = wire.reply().await;
        assert_eq!(reply.header("x-request-id"), Some(format!("r{number}").as_str()));
        assert_eq!(reply.data(), typename());
    }
}

#[tokio::test]
async fn two_lengths_or_a_length_and_chunks_are_no_request() {
    let gateway = TestGateway::start().await;
    for head in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Transfer-Encoding: gzip, chunked, x\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: nonsense\r\n",
        "X-Split: a\r\n b\r\n",
        "X-Split\r: a\r\n",
        ": nothing\r\n",
        "X Y: z\r\n",
        "X-Nul: \0\r\n",
    ] {
        let mut wire = Wire::connect(gateway.address()).await;
        wire.send(format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n{{}}GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
        ))
        .await;
        let reply = wire.try_reply().await;
        assert!(reply.as_ref().is_none_or(|reply| reply.status == 400), "{head:?}: {reply:?}");
        assert!(wire.is_closed().await, "{head:?}");
    }
}

#[tokio::test]
async fn a_client_cannot_write_headers_of_the_answer() {
    let gateway = TestGateway::start().await;
    for id in ["a\r\nSet-Cookie: x=1", "a%0d%0aSet-Cookie:%20x=1", "a\rb", "a\nb"] {
        let mut wire = Wire::connect(gateway.address()).await;
        wire.request("POST /graphql", &[JSON, ("X-Request-Id", id)], query("{ __typename }").as_bytes())
            .await;
        if let Some(reply) = wire.try_reply().await {
            assert!(reply.header("set-cookie").is_none());
            assert!(
                reply.header("x-request-id").is_none_or(|own| own == "a" || own.len() == 32),
                "{reply:?}"
            );
        }
    }
}
