//! Nothing of another organization is changed, and nothing of one's own is tied to it.

use std::collections::BTreeSet;

use async_graphql::{
    Value as Literal,
    parser::{
        parse_query,
        types::{Selection, TypeKind},
    },
};
use opsgate::{kernel::guard::Root, schema};
use serde_json::Value;
use tests::Fact;

use super::{Tenants, reading::Reading, told};
use crate::authz::{base, operations::OPERATIONS};

/// Ids that an input may name beside what it is about, each in an operation that is one's own but for the other
/// organization's id in `<…>`.
#[rustfmt::skip]
const REFERENCES: &[(&str, &str)] = &[
    ("AlertTriggerInput.organizationId", r#"mutation { alertTrigger(input: {source: "x", dedupKey: "x", severity: LOW, title: "x", organizationId: "<organization>"}) { userErrors { code } } }"#),
    ("AlertTriggerInput.serviceId", r#"mutation { alertTrigger(input: {source: "x", dedupKey: "x", severity: LOW, title: "x", serviceId: "<service>"}) { userErrors { code } } }"#),
    ("ApiTokenCreateInput.organizationId", r#"mutation { apiTokenCreate(input: {name: "x", scopes: ["incidents.read"], organizationId: "<organization>"}) { userErrors { code } } }"#),
    ("ImpersonationStartInput.organizationId", r#"mutation { impersonationStart(input: {userId: "{user}", organizationId: "<organization>", reason: "x"}) { userErrors { code } } }"#),
    ("IncidentAssignInput.assigneeId", r#"mutation { incidentAssign(input: {id: "{open}", assigneeId: "<account>"}) { userErrors { code } } }"#),
    ("IncidentAssignInput.commanderId", r#"mutation { incidentAssign(input: {id: "{open}", commanderId: "<account>"}) { userErrors { code } } }"#),
    ("IncidentCreateInput.assigneeId", r#"mutation { incidentCreate(input: {title: "x", severity: LOW, assigneeId: "<account>"}) { userErrors { code } } }"#),
    ("IncidentCreateInput.organizationId", r#"mutation { incidentCreate(input: {title: "x", severity: LOW, organizationId: "<organization>"}) { userErrors { code } } }"#),
    ("IncidentMergeInput.sourceIds", r#"mutation { incidentMerge(input: {targetId: "{open}", sourceIds: ["{other}", "<other>"]}) { userErrors { code } } }"#),
    ("IncidentMergeInput.targetId", r#"mutation { incidentMerge(input: {targetId: "<open>", sourceIds: ["{other}"]}) { userErrors { code } } }"#),
    ("OrganizationMemberAddInput.organizationId", r#"mutation { organizationMemberAdd(input: {organizationId: "<organization>", userId: "{user}", role: "x"}) { userErrors { code } } }"#),
    ("OrganizationMemberAddInput.userId", r#"mutation { organizationMemberAdd(input: {organizationId: "{organization}", userId: "<user>", role: "x"}) { userErrors { code } } }"#),
    ("OrganizationMergeInput.sourceId", r#"mutation { organizationMerge(input: {sourceId: "<organization>", targetId: "{organization}"}) { userErrors { code } } }"#),
    ("OrganizationMergeInput.targetId", r#"mutation { organizationMerge(input: {sourceId: "{organization}", targetId: "<organization>"}) { userErrors { code } } }"#),
    ("ServiceRegisterInput.dependsOn", r#"mutation { serviceRegister(input: {name: "x", dependsOn: ["<service>"]}) { userErrors { code } } }"#),
    ("ServiceRegisterInput.organizationId", r#"mutation { serviceRegister(input: {name: "x", organizationId: "<organization>"}) { userErrors { code } } }"#),
    ("ServiceUpdateInput.dependsOn", r#"mutation { serviceUpdate(input: {id: "{service}", dependsOn: ["<service>"]}) { userErrors { code } } }"#),
];

/// What is refused looks like this: it isn't there, or it is the platform's own.
const REFUSED: [&str; 2] = ["NOT_FOUND", "NOT_ALLOWED"];

/// Tries an operation with their ids, and with nobody's: both are refused alike, and nothing happens.
async fn refused(tenants: &Tenants, name: &str, theirs: &str, nobodys: &str) {
    let before = tenants.gateway.recorded().await;
    let answer = told(&tenants.client, theirs).await;
    // What takes a second factor isn't even looked at: a token has none.
    let is_stopped = answer["errors"][0]["extensions"]["code"] == "STEP_UP_REQUIRED";
    let errors = answer["data"][name]["userErrors"].as_array().cloned().unwrap_or_default();
    let is_refused = |error: &Value| REFUSED.contains(&error["code"].as_str().unwrap());
    assert!(is_stopped || !errors.is_empty() && errors.iter().all(is_refused), "{theirs}: {answer}");
    tenants.check(&answer.to_string(), theirs);
    assert_eq!(answer, told(&tenants.client, nobodys).await, "{theirs}");
    // That it was tried may be on the record, and nothing else.
    let facts = tenants.gateway.facts(before).await;
    let is_denial = |fact: &Fact| fact.event.event_type == "admin.access.denied";
    assert!(facts.iter().all(is_denial), "{name}: nothing happened: {facts:?}");
}

#[tokio::test]
async fn what_is_another_organizations_cant_be_changed() {
    let tenants = Tenants::new().await;
    let other = tenants.gateway.partner(&["*"], tenants.theirs.organization).await;
    let everything = "{ incidents { nodes { version } } services { nodes { version } } alerts { nodes { version } } \
                      users { nodes { version } } organizations { nodes { version } } }";
    let before = told(&other, everything).await;
    for field in schema::catalogue().fields().filter(|field| field.root == Root::Mutation) {
        let (_, document, _) = OPERATIONS.iter().find(|(name, ..)| *name == field.name).unwrap();
        let theirs = tenants.theirs.fill(document);
        if theirs != *document {
            refused(&tenants, field.name, &theirs, &tenants.absent(document)).await;
        }
    }
    assert_eq!(told(&other, everything).await, before);
}

#[tokio::test]
async fn nothing_of_ones_own_is_tied_to_another_organization() {
    let tenants = Tenants::new().await;
    for (coordinate, document) in REFERENCES {
        // What is in braces is ours; in angle brackets stands what isn't.
        let own = tenants.ours.fill(document).replace('<', "{").replace('>', "}");
        let name = document.trim_start_matches("mutation { ").split('(').next().unwrap();
        assert_ne!(tenants.theirs.fill(&own), own, "{coordinate} names something");
        refused(&tenants, name, &tenants.theirs.fill(&own), &tenants.absent(&own)).await;
    }
}

/// The fields of inputs that an operation of `operations.rs` gives an id.
fn given(reading: &Reading) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for field in reading.fields("Mutation") {
        let name = field.name.node.as_str();
        let (_, document, _) = OPERATIONS.iter().find(|(operation, ..)| *operation == name).unwrap();
        let document = parse_query(document).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let Selection::Field(selected) = &operation.node.selection_set.node.items[0].node else {
            unreachable!()
        };
        for (argument, value) in &selected.node.arguments {
            let declared = field.arguments.iter().find(|declared| declared.node.name == *argument).unwrap();
            let value = value.node.clone().into_const().unwrap();
            walk(reading, &declared.node.ty.node.to_string(), &value, &mut found);
        }
    }
    found
}

/// Notes the fields of the input type `ty` that `value` gives.
fn walk(reading: &Reading, ty: &str, value: &Literal, found: &mut BTreeSet<String>) {
    let ty = ty.replace(['[', ']', '!'], "");
    let Some(TypeKind::InputObject(input)) = reading.ty(&ty).map(|ty| &ty.kind) else { return };
    match value {
        Literal::Object(object) => {
            for (name, value) in object {
                let field = input.fields.iter().find(|field| field.node.name.node == *name).unwrap();
                if *value != Literal::Null {
                    found.insert(format!("{ty}.{name}"));
                }
                walk(reading, &field.node.ty.node.to_string(), value, found);
            }
        }
        Literal::List(items) => items.iter().for_each(|item| walk(reading, &ty, item, found)),
        _ => {}
    }
}

#[test]
fn every_id_of_an_input_is_tried() {
    let reading = Reading::new();
    let given = given(&reading);
    let mut open: Vec<String> = reading
        .fields("Mutation")
        .iter()
        .flat_map(|field| field.arguments.iter())
        .map(|argument| argument.node.ty.node.to_string())
        .collect();
    let (mut seen, mut untried) = (BTreeSet::new(), BTreeSet::new());
    while let Some(ty) = open.pop() {
        let ty = ty.replace(['[', ']', '!'], "");
        let Some(TypeKind::InputObject(input)) = reading.ty(&ty).map(|ty| &ty.kind) else { continue };
        if !seen.insert(ty.clone()) {
            continue;
        }
        for field in &input.fields {
            let (name, of) = (&field.node.name.node, field.node.ty.node.to_string());
            let coordinate = format!("{ty}.{name}");
            let is_listed = REFERENCES.iter().any(|(listed, _)| *listed == coordinate);
            if of.replace(['[', ']', '!'], "") == "ID" && !is_listed && !given.contains(&coordinate) {
                untried.insert(coordinate);
            }
            open.push(of);
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
    assert_eq!(untried, BTreeSet::new(), "in operations.rs or mutations::REFERENCES");
    let roots = reading.fields("Mutation");
    assert!(roots.iter().all(|field| base(field).ends_with("Payload")));
}
