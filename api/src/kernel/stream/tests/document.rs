//! Documents: which field, and who shares.

use async_graphql::{Request, Variables};
use serde_json::{Value, json};

use super::deliveries::code;
use crate::kernel::stream::document::Document;

fn read(text: &str, variables: Value) -> Result<Document, async_graphql::ServerError> {
    Document::read(Request::new(text).variables(Variables::from_json(variables)))
}

#[test]
fn the_place_to_start_splits_no_group() {
    let shape = |text: &str, variables| read(text, variables).unwrap().shape();
    let query = "subscription($c: EventCursor, $f: F) { a(after: $c, filter: $f) { id } }";
    let one = shape(query, json!({ "c": "AAAA", "f": { "x": 1, "y": [true, null] } }));
    assert_eq!(one, shape(query, json!({ "f": { "y": [true, null], "x": 1 }, "c": "BBBB" })));
    assert_eq!(one, shape(query, json!({ "f": { "y": [true, null], "x": 1 } })));
    assert_ne!(one, shape(query, json!({ "c": "AAAA", "f": { "x": 2, "y": [true, null] } })));
    let literal = |cursor: &str| format!("subscription {{ a(after: \"{cursor}\") {{ id }} }}");
    assert_eq!(shape(&literal("AAAA"), json!({})), shape(&literal("BBBB"), json!({})));
}

#[test]
fn what_is_used_elsewhere_too_splits_groups() {
    let shape = |text: &str, variables| read(text, variables).unwrap().shape();
    let query = "subscription($c: EventCursor) { a(after: $c) { since(cursor: $c) } }";
    assert_ne!(shape(query, json!({ "c": "AAAA" })), shape(query, json!({ "c": "BBBB" })));
    let query = |cursor| format!("subscription {{ a(after: \"{cursor}\") {{ b(c: \"{cursor}\") }} }}");
    assert_ne!(shape(&query("AAAA"), json!({})), shape(&query("BBBB"), json!({})));
    // A longer name isn't the same variable.
    let query = "subscription($c: EventCursor, $cc: Int) { a(after: $c) { b(c: $cc) } }";
    assert_eq!(shape(query, json!({ "c": "AAAA", "cc": 1 })), shape(query, json!({ "c": "BBBB", "cc": 1 })));
    // Numbers that a canonical form of doubles would take for one.
    let query = "subscription($n: Int) { a(n: $n) { id } }";
    assert_ne!(
        shape(query, json!({ "n": 9_007_199_254_740_993_i64 })),
        shape(query, json!({ "n": 9_007_199_254_740_992_i64 }))
    );
    // Neither do a list of two and two of one run into each other.
    let query = "subscription($n: [Int], $m: [Int]) { a(n: $n, m: $m) { id } }";
    assert_ne!(shape(query, json!({ "n": [1, 2], "m": [] })), shape(query, json!({ "n": [1], "m": [2] })));
}

#[test]
fn one_root_field_it_has_to_be() {
    for text in [
        "subscription { a { id } b { id } }",
        "subscription { a { id } x: a { id } }",
        "subscription { a(n: 1) { id } a(n: 2) { id } }",
        "subscription { ...F b { id } } fragment F on Subscription { a { id } }",
        "subscription { ... { a { id } } ... { b { id } } }",
        "subscription { __typename }",
        "subscription { a @skip(if: false) { id } }",
        "subscription { ...F @include(if: true) } fragment F on Subscription { a { id } }",
        "subscription { ...F } fragment F on Query { a { id } }",
        "subscription { ...F }",
        "subscription { ...F } fragment F on Subscription { ...F }",
    ] {
        let error = read(text, json!({})).err().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(code(&error), "GRAPHQL_VALIDATION_FAILED", "{text}");
    }
    for (text, expected) in [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("query A { a } query B { a }", "OPERATION_RESOLUTION_FAILURE"),
    ] {
        assert_eq!(code(&read(text, json!({})).err().unwrap()), expected);
    }
}

#[test]
fn a_field_in_parts_and_fragments_is_put_together() {
    for text in [
        "subscription { widgetChanged { number } }",
        "subscription { widgetChanged { number } widgetChanged { cursor } }",
        "subscription { ...F } fragment F on Subscription { widgetChanged { number } }",
        "subscription { ... on Subscription { widgetChanged { ...W } } } fragment W on WidgetChange { number }",
    ] {
        assert_eq!(read(text, json!({})).unwrap().field(), "widgetChanged", "{text}");
    }
}
