//! Every root field, tried by everybody: nobody, who may only this, who may everything else, and a stranger.

use std::collections::BTreeMap;

use entity::admin_user::AdminLevel;
use opsgate::{
    kernel::guard::{Access, Root, RootField},
    schema,
};
use serde_json::{Value, json};
use tests::{Client, Message, Socket};

use super::{
    edges,
    fixture::{Fixture, MARK},
    operations::{OPERATIONS, Stranger, TAKE_MORE},
};

/// A mutation that refuses to be rehearsed: it asks the network.
pub(super) const CANT_BE_UNDONE: &str = "serviceProbe";

/// The rows with their declarations.
pub(super) fn rows() -> Vec<(RootField, &'static str, Stranger)> {
    let catalogue = schema::catalogue();
    let row = |(name, document, stranger): &(&str, &'static str, Stranger)| {
        let field = catalogue.field(name).unwrap_or_else(|| panic!("there is no root field {name}"));
        (*field, *document, *stranger)
    };
    OPERATIONS.iter().map(row).collect()
}

/// Asks as `client`: the data, and the errors. Subscriptions answer without data where they are accepted.
pub(super) async fn ask(client: &Client, field: &RootField, document: &str) -> (Value, Vec<Value>) {
    if field.root != Root::Subscription {
        let answer = client.run(document).await;
        assert_eq!(answer.status, 200, "{document}: {}", answer.body);
        let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
        return (answer.body["data"][field.name].clone(), errors);
    }
    let mut socket = client.socket().await;
    socket.subscribe("it", document, json!({})).await;
    // An acceptance isn't said: it is one where nothing was refused through many answers.
    for round in 0..ROUNDS {
        let after = format!("after-{round}");
        socket.subscribe(&after, "{ __typename }", json!({})).await;
        loop {
            match said(&mut socket).await {
                // Already something to hear: on PostgreSQL the token's own making may come late.
                message if message["id"] == "it" && message["type"] == "next" => {
                    return (Value::Null, vec![]);
                }
                message if message["id"] == "it" => return (Value::Null, errors_of(&message)),
                message if message["id"] == *after && message["type"] == "complete" => break,
                _ => {}
            }
        }
    }
    (Value::Null, vec![])
}

/// Asks as a `client` who is to be refused: the data, and the errors. A subscription's are waited for.
pub(super) async fn try_in_vain(client: &Client, field: &RootField, document: &str) -> (Value, Vec<Value>) {
    if field.root != Root::Subscription {
        return ask(client, field, document).await;
    }
    let mut socket = client.socket().await;
    socket.subscribe("it", document, json!({})).await;
    (Value::Null, errors_of(&said(&mut socket).await))
}

/// The next message; it comes, or the test fails.
async fn said(socket: &mut Socket) -> Value {
    match socket.next().await {
        Message::Json(message) => message,
        Message::Closed(code, reason) => panic!("closed with {code} {reason}"),
    }
}

fn errors_of(message: &Value) -> Vec<Value> {
    assert_eq!(message["type"], "error", "{message}");
    message["payload"].as_array().cloned().unwrap()
}

/// Queries that are asked and answered before a subscription counts as accepted.
const ROUNDS: usize = 25;

pub(super) fn codes(errors: &[Value]) -> Vec<&str> {
    errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap()).collect()
}

#[test]
fn every_root_field_has_a_row() {
    let mut rows: BTreeMap<_, usize> = BTreeMap::new();
    for (name, ..) in OPERATIONS {
        *rows.entry(*name).or_default() += 1;
    }
    let expected: BTreeMap<_, usize> = schema::catalogue().fields().map(|field| (field.name, 1)).collect();
    assert_eq!(rows, expected, "operations.rs holds one operation for each root field");
}

#[tokio::test]
async fn nobody_gets_what_is_not_public() {
    let fixture = Fixture::new().await;
    let before = fixture.gateway.recorded().await;
    for (field, document, _) in rows() {
        let nobody = fixture.gateway.nobody();
        let document = fixture.fill(document);
        if field.access == Access::Public {
            let (_, errors) = ask(&nobody, &field, &document).await;
            assert_eq!(codes(&errors), [""; 0], "{}", field.name);
        } else {
            let (data, errors) = try_in_vain(&nobody, &field, &document).await;
            assert_eq!(codes(&errors), ["UNAUTHENTICATED"], "{}: {errors:?}", field.name);
            assert_eq!(data, Value::Null, "{}", field.name);
        }
    }
    assert_eq!(fixture.gateway.recorded().await, before);
}

#[tokio::test]
async fn whoever_has_no_second_factor_enrols_one_before_anything_else() {
    let fixture = Fixture::new().await;
    let gateway = &fixture.gateway;
    let account = gateway.account("Newcomer", AdminLevel::SuperAdmin).await;
    let person = gateway.person(account, "newcomer@example.com").await;
    let client = gateway.holder(&gateway.sign_in(person.input(Value::Null)).await.ok());
    for (field, document, _) in rows() {
        if matches!(field.access, Access::Public | Access::Enrolling) {
            continue;
        }
        let (data, errors) = try_in_vain(&client, &field, &fixture.fill(document)).await;
        assert_eq!(codes(&errors), ["FORBIDDEN"], "{}: {errors:?}", field.name);
        assert_eq!(errors[0]["extensions"]["isEnrolmentRequired"], true, "{}", field.name);
        assert_eq!(data, Value::Null, "{}", field.name);
    }
}

