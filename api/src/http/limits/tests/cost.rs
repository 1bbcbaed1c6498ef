//! What documents cost.

use async_graphql::{Response, Value as Data};
use proptest::prelude::*;

use super::*;

#[test]
fn a_document_costs_its_objects() {
    for (document, expected) in [
        // Nothing is free.
        ("{ __typename }", 1),
        ("{ eventCursor }", 1),
        ("{ viewer { permissions } }", 1),
        ("{ viewer { actor { name } adminUser { name } } }", 3),
        ("{ a: viewer { permissions } b: viewer { permissions } }", 2),
        // A page costs as many objects as it may have.
        ("{ incidents { nodes { id } } }", 20),
        ("{ incidents(first: 50) { nodes { id title } } }", 50),
        ("{ incidents(last: 7) { nodes { id } } }", 7),
        ("{ incidents(first: null, last: null) { nodes { id } } }", 20),
        ("{ incidents(first: 10) { edges { cursor node { id } } pageInfo { endCursor } totalCount } }", 10),
        ("{ incidents(first: 10) { edges { cursor } } }", 1),
        ("{ incidents(first: 10) { edges { node { id } } nodes { id } } }", 20),
        ("{ incidents(first: 10) { nodes { assignee { name } reporter { id } } } }", 30),
        // Inwards they multiply.
        (
            "{ incidents(first: 50) { nodes { id assignee { id } timeline(first: 5) { nodes { id } } } } }",
            350,
        ),
        ("{ incidents(first: 3) { nodes { timeline { nodes { actor { name } } } } } }", 3 * (1 + 20 * 2)),
        // To count a list isn't free either.
        ("{ incidents { totalCount } }", 1),
        ("{ incidents(first: 100) { nodes { timeline { totalCount } } } }", 200),
        // What a page can't have counts as the most that it can.
        ("{ incidents(first: 0) { nodes { id } } }", 100),
        ("{ incidents(first: -1) { nodes { id } } }", 100),
        ("{ incidents(first: 1000000000000000000000) { nodes { id } } }", 100),
        ("{ incidents(first: 1.5) { nodes { id } } }", 100),
        ("{ incidents(first: \"x\") { nodes { id } } }", 100),
        ("{ incidents(first: 5, last: 6) { nodes { id } } }", 6),
        // Other lists.
        ("{ incident(id: \"x\") { affectedServices { name } } }", 6),
        ("{ incident(id: \"x\") { participants { name } labels: affectedServices { name } } }", 11),
        ("{ incident(id: \"x\") { viewerCan { action } } }", 9),
        ("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id ... on Incident { assignee { id } } } }", 6),
        ("{ nodes(ids: \"a\") { id } }", 1),
        ("{ node(id: \"a\") { id } }", 1),
        // A mutation costs ten beside its payload.
        (
            "mutation { incidentCreate(input: {title: \"x\", severity: HIGH}) { incident { id } userErrors { code } \
             receipt { cursor } } }",
            10 + 1 + 1 + 5 + 1,
        ),
        ("mutation { a: incidentCreate { incident { id } } b: incidentCreate { incident { id } } }", 24),
        // A subscription costs what one event does.
        ("subscription { incidentChanged { type actor { name } incident { id } } }", 3),
        // Fragments count where they are spread, each time.
        ("{ ...F ...F } fragment F on Query { viewer { ...G } } fragment G on Viewer { actor { id } }", 4),
        ("{ ... on Query { ... { viewer { expiresAt } } } }", 1),
        // Selected twice, it is executed twice.
        ("{ viewer { actor { id } } viewer { actor { name } } }", 4),
        // What isn't in the schema costs nothing: it is refused later.
        ("{ nothing { at { all } } viewer { nothing { x } ... on Nothing { actor { id } } } }", 1),
        // What is left out for certain isn't counted.
        ("{ viewer @skip(if: true) { actor { id } } }", 1),
        ("{ viewer { actor @include(if: false) { id } adminUser @include(if: true) { id } } }", 2),
        (
            "{ viewer { ... @skip(if: true) { actor { id } } ...F @include(if: false) } } fragment F on Viewer { actor { id } }",
            1,
        ),
    ] {
        assert_eq!(cost(document), expected, "{document}");
    }
}

