//! The HTTP face: what is said on the wire, and what isn't taken.

mod again;
mod bodies;
mod echo;
mod edge;
mod get;
mod negotiation;
mod options;
mod persisted;
mod scalars;
mod streams;
mod wire;

use serde_json::{Value, json};
use tests::{Reply, TestGateway, Wire};

/// The head of a request as most clients send it.
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Posts `body` on a connection of its own.
async fn post(gateway: &TestGateway, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
    let mut wire = Wire::connect(gateway.address()).await;
    wire.request("POST /graphql", headers, body.as_ref()).await.reply().await
}

/// A request for `document`.
fn query(document: &str) -> String {
    json!({ "query": document }).to_string()
}

/// The header that says who asks.
fn bearer(gateway: &TestGateway) -> String {
    format!("Bearer {}", gateway.owner().credential().unwrap())
}

/// Data that is nothing but its type's name.
fn typename() -> Value {
    json!({ "__typename": "Query" })
}
