//! What every answer keeps to, whatever was asked.

use serde_json::Value;
use tests::Reply;

use super::MARK;

/// The codes of errors that a client can have deserved. INTERNAL_SERVER_ERROR isn't among them.
const CODES: [&str; 14] = [
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "OPERATION_RESOLUTION_FAILURE",
    "PERSISTED_QUERY_NOT_FOUND",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "STEP_UP_REQUIRED",
    "THROTTLED",
    "MAX_COST_EXCEEDED",
    "NOT_FOUND",
    "CONFLICT",
    "CURSOR_EXPIRED",
    "UNAVAILABLE",
];
/// What HTTP may say; 404 to a reservation of a stream that there isn't.
const STATUSES: [u16; 12] = [200, 400, 401, 403, 404, 405, 406, 408, 413, 415, 429, 503];

/// An answer over HTTP is one that the specifications know; its JSON.
pub fn answer(reply: &Reply, shown: &str) -> Value {
    let media = reply.header("content-type").unwrap_or_default();
    let is_strict = media.starts_with("application/graphql-response+json");
    assert!(is_strict || media.starts_with("application/json"), "{media:?} to {shown}");
    assert!(STATUSES.contains(&reply.status.as_u16()), "{} to {shown}", reply.status);
    let body = reply.json();
    response(&body, shown);
    let is_executed = body.get("data").is_some();
    assert_eq!(is_executed, body["extensions"]["cost"].is_object(), "{body} to {shown}");
    assert!(reply.status == 200 || !is_executed, "{} with {body} to {shown}", reply.status);
    assert!(!is_strict || is_executed == (reply.status == 200), "{} with {body} to {shown}", reply.status);
    body
}

/// A GraphQL response is well formed, and costs at least the objects in it.
pub fn response(body: &Value, shown: &str) {
    let named = body.as_object().unwrap_or_else(|| panic!("{body} to {shown}"));
    assert!(named.keys().all(|key| ["data", "errors", "extensions"].contains(&key.as_str())), "{body}");
    let Some(data) = body.get("data") else {
        return errors(&body["errors"], shown);
    };
    if body.get("errors").is_some() {
        errors(&body["errors"], shown);
    }
    // An event of a subscription doesn't say what it costs.
    let cost = &body["extensions"]["cost"];
    let (requested, actual) = (&cost["requestedQueryCost"], &cost["actualQueryCost"]);
    if let (Some(requested), Some(actual)) = (requested.as_u64(), actual.as_u64()) {
        let objects = objects(data);
        assert!(actual <= requested, "{actual} of {requested} points: {shown}");
        assert!(objects <= requested, "{objects} objects for {requested} points: {shown}\n{data}");
    }
}

/// Errors say what happened and which request it was, and repeat nothing.
pub fn errors(errors: &Value, shown: &str) {
    let list = errors.as_array().filter(|list| !list.is_empty());
    for error in list.unwrap_or_else(|| panic!("no errors but {errors} to {shown}")) {
        let (message, mut extensions) = (error["message"].as_str(), error["extensions"].clone());
        let code = extensions["code"].as_str().unwrap_or_default();
        assert!(CODES.contains(&code), "{error} to {shown}");
        assert!(extensions["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{error} to {shown}");
        assert!(message.is_some_and(|message| !message.is_empty()), "{error} to {shown}");
        // A path names what is in the answer, as the client has called it, and a request's id may be the client's.
        extensions["requestId"].take();
        let said = format!("{} {extensions}", error["message"]);
        assert!(!said.contains(MARK), "{error} to {shown}");
    }
}

/// How many objects there are: what has said its type, but for the roots and what pages are made of.
fn objects(data: &Value) -> u64 {
    let inner = match data {
        Value::Array(items) => items.iter().map(objects).sum(),
        Value::Object(fields) => fields.values().map(objects).sum(),
        _ => 0,
    };
    let is_counted = data["__typename"].as_str().is_some_and(|name| {
        !["Query", "Mutation", "Subscription", "PageInfo"].contains(&name)
            && !["Connection", "Edge"].iter().any(|end| name.ends_with(end))
            && !name.starts_with("__")
    });
    inner + u64::from(is_counted)
}
