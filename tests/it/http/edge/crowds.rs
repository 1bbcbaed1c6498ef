//! Crowds that say nothing, and somebody honest among them.

use opsgate::config::Overrides;
use tests::{Client, Crowd, Database, Program, Socket, TestGateway, Wire};
use tokio::task::JoinSet;

use crate::OPSGATE;

/// How many there are.
const MANY: usize = 1000;

/// Somebody honest asks, on a connection of their own each time.
async fn is_answered(client: &Client) {
    for _ in 0..20 {
        let answer = client.apart().run("{ incidents { totalCount } }").await.ok();
        assert_eq!(*answer.at("/incidents/totalCount"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_crowd_keeps_nobody_out() {
    let database = Database::create().await;
    let program = Program::new(OPSGATE, &database).with("max_connections", "100");
    // Nobody is given up for being slow here: a place is made by whoever rests for longest.
    let program = program.with("header_timeout_ms", "3600000").with("body_timeout_ms", "3600000");
    let gateway = program.serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let half =
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    for words in ["", "PRI * HTTP/2.0\r\n", "GET /graphql HTTP/1.1\r\nHost: opsgate\r\nX-A: ", half] {
        let mut crowd = Crowd::gather(gateway.address(), MANY, words).await;
        is_answered(&client).await;
        crowd.dismissed(MANY - 100).await;
    }
    // Nor do those who have asked once, and keep the connection.
    let once = "GET /health/live HTTP/1.1\r\nHost: opsgate\r\n\r\n";
    let mut crowd = Crowd::gather(gateway.address(), MANY, once).await;
    is_answered(&client).await;
    crowd.dismissed(MANY - 100).await;
}

#[tokio::test]
async fn whoever_is_at_work_keeps_the_place() {
    let gateway = TestGateway::start_with(Overrides::default().with("max_connections", "4")).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(gateway.owner().socket().await);
    }
    let _crowd = Crowd::gather(gateway.address(), 50, "").await;
    let mut wire = Wire::connect(gateway.address()).await;
    assert_eq!(wire.request("GET /health/live", &[], b"").await.reply().await.status.as_u16(), 200);
    for mut socket in sockets {
        socket.subscribe("a", "{ __typename }", serde_json::json!({})).await;
        assert_eq!(socket.payload("a").await["data"]["__typename"], "Query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_never_say_who_they_are_keep_nobody_out() {
    let database = Database::create().await;
    let gateway = Program::new(OPSGATE, &database).serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let address = gateway.address();
    let mut crowd = JoinSet::new();
    Crowd::allow();
    for _ in 0..MANY {
        crowd.spawn(async move { Socket::connect(address).await.closed().await });
    }
    is_answered(&client).await;
    let mut count = 0;
    while let Some(closed) = crowd.join_next().await {
        assert_eq!(closed.unwrap().0, 4408);
        count += 1;
        if count % 100 == 0 {
            is_answered(&client).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_may_open_few_files_goes_on() {
    let database = Database::create().await;
    let gateway = Program::new(OPSGATE, &database).with_files(200).serve().await;
    let client = gateway.client(gateway.token().unwrap());
    let mut crowd = Crowd::gather(gateway.address(), 400, "").await;
    is_answered(&client).await;
    crowd.dismissed(300).await;
    assert!(gateway.log().contains("this process may not open so many files"));
}