#[tokio::test]
async fn whoever_has_the_permission_needs_no_other() {
    let fixture = Fixture::new().await;
    for (field, document, _) in rows() {
        // Mutations are tried and undone, so that each finds the fixture as it was.
        let is_dry_run = (field.name != CANT_BE_UNDONE).to_string();
        let client = fixture.only(field.access.permission()).await.with_header("x-dry-run", &is_dry_run);
        let (mut data, mut errors) = ask(&client, &field, &fixture.fill(document)).await;
        if field.access.is_step_up() {
            // A token has no second factor; a person has.
            assert_eq!(codes(&errors), ["STEP_UP_REQUIRED"], "{}", field.name);
            let person =
                fixture.person(field.access.permission()).await.with_header("x-dry-run", &is_dry_run);
            (data, errors) = ask(&person, &field, &fixture.fill(document)).await;
        }
        assert_eq!(data.is_null(), field.root == Root::Subscription, "{}: {data} {errors:?}", field.name);
        if TAKE_MORE.contains(&field.name) {
            assert_eq!(errors, [Value::Null; 0], "{}", field.name);
            assert_eq!(data["userErrors"], json!([{ "code": "NOT_ALLOWED" }]), "{}", field.name);
            continue;
        }
        let edge = edges::of_payload(&field);
        let Some((edge, needed)) = edge.filter(|(_, needed)| Some(*needed) != field.access.permission())
        else {
            assert_eq!(errors, [Value::Null; 0], "{}", field.name);
            continue;
        };
        // It is done, and the changed object is for those alone who may see it.
        assert_eq!(data["userErrors"], json!([]), "{}", field.name);
        assert_eq!(data[&edge], Value::Null, "{}", field.name);
        assert_eq!(codes(&errors), ["FORBIDDEN"], "{}: {document} selects {edge}", field.name);
        assert_eq!(errors[0]["path"], json!([field.name, edge]));
        assert_eq!(errors[0]["extensions"]["requiredPermissions"], json!([needed]));
    }
}

#[tokio::test]
async fn every_other_permission_is_not_enough() {
    let fixture = Fixture::new().await;
    for (field, document, _) in rows() {
        let Some(permission) = field.access.permission() else { continue };
        let client = fixture.all_but(permission).await;
        let before = fixture.gateway.recorded().await;
        let (data, errors) = try_in_vain(&client, &field, &fixture.fill(document)).await;
        assert_eq!(codes(&errors), ["FORBIDDEN"], "{}: {errors:?}", field.name);
        assert_eq!(errors[0]["extensions"]["requiredPermissions"], json!([permission]), "{}", field.name);
        assert_eq!(data, Value::Null, "{}", field.name);
        let facts = fixture.gateway.facts(before).await;
        let types: Vec<_> = facts.iter().map(|fact| &*fact.event.event_type).collect();
        assert_eq!(types, ["admin.access.denied"], "{}: nothing but the denial happened", field.name);
    }
}

#[tokio::test]
async fn a_stranger_sees_nothing_that_is_not_theirs() {
    let fixture = Fixture::new().await;
    for (field, document, expected) in rows() {
        let (data, errors) = ask(&fixture.stranger, &field, &fixture.fill(document)).await;
        let expected_codes: &[&str] = if expected == Stranger::StepUp { &["STEP_UP_REQUIRED"] } else { &[] };
        assert_eq!(codes(&errors), expected_codes, "{}", field.name);
        assert!(!data.to_string().contains(MARK), "{}: {data}", field.name);
        match expected {
            Stranger::Null => assert_eq!(data, Value::Null, "{}", field.name),
            Stranger::Empty => assert_eq!(data, json!({ "nodes": [], "totalCount": 0 }), "{}", field.name),
            Stranger::StepUp => assert_eq!(data, Value::Null, "{}", field.name),
            Stranger::NotFound | Stranger::NotAllowed | Stranger::Invalid => {
                let expected_code = match expected {
                    Stranger::NotFound => "NOT_FOUND",
                    Stranger::NotAllowed => "NOT_ALLOWED",
                    _ => "INVALID",
                };
                let codes: Vec<_> =
                    data["userErrors"].as_array().unwrap().iter().map(|e| &e["code"]).collect();
                assert!(
                    !codes.is_empty() && codes.iter().all(|code| *code == expected_code),
                    "{}: {data}",
                    field.name
                );
                let edge = edges::of_payload(&field).map(|(edge, _)| edge);
                assert_eq!(
                    edge.map_or(Value::Null, |edge| data[&edge].clone()),
                    Value::Null,
                    "{}",
                    field.name
                );
            }
            Stranger::Own => {
                let faults = data["userErrors"].as_array().map_or(0, Vec::len);
                assert_eq!(faults, 0, "{}: {data}", field.name);
            }
        }
    }
}
