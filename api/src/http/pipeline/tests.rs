//! The stages, one by one.

use async_graphql::{
    EmptySubscription, Enum, ID, InputObject, Object, OneofObject, Schema, Value, Variables,
    parser::parse_query, registry::MetaType, value,
};
use serde_json::json;

use super::{Operation, Params, Persisted, Pipeline, Refusal, Types, variables, words};
use crate::{
    http::limits::tests::{by_default, generous},
    kernel::{
        actor::Caller,
        clock::Clock,
        request::Origin,
        stream,
        throttle::{Allowance, Throttle},
    },
    schema,
};

/// What a client wrote and nobody shall see.
const MARK: &str = "hunter2";

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Colour {
    Red,
    Green,
}

#[derive(InputObject)]
struct Paint {
    colour: Colour,
    #[graphql(default = 1)]
    coats: i32,
    under: Option<Box<Paint>>,
}

#[derive(OneofObject)]
enum Pick {
    Id(ID),
    Name(String),
}

struct Query;

#[Object]
impl Query {
    async fn paint(&self, paint: Paint, again: Option<Vec<Paint>>) -> i32 {
        let (colour, under) = (paint.colour as i32, paint.under.map_or(0, |under| under.coats));
        paint.coats + colour + under + again.map_or(0, |again| again.len() as i32)
    }

    async fn pick(&self, pick: Pick) -> String {
        match pick {
            Pick::Id(id) => id.0,
            Pick::Name(name) => name,
        }
    }

