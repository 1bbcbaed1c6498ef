//! GraphQL over server-sent events.

mod distinct;
mod endings;
mod reserved;
mod slow;

use serde_json::{Value, json};
use tests::Client;

/// Follows incidents.
const INCIDENTS: &str =
    "subscription($after: EventCursor) { incidentChanged(after: $after) { cursor incident { title } } }";

/// Opens an incident and answers the place of that in the log.
async fn open_incident(client: &Client, title: &str) -> String {
    let created =
        client.mutate("incidentCreate", json!({ "title": title, "severity": "LOW" }), "").await.ok();
    created.text("/receipt/cursor").to_owned()
}

/// The title of a delivered incident.
fn title(result: &Value) -> &str {
    result["data"]["incidentChanged"]["incident"]["title"].as_str().unwrap_or_else(|| panic!("{result}"))
}
