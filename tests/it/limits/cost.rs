//! What a request costs, and what it may.

use serde_json::json;
use tests::TestGateway;

use super::{MARK, available, cost, gateway, incident, refused};

const PAGE: &str = "query($n: Int) { incidents(first: $n) { nodes { id assignee { id } timeline(first: 5) { nodes { id } } } } }";

#[tokio::test]
async fn an_answer_says_what_it_cost_and_how_the_bucket_stands() {
    let gateway = gateway(&[("caller_cost_bucket", "10000"), ("caller_cost_per_second", "500")]).await;
    for n in 0..3 {
        incident(&gateway, &format!("down {n}")).await;
    }
    let client = gateway.with_scopes(&["incidents.read"]).await;
    let answer = client.run_with(PAGE, json!({ "n": 50 })).await.ok();
    // Three incidents without an assignee, with one entry each.
    assert_eq!(cost(&answer), (350, 6));
    let status = &answer.body["extensions"]["cost"]["throttleStatus"];
    assert_eq!(
        status,
        &json!({ "maximumAvailable": 10_000, "currentlyAvailable": 9_994, "restoreRate": 500 })
    );
    // As many as there are, each time.
    let answer = client.run_with(PAGE, json!({ "n": 1 })).await.ok();
    assert_eq!((cost(&answer), available(&answer)), ((7, 2), 9_992));
    let answer = client.run("{ __typename }").await.ok();
    assert_eq!((cost(&answer), available(&answer)), ((1, 1), 9_991));
    gateway.advance(chrono::TimeDelta::milliseconds(10));
    assert_eq!(available(&client.run("{ __typename }").await.ok()), 9_995);
}

#[tokio::test]
async fn a_mutation_costs_ten_and_its_payload() {
    let gateway = TestGateway::start().await;
    let input = json!({ "title": "down", "severity": "HIGH" });
    let done = gateway.owner().mutate("incidentCreate", input, "incident { id reporter { id } }").await.ok();
    // The payload, the incident, its reporter, the receipt; and five errors, of which there were none.
    assert_eq!(cost(&done), (10 + 4 + 5, 10 + 4));
    let wrong = gateway
        .owner()
        .mutate("incidentCreate", json!({ "title": "", "severity": "HIGH" }), "incident { id }")
        .await;
    assert_eq!(wrong.user_error_codes().len(), 1);
    assert_eq!(cost(&wrong), (10 + 3 + 5, 10 + 2));
}

#[tokio::test]
async fn what_fails_in_its_resolver_costs_what_it_answered() {
    let gateway = TestGateway::start().await;
    let answer = gateway.owner().run("{ incident(id: \"nonsense\") { id } viewer { actor { id } } }").await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
    assert_eq!(cost(&answer), (3, 2));
}

#[tokio::test]
async fn what_may_cost_too_much_is_refused() {
    let gateway = gateway(&[("request_max_cost", "349")]).await;
    let owner = gateway.owner();
    assert_eq!(cost(&owner.run_with(PAGE, json!({ "n": 49 })).await.ok()).0, 343);
    let page = json!({ "query": PAGE.replace("id assignee", &format!("{MARK}: id assignee")), "variables": { "n": 50 } });
    let answer = refused(&gateway, owner, page, "MAX_COST_EXCEEDED").await;
    let extensions = &answer.body["errors"][0]["extensions"];
    assert_eq!((&extensions["requestedCost"], &extensions["maximum"]), (&json!(350), &json!(349)));
    assert_eq!(answer.status, 400);
    assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains("request_max_cost"));
    // What was refused isn't charged; what was asked for by a variable that can't be counts as the most.
    let answer = owner.run("{ __typename }").await.ok();
    assert_eq!(available(&answer), 50_000 - 1 - 1);
    let ids = vec![MARK; 400];
    let nodes = json!({ "query": "query($i: [ID!]!) { nodes(ids: $i) { id } }", "variables": { "i": ids } });
    refused(&gateway, owner, nodes, "MAX_COST_EXCEEDED").await;
    // A page of another size is another price, though the document is the same.
    owner.run_with(PAGE, json!({ "n": 3 })).await.ok();
}

#[tokio::test]
async fn a_socket_tells_the_same() {
    let gateway = gateway(&[("request_max_cost", "20")]).await;
    let mut socket = gateway.owner().socket().await;
    socket.subscribe("1", "{ viewer { actor { id } } }", json!({})).await;
    let payload = socket.payload("1").await;
    assert_eq!(payload["extensions"]["cost"]["requestedQueryCost"], 2, "{payload}");
    assert_eq!(payload["extensions"]["cost"]["throttleStatus"]["restoreRate"], 5_000);
    for (id, document) in [
        ("2", "{ incidents(first: 21) { nodes { id } } }"),
        ("3", "subscription { incidentChanged { incident { timeline { nodes { id } } } } }"),
    ] {
        socket.subscribe(id, document, json!({})).await;
        let message = loop {
            let tests::Message::Json(message) = socket.next().await else { panic!("it was closed") };
            if message["id"] == id {
                break message;
            }
        };
        assert_eq!(message["type"], "error", "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
    }
}