    async fn list(&self, ids: Option<Vec<ID>>, count: Option<i32>) -> bool {
        ids.is_some() || count.is_some()
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn touch(&self) -> bool {
        true
    }
}

fn types() -> Types {
    Types::of::<Query, Mutation, EmptySubscription>()
}

fn pipeline() -> Pipeline {
    let types = types();
    let allowance = Allowance { bucket: 1_000_000, per_second: 1, subscriptions: 1 };
    let limits = generous(types.registry(), &Throttle::new(Clock::system(), allowance));
    Pipeline::new(types, limits, Persisted::of(&by_default()))
}

/// Checks `variables` of an operation that declares `definitions`.
fn check(definitions: &str, variables: serde_json::Value) -> Result<(), Refusal> {
    let document = parse_query(format!("query({definitions}) {{ __typename }}")).unwrap();
    let operation = stream::choose(&document, None).unwrap();
    variables::check(&operation.node, &Variables::from_json(variables), &types())
}

#[test]
fn values_that_fit_pass() {
    for (definitions, variables) in [
        ("$a: Int", json!({})),
        ("$a: Int", json!({ "a": null })),
        ("$a: Int!", json!({ "a": 2147483647 })),
        ("$a: Int! = 3", json!({})),
        ("$a: ID!, $b: ID", json!({ "a": "x", "b": 7, "nobody": "asks" })),
        ("$a: [ID!]!", json!({ "a": ["x"] })),
        ("$a: [ID!]!", json!({ "a": "x" })),
        ("$a: [ID]", json!({ "a": [null] })),
        ("$a: Paint!", json!({ "a": { "colour": "RED" } })),
        ("$a: Paint!", json!({ "a": { "colour": "RED", "coats": 2, "under": { "colour": "GREEN" } } })),
        ("$a: Paint!", json!({ "a": { "colour": "RED", "under": null } })),
        ("$a: Pick!", json!({ "a": { "id": "x" } })),
        ("$a: Colour", json!({ "a": "GREEN" })),
        // Validation's business.
        ("$a: Nothing!", json!({})),
        ("$a: Query", json!({ "a": 1 })),
    ] {
        if let Err(refusal) = check(definitions, variables.clone()) {
            panic!("{definitions} {variables}: {refusal:?}");
        }
    }
}

#[test]
fn values_that_do_not_fit_end_the_request() {
    for (definitions, variables, message) in [
        ("$a: Int!", json!({}), "a value of the type Int! is needed"),
        ("$a: Int!", json!({ "a": null }), "it can't be null"),
        ("$a: Int", json!({ "a": 2147483648_i64 }), "it isn't a value of the type Int"),
        ("$a: Int", json!({ "a": -2147483649_i64 }), "it isn't a value of the type Int"),
        ("$a: Int", json!({ "a": 1e100 }), "it isn't a value of the type Int"),
        ("$a: Int", json!({ "a": MARK }), "it isn't a value of the type Int"),
        ("$a: ID", json!({ "a": true }), "it isn't a value of the type ID"),
        ("$a: [ID!]", json!({ "a": ["x", null] }), "at 1: it can't be null"),
        ("$a: [[ID]]", json!({ "a": [["x"], [{ MARK: 1 }]] }), "at 1.0: it isn't a value of the type ID"),
        ("$a: Colour", json!({ "a": MARK }), "Colour has no such value"),
        ("$a: Colour", json!({ "a": 1 }), "Colour has no such value"),
        ("$a: Paint", json!({ "a": MARK }), "Paint is an object"),
        ("$a: Paint", json!({ "a": [] }), "Paint is an object"),
        ("$a: Paint", json!({ "a": { "colour": "RED", MARK: 1 } }), "Paint has no such field"),
        ("$a: Paint", json!({ "a": {} }), "at colour: a value of the type Colour! is needed"),
        ("$a: Paint", json!({ "a": { "colour": "RED", "coats": null } }), "at coats: it can't be null"),
        (
            "$a: [Paint!]",
            json!({ "a": [{ "colour": "RED", "under": { "colour": MARK } }] }),
            "at 0.under.colour: Colour has no such value",
        ),
        ("$a: Pick", json!({ "a": {} }), "Pick takes exactly one of its fields, and not null"),
        ("$a: Pick", json!({ "a": { "id": "x", "name": "y" } }), "exactly one"),
        ("$a: Pick", json!({ "a": { "id": null } }), "exactly one"),
    ] {
        let refusal = check(definitions, variables.clone()).unwrap_err();
        let error = &refusal.errors[0];
        assert!(error.message.ends_with(message) || error.message.contains(message), "{}", error.message);
        assert!(!error.message.contains(MARK), "{}", error.message);
        assert_eq!(error.extensions.as_ref().unwrap().get("code"), Some(&value!("BAD_USER_INPUT")));
        assert_eq!(
            (error.locations.len(), refusal.status.as_u16(), refusal.is_about_document),
            (1, 400, true)
        );
    }
}

/// Scalars that take any literal: JSON because it is one, UUID because no input has it.
const TAKES_ALL: [&str; 2] = ["JSON", "UUID"];

#[test]
fn every_scalar_knows_its_values() {
    let types = Types::of::<schema::Query, schema::Mutation, schema::Subscription>();
    let mut seen = Vec::new();
    let sdl = schema::sdl();
    let own = sdl.lines().filter_map(|line| line.strip_prefix("scalar ")?.split(' ').next());
    for name in own.chain(["Boolean", "Float", "ID", "Int", "String"]) {
        let Some(MetaType::Scalar { is_valid, .. }) = types.get(name) else { panic!("{name}") };
        let takes = |value: &Value| is_valid.as_ref().is_none_or(|is_valid| is_valid(value));
        // Nobody means a list.
        assert_eq!(takes(&value!([])), TAKES_ALL.contains(&name), "{name}");
        let (good, bad) = match name {
            "DateTime" => (value!("2026-11-21T03:00:00+01:00"), value!("2026-11-21")),
            "Decimal" => (value!("-99.9500"), value!("1e3")),
            "EventCursor" => (value!("AAAAAAAAAAAAAAAAAAA"), value!("AAAA")),
            "Int" => (value!(2147483647), value!(2147483648_i64)),
            _ => continue,
        };
        assert!(takes(&good) && !takes(&bad), "{name}");
        seen.push(name);
    }
    seen.sort_unstable();
    assert_eq!(seen, ["DateTime", "Decimal", "EventCursor", "Int"]);
}

/// What validation says of `document`, as it is told.
async fn said_of(document: &str) -> Vec<String> {
    let schema = Schema::build(Query, Mutation, EmptySubscription).disable_suggestions().finish();
    let variables = Variables::from_json(json!({ "paint": { "colour": MARK }, MARK: MARK }));
    let response = schema.execute(async_graphql::Request::new(document).variables(variables)).await;
    let types = types();
    response.errors.iter().map(|error| words::without_echo(&error.message, &types)).collect()
}

#[tokio::test]
async fn what_is_said_of_a_document_is_told_without_its_words() {
    for (document, expected) in [
        ("{ hunter2 }", "Unknown field on type \"Query\"."),
        ("{ hunter2: nothing }", "Unknown field on type \"Query\"."),
        ("{ list(hunter2: 1) }", "Unknown argument on field \"list\" of type \"Query\"."),
        ("{ list(count: \"hunter2\") }", "Invalid value for argument \"count\", expected type \"Int\""),
        ("{ list @hunter2 }", "Unknown directive"),
        ("{ list @skip(if: true, hunter2: 1) }", "Unknown argument on directive \"skip\"."),
        ("{ ... on hunter2 { list } }", "Unknown type"),
        ("{ ...hunter2 }", "Unknown fragment:"),
        ("{ list } fragment hunter2 on Query { list }", "Fragment is never used"),
        ("query hunter2($hunter2: Int) { list }", "Variable is not used by operation"),
        ("query hunter2 { list(count: $hunter2) }", "Variable is not defined by operation"),
        ("query($a: hunter2) { list(count: $a) }", "Unknown type"),
        ("{ paint(paint: {colour: hunter2}) }", "enumeration type \"Colour\" has no such value"),
        (
            "{ paint(paint: {colour: \"hunter2\\\"hunter2\"}) }",
            "enumeration type \"Colour\" has no such value",
        ),
        ("{ paint(paint: {colour: RED, hunter2: 1}) }", "unknown field of type \"Paint\""),
        ("query($paint: Paint!) { paint(paint: $paint) }", "has no such value"),
        ("{ hunter2: list hunter2: pick(pick: {id: 1}) }", "Fields conflict because"),
        (
            "{ list { hunter2 } }",
            "Field \"list\" must not have a selection since type \"Boolean\" has no subfields",
        ),
    ] {
        let said = said_of(document).await;
        assert!(said.iter().any(|message| message.contains(expected)), "{document}: {said:?}");
        assert!(said.iter().all(|message| !message.contains(MARK)), "{document}: {said:?}");
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_not_repeated() {
    let pipeline = pipeline();
    for document in [
        "",
        "{",
        "hunter2",
        "{ hunter2",
        "{ list } hunter2",
        "{ list(ids: [hunter2 }",
        "query { a } { hunter2 }",
        "query hunter2 { list } query hunter2 { list }",
        "fragment hunter2 on Query { list }",
        "{ ...A } fragment A on Query { list } fragment A on Query { hunter2 }",
        "\u{0}hunter2",
        "{ list(ids: \"hunter2\n\") }",
        &"{hunter2".repeat(200),
    ] {
        let refusal = admitted(&pipeline, document, None).await.map(|_| ()).unwrap_err();
        let error = &refusal.errors[0];
        assert_eq!(error.extensions.as_ref().unwrap().get("code"), Some(&value!("GRAPHQL_PARSE_FAILED")));
        assert!(!error.message.contains(MARK) && error.message.len() < 300, "{document}: {}", error.message);
    }
}

#[tokio::test]
async fn the_operation_is_the_one_that_is_named() {
    let pipeline = pipeline();
    let two = "query A { list } mutation B { touch }";
    assert!(admitted(&pipeline, two, Some("B")).await.is_ok_and(|operation| !operation.reads_cursor));
    assert!(admitted(&pipeline, "query A { list }", None).await.is_ok());
    for (document, name) in [(two, None), (two, Some(MARK)), ("{ list }", Some(MARK))] {
        let refusal = admitted(&pipeline, document, name).await.map(|_| ()).unwrap_err();
        let error = &refusal.errors[0];
        assert_eq!(
            error.extensions.as_ref().unwrap().get("code"),
            Some(&value!("OPERATION_RESOLUTION_FAILURE"))
        );
        assert!(!error.message.contains(MARK));
    }
}

#[tokio::test]
async fn fragments_that_spread_each_other_many_times_are_refused() {
    let pipeline = pipeline();
    // 10^200 fields, were they all looked at.
    let mut document = "{ ...F0 }".to_owned();
    for number in 0..200 {
        let spreads = format!("...F{} ", number + 1).repeat(10);
        document += &format!(" fragment F{number} on Query {{ {spreads} }}");
    }
    document += " fragment F200 on Query { list ...F0 }";
    assert!(admitted(&pipeline, &document, None).await.is_err());
}

async fn admitted(pipeline: &Pipeline, document: &str, name: Option<&str>) -> Result<Operation, Refusal> {
    let params = Params { operation_name: name.map(str::to_owned), ..Params::default() };
    Operation::read(pipeline, &Caller::anonymous(), &Origin::default(), document.to_owned(), params)
}
