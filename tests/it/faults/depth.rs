//! Documents that go round in circles. The gateway runs in a process of its own, with the stacks that it gives itself.

use serde_json::{Value, json};
use tests::{Answer, Client, Database, Program};

use crate::OPSGATE;

/// From an alert to its service, to that one's alerts, and so on, so many levels deep.
fn circle(levels: usize) -> String {
    (0..levels).rev().fold("__typename".to_owned(), |inner, level| match level % 3 {
        0 => format!("service {{ {inner} }}"),
        1 => format!("alerts(first: 1) {{ {inner} }}"),
        _ => format!("nodes {{ {inner} }}"),
    })
}

#[tokio::test]
async fn a_deep_document_is_answered_or_refused_and_the_process_lives() {
    assert_eq!(deepest_in("12").await, 10);
}

#[tokio::test]
async fn it_lives_with_the_deepest_that_the_setting_takes() {
    assert_eq!(deepest_in("30").await, 28);
}

/// How many levels are answered below an alert where documents may have `depth`.
async fn deepest_in(depth: &str) -> usize {
    let database = Database::create().await;
    let gateway = Program::new(OPSGATE, &database).with("document_max_depth", depth).serve().await;
    let owner = gateway.client(gateway.token().unwrap());
    let service = owner.mutate("serviceRegister", json!({ "name": "core" }), "service { id }").await.ok();
    let input = json!({ "source": "it", "dedupKey": "it", "severity": "LOW", "title": "x",
                        "serviceId": service.at("/service/id") });
    let alert = owner.mutate("alertTrigger", input.clone(), "alert { id }").await.ok();

    let variables = json!({ "id": alert.at("/alert/id") });
    let asked = async |levels| {
        let document = format!("query($id: ID!) {{ alert(id: $id) {{ {} }} }}", circle(levels));
        owner.run_with(&document, variables.clone()).await
    };
    let changed = async |levels| {
        owner.mutate("alertTrigger", input.clone(), &format!("alert {{ {} }}", circle(levels))).await
    };
    let (asked, changed) = (deepest(asked).await, deepest(changed).await);
    assert_eq!(asked, changed + 1, "the payload is a level of its own");
    follow(&owner, changed, &input).await;
    asked
}

/// How many levels are answered; those beyond are refused.
async fn deepest(ask: impl AsyncFn(usize) -> Answer) -> usize {
    let mut answered = None;
    for levels in (1..40).chain([999]) {
        let answer = ask(levels).await;
        if answer.body.get("errors").is_none() {
            assert_eq!(answered.unwrap_or(0), levels - 1, "what is less deep was answered too");
            answered = Some(levels);
        } else {
            assert!(answer.body.get("data").is_none(), "{levels}: {}", answer.body);
            assert!(answer.codes()[0].starts_with("GRAPHQL_"), "{levels}: {}", answer.body);
        }
    }
    answered.unwrap()
}

/// What a subscription shows may be as deep as a payload.
async fn follow(client: &Client, levels: usize, input: &Value) {
    let mut socket = client.socket().await;
    let document = format!("subscription {{ alertChanged {{ alert {{ {} }} }} }}", circle(levels));
    socket.subscribe("1", &document, json!({})).await;
    // A query on the same socket is answered after the subscription has begun.
    socket.subscribe("2", "{ viewer { permissions } }", json!({})).await;
    socket.payload("2").await;
    client.mutate("alertTrigger", input.clone(), "alert { id }").await.ok();
    let heard = socket.payload("1").await;
    assert!(heard["data"]["alertChanged"]["alert"]["service"].is_object(), "{heard}");
}
