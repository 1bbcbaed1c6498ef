//! What holds for every mutation: keys, dry runs, ids, and what happens when many come or a client goes.

mod dry_run;
mod idempotency;
mod ids;
mod interruption;

use serde_json::json;
use tests::{Answer, Client};

/// Opens an incident.
async fn create(client: &Client, title: &str) -> Answer {
    let input = json!({ "title": title, "severity": "LOW" });
    client.mutate("incidentCreate", input, "incident { id number title status version }").await
}

/// The id of a new incident.
async fn open(client: &Client) -> String {
    create(client, "Database down").await.ok().text("/incident/id").to_owned()
}

/// Adds a note to an incident.
async fn note(client: &Client, id: &str, body: &str) -> Answer {
    let input = json!({ "id": id, "body": body });
    client.mutate("incidentNoteAdd", input, "incident { id title version }").await
}

/// The titles of all incidents, as the platform's owner sees them.
async fn titles(owner: &Client) -> Vec<String> {
    let document = "{ incidents(first: 100, orderBy: {field: NUMBER, direction: ASC}) { nodes { title } } }";
    let answer = owner.run(document).await.ok();
    let nodes = answer.at("/incidents/nodes").as_array().unwrap();
    nodes.iter().map(|node| node["title"].as_str().unwrap().to_owned()).collect()
}
