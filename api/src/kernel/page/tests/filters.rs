//! Filters as inputs: what they refuse, and how they look in the schema.

use async_graphql::{InputType, Value, value};
use serde_json::{Value as Json, json};

use super::{
    fixture::{Bench, incident},
    schema::{IncidentFilter, IncidentOrder, IncidentOrderField, Query},
};
use crate::kernel::{
    error::{Error, Invalid},
    page::{Direction, Filter, Order, Predicate},
};

/// The filter of an input, as async-graphql reads it.
fn filter(input: Json) -> IncidentFilter {
    IncidentFilter::parse(Some(Value::from_json(input).unwrap()))
        .map_err(|error| error.into_server_error(Default::default()))
        .unwrap()
}

fn passes(input: Json, state: &Json) -> Option<bool> {
    filter(input).predicate().unwrap().matches(state)
}

fn refusals(input: Json) -> Vec<String> {
    match filter(input).predicate() {
        Err(Error::Invalid(Invalid { violations, .. })) => {
            violations.into_iter().map(|violation| violation.message).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_asked_is_true_and_empty_lists_are_what_they_say() {
    let state = json!({ "title": "a", "affectedService": [] });
    for (input, expected) in [
        (json!({}), Some(true)),
        (json!({ "title": {} }), Some(true)),
        (json!({ "affectedService": {} }), Some(true)),
        (json!({ "and": [] }), Some(true)),
        (json!({ "or": [] }), Some(false)),
        (json!({ "or": [{}] }), Some(true)),
        (json!({ "not": {} }), Some(false)),
        (json!({ "title": { "in": [] } }), Some(false)),
        (json!({ "severity": { "in": [] } }), Some(false)),
        (json!({ "severity": { "notIn": [] } }), Some(true)),
        // No value: neither equal nor not.
        (json!({ "severity": { "eq": "LOW" } }), None),
        (json!({ "severity": { "ne": "LOW" } }), None),
        (json!({ "not": { "severity": { "eq": "LOW" } } }), None),
        (json!({ "description": { "isNull": true } }), Some(true)),
        (json!({ "affectedService": { "isNull": true } }), Some(true)),
        (json!({ "affectedService": { "ne": "a" } }), Some(false)),
        // What is false decides, unknown or not.
        (json!({ "severity": { "eq": "LOW" }, "title": { "eq": "b" } }), Some(false)),
        (json!({ "or": [{ "severity": { "eq": "LOW" } }, { "title": { "eq": "a" } }] }), Some(true)),
    ] {
        assert_eq!(passes(input.clone(), &state), expected, "{input}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_its_place() {
    let admin = "adm_01h455vb4pex5vsknk084sn02q";
    let input = json!({
        "assigneeId": { "eq": "inc_01h455vb4pex5vsknk084sn02q", "in": [admin, "nonsense"] },
        "title": { "contains": "x".repeat(1_001), "startsWith": "\u{0}", "eq": null },
        "not": { "or": [{}, { "description": { "in": vec!["x"; 101] } }] },
    });
    let found = refusals(input);
    let expected = [
        "`filter.title.eq`: null can't be compared: leave it out, or ask by `isNull`",
        "`filter.title.contains`: a text has at most 1000 characters",
        "`filter.title.startsWith`: a text can't hold the character U+0000",
        "`filter.assigneeId.eq`: this is the id of another type (inc_…), not of the admin user that is wanted here (adm_…)",
        "`filter.assigneeId.in.1`: this isn't an id: the id of the admin user looks like adm_01j9…",
        "`filter.not.or.1.description.in`: a list has at most 100 items",
    ];
    assert_eq!(found, expected);
}

#[test]
fn depth_and_number_are_bounded() {
    let nested = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert_eq!(passes(nested(8), &json!({})), Some(true));
    let refused = refusals(nested(9));
    assert_eq!(refused.len(), 1);
    assert!(refused[0].ends_with(": filters nest at most 8 deep"), "{refused:?}");

    let many = |n: usize| json!({ "or": vec![json!({}); n] });
    assert_eq!(passes(many(100), &json!({})), Some(true));
    let message = "`filter.or.100`: a filter has at most 100 conditions, nested filters included";
    assert_eq!(refusals(many(101)), [message]);
    // Said once, however many follow.
    assert_eq!(
        refusals(json!({ "or": vec![json!({ "title": { "eq": "a", "ne": "b" } }); 10_000] })).len(),
        1
    );
}

#[test]
fn every_filter_has_its_fields() {
    let expected = [
        "severity",
        "impact",
        "title",
        "description",
        "assigneeId",
        "affectedService",
        "mitigatedAt",
        "version",
    ];
    assert_eq!(IncidentFilter::fields(), expected);
    assert_eq!(Option::<IncidentFilter>::fields(), expected);
    assert_eq!(None::<IncidentFilter>.predicate().unwrap(), Predicate::default());
}

#[tokio::test]
async fn a_filter_chooses_the_rows_of_a_list_and_of_its_count() {
    for bench in Bench::all().await {
        for n in 0..4 {
            let mut row = incident(n);
            row.title = ["a%", "ab", "b", "A%"][n as usize].to_owned();
            bench.insert(row).await;
        }
        let filter = r#"{ title: { startsWith: "a" }, or: [{ title: { contains: "%" } }, { severity: { in: [HIGH, LOW] } }] }"#;
        let data = bench
            .data(&format!("{{ incidents(filter: {filter}) {{ nodes {{ title }} totalCount }} }}"))
            .await;
        assert_eq!(
            data["incidents"],
            json!({ "nodes": [{ "title": "ab" }, { "title": "a%" }], "totalCount": 2 })
        );
        let refused = bench.refusal(r#"{ incidents(filter: { title: { eq: null } }) { totalCount } }"#).await;
        assert!(refused.starts_with("`filter.title.eq`: null"), "{refused}");
    }
}

#[test]
fn the_schema_reads_as_it_should() {
    let sdl =
        async_graphql::Schema::new(Query, async_graphql::EmptyMutation, async_graphql::EmptySubscription)
            .sdl();
    let has = |text: &str| assert!(sdl.contains(text), "{text} isn't in\n{sdl}");
    for ty in [
        "type IncidentConnection {",
        "type IncidentEdge {",
        "type IncidentTimelineEntryConnection {",
        "type PageInfo {",
        "input IncidentSeverityFilter {",
        "input StringFilter {",
        "input DateTimeFilter {",
        "input IDFilter {",
        "input IncidentFilter {",
        "input IncidentOrder {",
        "enum IncidentOrderField {",
        "enum OrderDirection {",
        "scalar Cursor",
        "\tin: [IncidentSeverity!]\n",
        "\tnotIn: [IncidentSeverity!]\n",
        "\tnot: IncidentFilter\n",
        "\tor: [IncidentFilter!]\n",
        "\tdirection: OrderDirection! = DESC\n",
        "\ttotalCount: Int!\n",
        "\tisTotalCountExact: Boolean!\n",
        "\tedges: [IncidentEdge!]!\n",
        "\tnodes: [Incident!]!\n",
        "\tpageInfo: PageInfo!\n",
        "\tstartCursor: Cursor\n",
        "\tin: [ID!]\n",
        "\tisNull: Boolean\n",
    ] {
        has(ty);
    }
}

#[test]
fn an_order_says_its_default() {
    let order = IncidentOrder::parse(Some(value!({ "field": "TITLE" }))).unwrap_or_default();
    assert_eq!(order.field, IncidentOrderField::Title);
    assert_eq!(order.direction, Direction::Desc);
    let default = Order::from(None::<IncidentOrder>);
    assert_eq!(default, Order::desc(::entity::incident::Column::CreatedAt));
}
