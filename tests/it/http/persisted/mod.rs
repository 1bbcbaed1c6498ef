//! Documents that are named by their hash instead of sent.

mod automatic;
mod transports;
mod trusted;

use opsgate::kernel::persisted::DocumentHash;
use serde_json::{Value, json};
use tests::Client;

/// What everybody who is signed in may ask.
const VIEWER: &str = "{ viewer { permissions } }";
/// What stands in documents that are refused, and in no answer.
const MARK: &str = "hunter2";

/// As Apollo's clients name a document.
fn apollo(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

/// A request that names `document` without sending it.
fn by_hash(document: &str) -> Value {
    json!({ "extensions": apollo(&hash(document)) })
}

/// A request that names a document and sends it along.
fn with_hash(document: &str) -> Value {
    json!({ "query": document, "extensions": apollo(&hash(document)) })
}

/// A request that names a document as the draft of GraphQL over HTTP has it.
fn by_id(document: &str) -> Value {
    json!({ "documentId": format!("sha256:{}", hash(document)) })
}

fn hash(document: &str) -> String {
    DocumentHash::of(document).to_string()
}

/// The one error of what isn't known, as clients look for it.
async fn is_unknown(client: &Client, request: Value) {
    let answer = client.send(request).await;
    assert_eq!(answer.codes(), ["PERSISTED_QUERY_NOT_FOUND"], "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["message"], "PersistedQueryNotFound");
    assert_eq!((answer.status.as_u16(), answer.body.get("data")), (200, None));
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1);
}
