//! What a request may ask for: at each bound it is answered, beyond it is refused before anything of it runs.

mod bounds;
mod cost;
mod hostile;
mod introspection;
mod streams;
mod throttling;

use opsgate::config::Overrides;
use serde_json::{Value, json};
use tests::{Answer, Client, TestGateway};

/// What stands in documents that are refused, and in no answer.
const MARK: &str = "hunter2";

/// A gateway with these settings.
async fn gateway(settings: &[(&str, &str)]) -> TestGateway {
    let overrides =
        settings.iter().fold(Overrides::default(), |overrides, (name, value)| overrides.with(name, *value));
    TestGateway::start_with(overrides).await
}

/// A client that is told by the status what became of its requests.
fn telling(client: &Client) -> Client {
    client.with_header("accept", "application/graphql-response+json")
}

/// Sends what is refused with `code`, and sees to it that no statement is sent and nothing of it repeated.
async fn refused(gateway: &TestGateway, client: &Client, body: Value, code: &str) -> Answer {
    let client = telling(client);
    gateway.run_until_idle().await;
    // The gateway's background sends statements, too, now and then.
    for _ in 0..100 {
        let before = gateway.kernel().db().statements();
        let answer = client.send(body.clone()).await;
        let is_quiet = gateway.kernel().db().statements() == before;
        assert_eq!(answer.codes(), [code], "{}", answer.body);
        assert_eq!(answer.body.get("data"), None, "{}", answer.body);
        assert!(!answer.body.to_string().contains(MARK), "{}", answer.body);
        if is_quiet {
            return answer;
        }
    }
    panic!("statements are sent");
}

/// Sends what no bound keeps out; what else may be wrong with it doesn't matter.
async fn let_in(client: &Client, body: Value) -> Answer {
    let answer = client.send(body).await;
    let errors = answer.body["errors"].as_array();
    let limits: Vec<_> = errors.into_iter().flatten().map(|error| &error["extensions"]["limit"]).collect();
    assert!(limits.iter().all(|limit| limit.is_null()), "{}", answer.body);
    answer
}

/// `extensions.cost`: requested and actual.
fn cost(answer: &Answer) -> (u64, u64) {
    let cost = &answer.body["extensions"]["cost"];
    let number = |name: &str| cost[name].as_u64().unwrap_or_else(|| panic!("no cost in {}", answer.body));
    (number("requestedQueryCost"), number("actualQueryCost"))
}

/// What is left in the caller's bucket.
fn available(answer: &Answer) -> u64 {
    answer.body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"].as_u64().unwrap()
}

/// An incident.
async fn incident(gateway: &TestGateway, title: &str) -> Value {
    let input = json!({ "title": title, "severity": "HIGH" });
    gateway.owner().mutate("incidentCreate", input, "incident { id }").await.ok().at("/incident/id").clone()
}