#[test]
fn variables_decide() {
    let page = "query($n: Int) { incidents(first: $n) { nodes { id } } }";
    let default = "query($n: Int = 7) { incidents(first: $n) { nodes { id } } }";
    for (document, variables, expected) in [
        (page, json!({ "n": 5 }), 5),
        (page, json!({}), 20),
        (page, json!({ "n": null }), 20),
        (page, json!({ "n": 101 }), 100),
        (page, json!({ "n": -5 }), 100),
        (page, json!({ "n": "5" }), 100),
        (page, json!({ "n": [5] }), 100),
        (default, json!({}), 7),
        (default, json!({ "n": 3 }), 3),
        (default, json!({ "n": null }), 20),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", json!({ "i": ["a", "b"] }), 2),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", json!({ "i": "a" }), 1),
        ("query($i: [ID!] = [\"a\", \"b\", \"c\"]) { nodes(ids: $i) { id } }", json!({}), 3),
        ("query($i: ID!) { nodes(ids: [$i, $i]) { id } }", json!({ "i": "a" }), 2),
        ("query($no: Boolean!) { viewer { actor @skip(if: $no) { id } } }", json!({ "no": true }), 1),
        ("query($no: Boolean!) { viewer { actor @skip(if: $no) { id } } }", json!({ "no": false }), 2),
        ("query($yes: Boolean!) { viewer { actor @include(if: $yes) { id } } }", json!({ "yes": false }), 1),
        // What isn't known for certain counts.
        ("query($no: Boolean = true) { viewer { actor @skip(if: $no) { id } } }", json!({}), 2),
        ("query($no: Boolean!) { viewer { actor @skip(if: $no) { id } } }", json!({ "no": "yes" }), 2),
    ] {
        assert_eq!(cost_with(document, variables.clone()), expected, "{document} with {variables}");
    }
}

#[test]
fn a_request_may_cost_so_much_and_no_more() {
    let limits = limits(&[("request_max_cost", "49")]);
    let page =
        |size| request("query($n: Int) { incidents(first: $n) { nodes { id } } }", json!({ "n": size }));
    assert_eq!(admit(&limits, page(49)).unwrap().cost(), 49);
    let error = admit(&limits, page(50)).unwrap_err();
    let extensions = error.extensions.unwrap();
    assert_eq!(extensions.get("code"), Some(&"MAX_COST_EXCEEDED".into()));
    assert_eq!(extensions.get("requestedCost"), Some(&50.into()));
    assert_eq!(extensions.get("maximum"), Some(&49.into()));
}

/// What a document has cost where `data` is the answer.
fn actual(document: &str, data: Value) -> Data {
    let admission = admit(&limits(&[]), request(document, json!({}))).unwrap();
    let mut response = Response::new(Data::from_json(data).unwrap());
    admission.settle(&mut response);
    let Some(Data::Object(cost)) = response.extensions.remove("cost") else { panic!("no cost") };
    cost["actualQueryCost"].clone()
}

#[test]
fn an_answer_costs_the_objects_in_it() {
    let page = "{ incidents { edges { cursor node { id assignee { id } } } nodes { id custom: assignee { id } } \
                pageInfo { endCursor } totalCount } }";
    let node = json!({ "id": "a", "assignee": { "id": "b" } });
    for (document, data, expected) in [
        ("{ __typename }", json!({ "__typename": "Query" }), 1),
        (
            "{ viewer { permissions actor { id } } }",
            json!({ "viewer": { "permissions": ["a"], "actor": null } }),
            1,
        ),
        (page, json!(null), 1),
        (page, json!({ "incidents": { "edges": [], "nodes": [], "pageInfo": {}, "totalCount": 0 } }), 1),
        (page, json!({ "incidents": { "edges": [{ "cursor": "c", "node": node }], "pageInfo": {} } }), 2),
        (page, json!({ "incidents": { "nodes": [{ "custom": {} }, { "custom": null }, null] } }), 3),
        // JSON of a scalar is no object.
        ("{ event(id: \"x\") { payload } }", json!({ "event": { "payload": { "a": { "b": {} } } } }), 1),
        (
            "mutation { incidentCreate { incident { id } userErrors { code } } }",
            json!({ "incidentCreate": { "incident": null, "userErrors": [{ "code": "a" }, { "code": "b" }] } }),
            13,
        ),
        // Selected in two places, answered once.
        (
            "{ viewer { actor { id } } ...F } fragment F on Query { viewer { adminUser { id } } }",
            json!({ "viewer": { "actor": {}, "adminUser": {} } }),
            3,
        ),
    ] {
        assert_eq!(actual(document, data.clone()), expected.into(), "{document} with {data}");
    }
}

proptest! {
    #[test]
    fn a_longer_page_never_costs_less_and_pages_multiply(a in 1..=100_u64, b in 1..=100_u64, c in 1..=100_u64) {
        let document = "query($a: Int, $b: Int) { incidents(first: $a) { nodes { timeline(last: $b) { nodes { actor { id } } } } } }";
        let of = |a: u64, b: u64| cost_with(document, json!({ "a": a, "b": b }));
        prop_assert_eq!(of(a, b), a * (1 + b * 2));
        prop_assert!(of(a.min(c), b) <= of(a.max(c), b));
        prop_assert!(of(a, b.min(c)) <= of(a, b.max(c)));
    }

    #[test]
    fn to_select_more_never_costs_less(mask in 0..32_u32) {
        let parts = ["assignee { id }", "reporter { id }", "timeline(first: 3) { nodes { id } }", "affectedServices { name }", "title"];
        let selected = |mask: u32| -> String {
            (0..5).filter(|bit| mask & (1 << bit) != 0).map(|bit| format!(" {}", parts[bit])).collect()
        };
        let of = |mask| cost(&format!("{{ incidents {{ nodes {{ id{} }} }} }}", selected(mask)));
        for bit in 0..5 {
            prop_assert!(of(mask) <= of(mask | 1 << bit));
        }
    }
}
