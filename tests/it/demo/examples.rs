//! Each example of GraphiQL shows something on the demo, to those whom it is for.

use std::{collections::HashMap, fs};

use chrono::TimeDelta;
use opsgate::kernel::clock::Clock;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tests::{Client, Database, Socket, workspace};

use super::{client, program};

/// The folders of examples, and whose token of the demo they are for.
const PEOPLE: [(&str, &str); 4] =
    [("support", "support"), ("on-call", "on call"), ("front-end", "super admin"), ("partner", "partner")];

/// What can stand in the place of `"<words>"`, as the page finds it.
#[derive(Debug, Deserialize)]
struct Fact {
    words: String,
    needs: String,
    query: String,
    at: String,
}

/// The facts that this caller may know.
async fn facts(client: &Client) -> HashMap<String, Value> {
    let file = fs::read_to_string(workspace().join("graphiql/examples/facts.json")).unwrap();
    let viewer = client.run("{ viewer { permissions } }").await.ok();
    let permissions: Vec<String> = serde_json::from_value(viewer.at("/viewer/permissions").clone()).unwrap();
    let now = Clock::system().now();
    let mut facts = HashMap::from([
        ("now".to_owned(), json!(now)),
        ("30 days ago".to_owned(), json!(now - TimeDelta::days(30))),
    ]);
    for Fact { words, needs, query, at } in serde_json::from_str::<Vec<Fact>>(&file).unwrap() {
        if permissions.contains(&needs) {
            facts.insert(words, client.run(&query).await.ok().at(&at).clone());
        }
    }
    facts
}

/// An operation that the page offers.
struct Example {
    id: String,
    document: String,
    variables: Value,
    headers: Value,
}

impl Example {
    /// Those of a folder, in the page's order.
    fn of(folder: &str, facts: &HashMap<String, Value>) -> Vec<Self> {
        let folder = workspace().join("graphiql/examples").join(folder);
        let files =
            fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut ids: Vec<_> =
            files.filter_map(|file| Some(file.strip_suffix(".graphql")?.to_owned())).collect();
        ids.sort();
        let json = |name: String| match fs::read_to_string(folder.join(name)) {
            Ok(text) => {
                let fill = |text: String, (words, fact): (&String, &Value)| {
                    text.replace(&format!("\"<{words}>\""), &fact.to_string())
                };
                let filled = facts.iter().fold(text, fill);
                assert!(!filled.contains("\"<"), "a placeholder that nobody fills: {filled}");
                serde_json::from_str(&filled).unwrap()
            }
            Err(_) => json!({}),
        };
        let read = |id: String| Self {
            document: fs::read_to_string(folder.join(format!("{id}.graphql"))).unwrap(),
            variables: json(format!("{id}.variables.json")),
            headers: json(format!("{id}.headers.json")),
            id,
        };
        ids.into_iter().map(read).collect()
    }

    fn is_subscription(&self) -> bool {
        self.document.lines().any(|line| line.starts_with("subscription "))
    }

    async fn run(&self, client: &Client) {
        let headers = self.headers.as_object().unwrap().iter();
        let client = headers
            .fold(client.clone(), |client, (name, value)| client.with_header(name, value.as_str().unwrap()));
        let answer = client.run_with(&self.document, self.variables.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}: {}", self.id, answer.body);
        assert!(answer.body.get("errors").is_none(), "{}: {}", self.id, answer.body);
        for (field, payload) in answer.body["data"].as_object().unwrap() {
            assert!(!payload.is_null() && *payload != json!([]), "{}: {field} shows nothing", self.id);
            for (name, value) in payload.as_object().into_iter().flatten() {
                let is_empty = *value == json!([]);
                assert_eq!(is_empty, name == "userErrors", "{}: {field}.{name}: {value}", self.id);
            }
        }
    }

    async fn subscribe(&self, client: &Client) -> Socket {
        let mut socket = client.socket().await;
        socket.subscribe("example", &self.document, self.variables.clone()).await;
        // A query on the same socket is answered after the subscription has begun.
        socket.subscribe("begun", "{ eventCursor }", json!({})).await;
        socket.payload("begun").await;
        socket
    }
}

#[tokio::test]
async fn every_example_shows_something_to_those_whom_it_is_for() {
    let database = Database::create().await;
    let process = program(&database).serve_with(&["--demo", "--demo-days", "3"]).await;
    let owner = client(&process, "super admin");
    let folders = fs::read_dir(workspace().join("graphiql/examples")).unwrap();
    let folders = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), PEOPLE.len(), "each folder of examples is somebody's");

    for (folder, role) in PEOPLE {
        let client = client(&process, role);
        let examples = Example::of(folder, &facts(&client).await);
        assert!(examples.len() >= 3, "{folder}");
        let mut sockets = Vec::new();
        for example in examples.iter().filter(|example| example.is_subscription()) {
            sockets.push((&example.id, example.subscribe(&client).await));
        }
        for example in examples.iter().filter(|example| !example.is_subscription()) {
            example.run(&client).await;
        }
        something_happens(&owner).await;
        for (id, mut socket) in sockets {
            let heard = socket.payload("example").await;
            let change = heard["data"].as_object().unwrap_or_else(|| panic!("{id}: {heard}")).values().next();
            assert!(change.unwrap()["cursor"].is_string() && heard.get("errors").is_none(), "{id}: {heard}");
        }
    }
}

/// What doesn't wait for the demo's next story.
async fn something_happens(owner: &Client) {
    let incident = json!({ "title": "Checkout answers slowly", "severity": "HIGH" });
    owner.mutate("incidentCreate", incident, "incident { id }").await.ok();
    let alert = json!({ "source": "test", "dedupKey": "latency", "severity": "HIGH", "title": "slow" });
    owner.mutate("alertTrigger", alert, "alert { id }").await.ok();
}
