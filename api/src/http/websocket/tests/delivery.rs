//! Many events, many clients, slow ones.

use std::time::Duration;

use serde_json::json;

use super::client::TestGateway;
use crate::kernel::stream::tests::schema::record;

const NUMBERS: &str = "subscription { widgetChanged { number } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_reader_gets_everything_in_order() {
    const EVENTS: i64 = 20_000;
    let gateway = TestGateway::new().await;
    let mut slow = gateway.socket_with(Some("graphql-transport-ws"), None, Some(16 * 1024)).await;
    slow.init(&gateway.token().await).await;
    // 160 MiB in all. What they cost in memory is measured where the gateway is a process of its own (tests/it/resume).
    slow.subscribe("1", "subscription { widgetChanged { number padding(kib: 8) } }", json!({})).await;
    slow.silence().await;
    gateway.fixture.record(0..EVENTS).await;
    while gateway.fixture.resolved() < 20_000 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for number in 0..EVENTS {
        let result = slow.result("1").await;
        assert_eq!(result["data"]["widgetChanged"]["number"], number);
    }
    // And it is with the others again.
    slow.silence().await;
    let resolved = gateway.fixture.resolved();
    gateway.fixture.record([EVENTS]).await;
    assert_eq!(slow.numbers("1", 1).await, [EVENTS]);
    assert_eq!(gateway.fixture.resolved(), resolved + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sockets_resume_in_the_middle_of_writes() {
    let gateway = TestGateway::new().await;
    let token = gateway.token().await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        let mut client = gateway.client(&token).await;
        client.subscribe("1", NUMBERS, json!({})).await;
        // Subscribed when the ping after it is answered.
        client.send(json!({ "type": "ping" })).await;
        assert_eq!(client.next().await["type"], "pong");
        clients.push(client);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let readers: Vec<_> = clients
        .into_iter()
        .map(|mut client| tokio::spawn(async move { client.numbers("1", 300).await }))
        .collect();
    for number in 0..300 {
        record(&gateway.fixture.kernel, [number], uuid::Uuid::nil()).await;
    }
    for reader in readers {
        assert_eq!(reader.await.unwrap(), (0..300).collect::<Vec<_>>());
    }
    assert_eq!(gateway.fixture.resolved(), 300);
}
