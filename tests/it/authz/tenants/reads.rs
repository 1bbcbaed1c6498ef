//! What is read doesn't depend on what another organization has.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::{FieldDefinition, TypeKind};
use serde_json::Value;
use tests::Client;

use super::{OURS, PLATFORM_OWN, THEIRS, Tenants, gateway, reading::Reading, told};
use crate::authz::{base, edges::STORED, fixture::Filled};

/// What changes by itself, and is the gateway's whoever asks: how it is doing, and how long its log is.
const VOLATILE: [&str; 2] = ["gatewayStatus", "eventCursor"];

/// Everything that can be read, by root field; and each of the ids by `node`.
async fn read(client: &Client, reading: &Reading, filled: &Filled) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let names = reading.fields("Query").into_iter().map(|field| field.name.node.as_str());
    for field in names.filter(|name| !VOLATILE.contains(name)) {
        let document = filled.fill(&reading.operation("Query", field, &[]));
        let answer = told(client, &document).await;
        assert_eq!(answer["errors"], Value::Null, "{field}");
        found.insert(field.to_owned(), answer);
    }
    found
}

/// The types of all objects with an id in some answers: by the prefixes of their ids.
fn seen(answers: &BTreeMap<String, Value>) -> BTreeSet<String> {
    fn walk(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                if object.contains_key("uuid")
                    && let Some(id) = object.get("id").and_then(Value::as_str)
                {
                    found.insert(id.split('_').next().unwrap().to_owned());
                }
                object.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    answers.values().for_each(|answer| walk(answer, &mut found));
    found
}

#[tokio::test]
async fn filling_another_organization_changes_nothing_of_what_one_reads() {
    let gateway = gateway().await;
    let reading = Reading::new();
    let ours = Filled::new(&gateway, OURS).await;
    let client = gateway.partner(&["*"], ours.organization).await;
    let before = read(&client, &reading, &ours).await;
    let theirs = Filled::new(&gateway, THEIRS).await;
    let after = read(&client, &reading, &ours).await;
    for (field, answer) in &after {
        assert_eq!(before[field], *answer, "{field}");
    }
    // It is worth something: there is an object of every type to be seen, and nothing beyond what is theirs to see.
    let owner = seen(&read(gateway.owner(), &reading, &ours).await);
    assert_eq!(owner.len(), STORED.len(), "the fixture has an object of each type: {owner:?}");
    let seen = seen(&after);
    assert_eq!(seen.len() + PLATFORM_OWN.len(), STORED.len(), "{seen:?} beside {PLATFORM_OWN:?}");
    // And the other way round.
    let other = gateway.partner(&["*"], theirs.organization).await;
    for (field, answer) in read(&other, &reading, &theirs).await {
        assert!(!answer.to_string().contains(OURS), "{field}: {answer}");
    }
}

#[tokio::test]
async fn an_id_of_another_organization_is_one_that_nobody_has() {
    let tenants = Tenants::new().await;
    let reading = Reading::new();
    let mut asked = 0;
    let lasting = |field: &&&FieldDefinition| !VOLATILE.contains(&field.name.node.as_str());
    for field in reading.fields("Query").iter().filter(lasting) {
        let name = field.name.node.as_str();
        let mut documents = vec![reading.operation("Query", name, &[])];
        for argument in &field.arguments {
            let argument = &argument.node;
            match argument.name.node.as_str() {
                "filter" => {
                    documents.extend(filters(&reading, name, &argument.ty.node.to_string(), &tenants))
                }
                "search" => {
                    let words = format!("{THEIRS:?}");
                    let document = reading.operation("Query", name, &[("search", words)]);
                    let answer = told(&tenants.client, &tenants.ours.fill(&document)).await;
                    tenants.check(&answer.to_string(), &document);
                }
                _ => {}
            }
        }
        for document in &documents {
            let theirs = told(&tenants.client, &tenants.theirs.fill(document)).await;
            let nobodys = told(&tenants.client, &tenants.absent(document)).await;
            tenants.check(&theirs.to_string(), document);
            assert_eq!(theirs, nobodys, "{name}");
            asked += usize::from(tenants.theirs.fill(document) != *document);
        }
    }
    assert!(asked > 20, "{asked}");
    // `node` finds nothing by any of them.
    for (name, id) in tenants.theirs.names() {
        let answer = told(&tenants.client, &format!("{{ node(id: {id:?}) {{ __typename }} }}")).await;
        let is_known = answer["data"]["node"].is_null() && answer["errors"].is_null();
        assert!(is_known || *name == "{number}" || *name == "{about}", "{name}: {answer}");
    }
}

/// A list of a root field for each filter of its that takes ids, and each kind of id.
fn filters(reading: &Reading, field: &str, filter: &str, tenants: &Tenants) -> Vec<String> {
    let Some(TypeKind::InputObject(input)) = reading.ty(filter).map(|ty| &ty.kind) else { return vec![] };
    let by_id = input.fields.iter().filter(|input| input.node.ty.node.to_string() == "IDFilter");
    let names: Vec<_> = by_id.map(|input| input.node.name.node.to_string()).collect();
    let each = names.iter().flat_map(|name| {
        tenants.theirs.names().iter().map(move |(id, _)| {
            reading.operation("Query", field, &[("filter", format!("{{{name}: {{eq: \"{id}\"}}}}"))])
        })
    });
    each.collect()
}

#[test]
fn pages_of_every_list_are_read() {
    let reading = Reading::new();
    for field in reading.fields("Query") {
        if base(field).ends_with("Connection") {
            let document = reading.operation("Query", &field.name.node, &[]);
            assert!(document.contains("nodes {") && document.contains("totalCount"), "{document}");
        }
    }
}
