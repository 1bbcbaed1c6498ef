//! The life of an incident.

mod create;
mod end;
mod merge;
mod record;
mod refusals;
mod transitions;
mod viewer_can;
mod work;

use serde_json::{Value, json};
use tests::{Answer, Client};

/// Everything that an incident says of itself.
const FIELDS: &str = "id uuid number title description severity impact urgency status \
                      affectedServices { name impact } reporter { kind id name } assignee { id name } \
                      commander { id } organization { id slug } participants { kind id } mergedInto { id } \
                      reopenedFrom { id number } rootCause resolution detectedAt acknowledgedAt mitigatedAt \
                      resolvedAt closedAt createdAt updatedAt version viewerCan { action isAllowed reasons }";

/// An id that nothing has.
const UNKNOWN: &str = "inc_01jd5kzzzzfpfvnd2v6n5x3k8r";

/// The statuses in their order.
const STATUSES: [&str; 7] =
    ["OPEN", "ACKNOWLEDGED", "INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED", "CLOSED"];

/// Does something to an incident. Whatever it answers reads the same afterwards.
async fn done(client: &Client, mutation: &str, input: Value) -> Answer {
    let answer = tried(client, mutation, input).await.ok();
    assert_eq!(read(client, answer.text("/incident/id")).await, *answer.at("/incident"));
    answer
}

/// Tries to do something to an incident.
async fn tried(client: &Client, mutation: &str, input: Value) -> Answer {
    client.mutate(mutation, input, &format!("incident {{ {FIELDS} }}")).await
}

/// Reads an incident.
async fn read(client: &Client, id: &str) -> Value {
    let document = format!("query($id: ID!) {{ incident(id: $id) {{ {FIELDS} }} }}");
    client.run_with(&document, json!({ "id": id })).await.ok().at("/incident").clone()
}

/// Opens an incident and answers its id.
async fn open(client: &Client) -> String {
    let input = json!({ "title": "Database down", "severity": "HIGH" });
    done(client, "incidentCreate", input).await.text("/incident/id").to_owned()
}

/// An incident of a status.
async fn at(client: &Client, status: &str) -> String {
    let id = open(client).await;
    match status {
        "OPEN" => {}
        "RESOLVED" | "CLOSED" => {
            resolve(client, &id).await;
        }
        _ => {
            done(client, "incidentTransition", json!({ "id": id, "status": status })).await;
        }
    }
    if status == "CLOSED" {
        done(client, "incidentTransition", json!({ "id": id, "status": "CLOSED" })).await;
    }
    assert_eq!(read(client, &id).await["status"], status);
    id
}

async fn resolve(client: &Client, id: &str) -> Answer {
    let input = json!({ "id": id, "rootCause": "The disk was full.", "resolution": "A larger disk." });
    done(client, "incidentResolve", input).await
}

/// The entries of an incident's timeline, oldest first: kind, visibility, body.
async fn timeline(client: &Client, id: &str) -> Vec<(String, String, String)> {
    let document =
        "query($id: ID!) { incident(id: $id) { timeline(last: 100) { nodes { kind visibility body } } } }";
    let answer = client.run_with(document, json!({ "id": id })).await.ok();
    let entries = answer.at("/incident/timeline/nodes").as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entry = |entry: &Value| (text(&entry["kind"]), text(&entry["visibility"]), text(&entry["body"]));
    entries.iter().rev().map(entry).collect()
}

/// The user errors of an answer: code and the path of the input.
fn faults(answer: &Answer) -> Vec<(String, String)> {
    let errors = answer.at("/userErrors").as_array().unwrap_or_else(|| panic!("{}", answer.body));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors
        .iter()
        .map(|error| {
            let path: Vec<_> = error["field"].as_array().into_iter().flatten().map(text).collect();
            (text(&error["code"]), path.join("."))
        })
        .collect()
}

/// Fails unless an answer says exactly this and did nothing.
#[track_caller]
fn refused(answer: &Answer, expected: &[(&str, &str)]) {
    assert!(answer.body.get("errors").is_none(), "{}", answer.body);
    let expected: Vec<_> = expected.iter().map(|(code, path)| (code.to_string(), path.to_string())).collect();
    assert_eq!(faults(answer), expected);
    assert!(answer.at("/receipt").is_null(), "{}", answer.body);
}
